import numpy as np
import pytest

from brain_tumor.evaluation.calibration import (
    calibration_noise,
    estimate_calibration_error,
    expected_calibration_error,
    reliability,
    top_label_log_loss,
)
from brain_tumor.input.scan import FloatArray


def two_classes(*confidences: float) -> FloatArray:
    """Images whose class 0 has the confidence."""
    return np.array([(top, 1 - top) for top in confidences], dtype=np.float32)


def test_the_calibration_error_of_two_bins_can_be_computed_by_hand() -> None:
    # Two images at 0.9, one right: a gap of 0.4. Two at 0.6, both right: a gap of 0.4. Together 0.4.
    probabilities, labels = two_classes(0.9, 0.9, 0.6, 0.6), np.array([0, 1, 0, 0])
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.4, abs=1e-6)


def test_bins_weigh_as_many_images_as_they_hold() -> None:
    # Three at 0.8, all right: gap 0.2. One at 0.6, wrong: gap 0.6. (3 x 0.2 + 1 x 0.6) / 4 = 0.3.
    probabilities, labels = two_classes(0.8, 0.8, 0.8, 0.6), np.array([0, 0, 0, 1])
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.3, abs=1e-6)


def test_one_bin_lets_gaps_cancel_out() -> None:
    probabilities, labels = two_classes(0.9, 0.6), np.array([1, 0])
    assert expected_calibration_error(probabilities, labels, bins=1) == pytest.approx(0.25, abs=1e-6)


def test_certain_and_right_has_no_calibration_error() -> None:
    estimate = estimate_calibration_error(two_classes(1.0, 1.0), np.array([0, 0]))
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


def test_the_calibration_error_of_a_seed_is_repeatable() -> None:
    probabilities, labels = two_classes(0.9, 0.8, 0.7, 0.6), np.array([0, 1, 0, 1])
    first, again = (estimate_calibration_error(probabilities, labels, seed=5) for _ in range(2))
    assert first == again


def test_perfect_calibration_shows_noise_that_shrinks_with_the_number_of_images() -> None:
    few, many = (calibration_noise(two_classes(*[0.8] * images)) for images in (25, 2500))
    # The mean distance of a share from its truth: sqrt(2 / pi) standard errors, 0.064 and 0.0064.
    assert few == pytest.approx(0.064, rel=0.1)
    assert many == pytest.approx(0.0064, rel=0.1)


def test_reliability_has_a_row_for_every_bin_and_an_upper_edge_belongs_to_its_bin() -> None:
    table = reliability(two_classes(0.75, 0.625), np.array([0, 1]), bins=4)
    assert [item.images for item in table] == [0, 0, 2, 0]
    assert table[2].confidence == 0.6875
    assert table[2].accuracy is not None
    assert table[2].accuracy.value == 0.5
    assert (table[0].confidence, table[0].accuracy) == (None, None)


def test_the_log_loss_of_a_fair_coin_is_the_logarithm_of_two() -> None:
    loss = top_label_log_loss(two_classes(0.5, 0.5), np.array([0, 1]))
    assert loss.value == pytest.approx(np.log(2))


def test_the_log_loss_of_a_certain_error_is_large_but_finite() -> None:
    assert 15 < top_label_log_loss(two_classes(1.0), np.array([1])).value < 17


def test_calibration_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        expected_calibration_error(np.empty((0, 4), np.float32), np.empty(0, np.int64))
