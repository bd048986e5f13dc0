from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from brain_tumor_training.parity import TORN_MARGIN, Answers, Parity, describe_failures, measure_parity

Rows = Sequence[tuple[float, ...]]

# Keras' answers on four images: three clear ones, and one between whose two best classes there is less than the margin.
KERAS: Rows = [(0.7, 0.3, 0.0, 0.0), (0.0, 0.9, 0.1, 0.0), (0.0, 0.0, 0.0, 1.0), (0.55, 0.45, 0.0, 0.0)]
TARGETS = np.array([0, 1, 3, 1])


def answers(rows: Rows, gate: float = 2.0) -> Answers:
    return Answers(np.array(rows, np.float32), np.full(len(rows), gate, np.float32))


def compare(rows: Rows, exact: Rows = KERAS, gate: float = 2.0) -> Parity:
    return measure_parity(answers(KERAS), answers(exact), answers(rows, gate), TARGETS)


def test_a_network_that_answers_alike_holds() -> None:
    found = compare(KERAS)
    assert (found.images, found.torn, found.same_class, found.accuracy_keras) == (4, 1, 1.0, 0.75)
    assert (found.float_max_difference, found.mean_difference, found.gate_difference) == (0.0, 0.0, 0.0)
    assert found.accuracy_exported == 0.75
    assert found.holds()


def many(images: int, other_class: int) -> Parity:
    """So many images of which the conversion gives some another class, all of them clear to Keras."""
    before: Rows = [(0.95, 0.05, 0.0, 0.0)] * images
    after: Rows = [(0.9, 0.1, 0.0, 0.0)] * (images - other_class) + [(0.4, 0.6, 0.0, 0.0)] * other_class
    by_keras = answers(before)
    return replace(measure_parity(by_keras, by_keras, answers(after), np.zeros(images, np.int64)), mean_difference=0.0)


@pytest.mark.parametrize(
    ("images", "other_class", "holds"),
    [
        (400, 5, True),  # 98.75 %, up to 99.5 %: chance alone gives as much
        (400, 12, False),  # 97 %, up to 98.3 %
        (36, 1, True),  # 97.2 %, up to 99.5 %
        (36, 3, False),  # 91.7 %, up to 97.1 %
        (4, 1, False),
    ],
)
def test_the_same_class_fails_only_beyond_chance(images: int, other_class: int, holds: bool) -> None:
    found = many(images, other_class)
    assert found.same_class == pytest.approx(1 - other_class / images)
    low, high = found.same_class_interval
    assert low < found.same_class < high
    assert found.holds() is holds, found.failures()


def test_a_fall_of_accuracy_beyond_chance_is_named() -> None:
    failures = many(400, 12).failures()
    assert any("accuracy falls from 100.0% to 97.0%" in failure for failure in failures)


def test_accuracy_that_falls_for_some_and_rises_for_others_has_an_interval_around_nothing() -> None:
    low, high = compare(KERAS).accuracy_change_interval
    assert low == pytest.approx(-high)


def test_another_class_counts_where_keras_is_not_torn() -> None:
    assert TORN_MARGIN == 0.2
    # The last image changes its class by a hair: Keras left 0.1 between the two.
    assert compare([*KERAS[:3], (0.45, 0.55, 0.0, 0.0)]).same_class == 1.0
    # The first one left 0.4.
    found = compare([(0.3, 0.7, 0.0, 0.0), *KERAS[1:]])
    assert found.same_class == pytest.approx(2 / 3)
    assert found.same_class_interval[1] < 0.99
    assert not found.holds()


def test_a_network_that_is_torn_everywhere_has_no_class_to_disagree_on() -> None:
    torn = answers([(0.55, 0.45, 0.0, 0.0)])
    swapped = answers([(0.45, 0.55, 0.0, 0.0)])
    found = measure_parity(torn, torn, swapped, TARGETS[:1])
    assert (found.torn, found.same_class, found.same_class_interval) == (1, 1.0, (0.0, 1.0))


def test_accuracy_is_that_of_each_network() -> None:
    found = compare([*KERAS[:3], (0.45, 0.55, 0.0, 0.0)])
    assert (found.accuracy_keras, found.accuracy_exported) == (0.75, 1.0)


def test_other_probabilities_do_not_hold() -> None:
    flat = [tuple(0.5 * value + 0.125 for value in row) for row in KERAS]
    assert compare(flat).same_class == 1.0
    assert not compare(flat).holds()


def test_a_conversion_to_float_may_only_round() -> None:
    moved = [(0.698, 0.302, 0.0, 0.0), *KERAS[1:]]
    assert compare(KERAS, exact=moved).float_max_difference == pytest.approx(0.002, abs=1e-6)
    assert not compare(KERAS, exact=moved).holds()


@pytest.mark.parametrize(("gate", "holds"), [(2.4, True), (2.6, False)])
def test_gate_scores_may_differ_by_half_a_log_odd(gate: float, holds: bool) -> None:
    assert compare(KERAS, gate=gate).holds() is holds


def test_float32_may_have_answered_the_first_images_alone() -> None:
    found = measure_parity(answers(KERAS), answers(KERAS[:2]), answers(KERAS), TARGETS)
    assert found.float_max_difference == 0.0


def test_what_was_tried_is_reported_with_what_is_wrong() -> None:
    text = describe_failures({"static int8": "an operator is unknown", "float16": compare(KERAS, gate=2.6)})
    gate = "gate scores differ by 0.60 in the mean, 0.5 is allowed"
    assert text == f"static int8: an operator is unknown; float16: {gate}"
