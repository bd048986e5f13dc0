from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from brain_tumor.labels import LABELS, Label
from brain_tumor_training.examples import Example
from brain_tumor_training.uncertainty import (
    HIGHEST_THRESHOLD,
    fit_on_unseen,
    fit_sure_threshold,
    fit_temperature,
    fit_uncertainty_threshold,
)

RNG = np.random.default_rng(0)


CALIBRATED = RNG.normal(scale=2.0, size=(4000, 4)).astype(np.float32)


TARGETS = np.array([RNG.choice(4, p=row) for row in softmax(CALIBRATED.astype(np.float64), axis=1)])


@pytest.mark.parametrize("factor", [3.0, 1.0, 0.5])
def test_the_temperature_undoes_a_factor_on_calibrated_logits(factor: float) -> None:
    assert fit_temperature(CALIBRATED * np.float32(factor), TARGETS) == pytest.approx(factor, rel=0.08)


def test_over_confident_logits_need_a_temperature_above_one() -> None:
    sure_and_wrong = np.array([[9, 0, 0, 0], [9, 0, 0, 0], [9, 0, 0, 0], [0, 9, 0, 0]], np.float32)
    assert fit_temperature(sure_and_wrong, np.array([0, 0, 1, 1])) > 1.5


def test_logits_that_are_always_right_still_give_a_usable_temperature() -> None:
    assert 0.05 <= fit_temperature(np.eye(4, dtype=np.float32), np.arange(4)) <= 20


TRUST = np.linspace(0.01, 1.0, 100, dtype=np.float32)  # hundred answers, surer and surer


def right_but(*wrong: int) -> Any:
    correct = np.ones(100, np.bool_)
    correct[list(wrong)] = False
    return correct


def test_nothing_is_doubted_when_every_answer_is_right() -> None:
    assert fit_uncertainty_threshold(TRUST, right_but()) == TRUST[0]


def test_the_threshold_lies_just_above_the_wrong_answers() -> None:
    assert fit_uncertainty_threshold(TRUST, right_but(0, 2)) == TRUST[3]


def test_no_more_than_a_twentieth_is_doubted() -> None:
    assert fit_uncertainty_threshold(TRUST, right_but(0, 20, 40, 60, 80)) == TRUST[5]


def test_the_order_of_the_answers_does_not_matter() -> None:
    shuffled = np.random.default_rng(1).permutation(100)
    assert fit_uncertainty_threshold(TRUST[shuffled], right_but(0, 2)[shuffled]) == TRUST[3]


# The answers of four images, surer and less sure in turn wrong; all count alike.
SURE = np.array([0.9, 0.8, 0.7, 0.6], np.float32)


ALIKE = np.full(4, 0.25, np.float32)


def wrong(*indices: int) -> Any:
    return np.isin(np.arange(4), indices)


def just_above(value: float) -> float:
    return float(np.nextafter(np.float32(value), np.float32(1)))


@pytest.mark.parametrize(
    ("indices", "target", "threshold"),
    [
        ((), 0.0, 0.0),  # no mistake, nothing to doubt
        ((0, 2), 0.5, 0.0),  # both mistakes are allowed
        ((0, 2), 0.25, just_above(0.7)),  # one is: the one at 0.7 must go
        ((0, 2), 0.2, just_above(0.9)),  # none is
        ((3,), 0.0, just_above(0.6)),
    ],
)
def test_mistakes_above_the_threshold_are_no_more_than_allowed(
    indices: tuple[int, ...], target: float, threshold: float
) -> None:
    assert fit_sure_threshold(SURE, wrong(*indices), ALIKE, target) == threshold
    shuffled = np.array([2, 0, 3, 1])
    assert fit_sure_threshold(SURE[shuffled], wrong(*indices)[shuffled], ALIKE, target) == threshold


def test_a_mistake_counts_by_its_weight() -> None:
    # The surest mistake is a tenth of all, the next one half.
    weights = np.array([0.1, 0.2, 0.5, 0.2], np.float32)
    assert fit_sure_threshold(SURE, wrong(0, 2), weights, 0.15) == just_above(0.7)
    assert fit_sure_threshold(SURE, wrong(0, 2), weights, 0.05) == just_above(0.9)


def test_of_equally_sure_mistakes_all_go_where_one_is_too_much() -> None:
    assert fit_sure_threshold(np.full(4, 0.7, np.float32), wrong(0, 1), ALIKE, 0.3) == just_above(0.7)


def test_no_threshold_leaves_nothing_over() -> None:
    certain = np.full(4, 0.9999, np.float32)
    assert fit_sure_threshold(certain, wrong(0), ALIKE, 0.0) == HIGHEST_THRESHOLD


def unseen(*images: tuple[str, Label | None]) -> list[Example]:
    return [Example(f"{n}.png", label, str(n), source, "test", None) for n, (source, label) in enumerate(images)]


def answers(*no_tumor: float) -> Any:
    """Probabilities of glioma and no tumor, the latter as given."""
    rows = np.zeros((len(no_tumor), 4), np.float32)
    rows[:, LABELS.index(Label.NO_TUMOR)] = no_tumor
    rows[:, LABELS.index(Label.GLIOMA)] = 1 - rows.sum(axis=1)
    return rows


def test_a_tumor_that_is_surely_none_raises_the_threshold_of_no_tumor_alone() -> None:
    examples = unseen(("clinic", Label.GLIOMA), ("clinic", None), ("clinic", Label.NO_TUMOR))
    no_tumor, tumor, _ = fit_on_unseen(answers(0.75, 0.0, 1.0), examples)
    assert (no_tumor, tumor) == (just_above(0.75), 0.0)


def test_what_the_thresholds_leave_is_counted_by_source_and_label() -> None:
    examples = unseen(("a", Label.GLIOMA), ("a", Label.GLIOMA), ("a", Label.NO_TUMOR), ("b", None))
    *_, coverage = fit_on_unseen(answers(0.75, 0.0, 1.0, 0.0), examples)
    assert coverage == {
        "a, no tumor": {"images": 1, "sure": 1, "sure_and_wrong": 0},
        "a, tumor": {"images": 2, "sure": 1, "sure_and_wrong": 0},
        "b, tumor": {"images": 1, "sure": 1, "sure_and_wrong": 0},
    }
