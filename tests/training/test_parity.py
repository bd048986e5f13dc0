from collections.abc import Sequence

import numpy as np
import pytest

from brain_tumor_training.parity import TORN_MARGIN, Answers, Parity, measure_parity

Rows = Sequence[tuple[float, ...]]

# Keras' answers on four images: three clear ones, and one between whose two best classes there is less than the margin.
KERAS: Rows = [(0.7, 0.3, 0.0, 0.0), (0.0, 0.9, 0.1, 0.0), (0.0, 0.0, 0.0, 1.0), (0.55, 0.45, 0.0, 0.0)]
TARGETS = np.array([0, 1, 3, 1])


def answers(rows: Rows, gate: float = 2.0) -> Answers:
    return Answers(np.array(rows, np.float32), np.full(len(rows), gate, np.float32))


def compare(rows: Rows, exact: Rows = KERAS, gate: float = 2.0) -> Parity:
    return measure_parity(answers(KERAS), answers(exact), {"light": answers(rows, gate)}, TARGETS)["light"]


def test_a_network_that_answers_alike_holds() -> None:
    found = compare(KERAS)
    assert found == Parity(4, 0.0, 1, 1.0, 0.0, 0.0, 0.75, 0.75)
    assert found.holds()


def test_another_class_counts_where_keras_is_not_torn() -> None:
    assert TORN_MARGIN == 0.2
    # The last image changes its class by a hair: Keras left 0.1 between the two.
    assert compare([*KERAS[:3], (0.45, 0.55, 0.0, 0.0)]).same_class == 1.0
    # The first one left 0.4.
    found = compare([(0.3, 0.7, 0.0, 0.0), *KERAS[1:]])
    assert found.same_class == pytest.approx(2 / 3)
    assert not found.holds()


def test_a_network_that_is_torn_everywhere_has_no_class_to_disagree_on() -> None:
    torn = answers([(0.55, 0.45, 0.0, 0.0)])
    swapped = answers([(0.45, 0.55, 0.0, 0.0)])
    found = measure_parity(torn, torn, {"light": swapped}, TARGETS[:1])["light"]
    assert (found.torn, found.same_class) == (1, 1.0)


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


def test_each_network_is_judged_on_its_own() -> None:
    swapped = [row[::-1] for row in KERAS]
    found = measure_parity(answers(KERAS), answers(KERAS), {"a": answers(KERAS), "b": answers(swapped)}, TARGETS)
    assert (found["a"].holds(), found["b"].holds()) == (True, False)
