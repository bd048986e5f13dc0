import numpy as np
import pytest

from brain_tumor.evaluation.risk_coverage import measure_risk_coverage


def test_the_curve_and_its_area_can_be_computed_by_hand() -> None:
    # By confidence: right, wrong, right, right. Errors among the first 1, 2, 3, 4: 0, 1/2, 1/3, 1/4.
    curve = measure_risk_coverage(np.array([0.6, 0.8, 0.9, 0.7]), np.array([False, True, False, False]))
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert curve.area.value == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert curve.area.low <= curve.area.value <= curve.area.high


def test_equal_confidences_give_the_error_rate_everywhere_in_any_order() -> None:
    for wrong in ([True, False, False, False], [False, False, False, True]):
        assert measure_risk_coverage(np.full(4, 0.9), np.array(wrong)).risk == pytest.approx([0.25] * 4)


def test_errors_that_come_last_leave_the_confident_part_clean() -> None:
    # 9 of 10 answers are kept, and the tenth is the wrong one.
    curve = measure_risk_coverage(np.linspace(1, 0.5, 10), np.arange(10) == 9)
    errors = curve.errors_among_confident
    assert errors is not None and (errors.hits, errors.total) == (0, 9)
    assert (curve.risk_at(90), curve.risk_at(100)) == (0.0, 0.1)


def test_one_early_error_is_counted_among_the_confident() -> None:
    errors = measure_risk_coverage(np.linspace(1, 0.5, 20), np.arange(20) == 0).errors_among_confident
    assert errors is not None and (errors.hits, errors.total) == (1, 18)


def test_the_last_group_of_equal_confidences_is_taken_whole() -> None:
    # The ninth of ten shares its confidence with the tenth.
    errors = measure_risk_coverage(np.array([0.9] * 8 + [0.6] * 2), np.arange(10) == 9).errors_among_confident
    assert errors is not None and (errors.hits, errors.total) == (1, 10)


def test_no_errors_is_no_area() -> None:
    area = measure_risk_coverage(np.array([0.9, 0.8]), np.array([False, False])).area
    assert (area.value, area.low, area.high) == (0.0, 0.0, 0.0)


def test_no_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one answer"):
        measure_risk_coverage(np.empty(0), np.empty(0, np.bool_))
