import numpy as np
import pytest

from brain_tumor.evaluation.measures import Measures, measure
from brain_tumor.labels import Label

GLIOMA, MENINGIOMA, NO_TUMOR, PITUITARY = range(4)


def measured(*answers: tuple[int, int, float, str]) -> Measures:
    """Of (true class, named class, its probability, status); what is rejected is finally No Tumor."""
    truth, named, top, statuses = zip(*answers, strict=True)
    analysed = np.array([status != "rejected" for status in statuses])
    probabilities = np.repeat((1 - np.array(top, np.float32)[:, np.newaxis]) / np.float32(3), 4, axis=1)
    probabilities[np.arange(len(top)), named] = top
    return measure(
        truth=np.array(truth),
        predicted=np.where(analysed, named, NO_TUMOR),
        probabilities=probabilities,
        analysed=analysed,
        classified=np.array([status == "classified" for status in statuses]),
    )


MIXED = measured(
    (GLIOMA, GLIOMA, 0.9, "classified"),
    (GLIOMA, MENINGIOMA, 0.8, "classified"),
    (MENINGIOMA, MENINGIOMA, 0.4, "uncertain"),
    (NO_TUMOR, GLIOMA, 0.7, "rejected"),
)


def test_the_matrix_holds_final_classes() -> None:
    assert MIXED.matrix.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_a_rejected_image_without_a_tumor_counts_as_right_and_is_counted_apart() -> None:
    assert MIXED.accuracy and (MIXED.accuracy.hits, MIXED.accuracy.total) == (3, 4)
    assert MIXED.not_analysed_but_right == 1


def test_answers_without_doubt_have_an_accuracy_of_their_own() -> None:
    found = MIXED.accuracy_among_classified
    assert found and (found.hits, found.total) == (1, 2)


def test_doubt_and_rejections_are_shares_of_all_images() -> None:
    assert MIXED.uncertain and (MIXED.uncertain.hits, MIXED.uncertain.total) == (1, 4)
    assert MIXED.not_analysed and (MIXED.not_analysed.hits, MIXED.not_analysed.total) == (1, 4)


def test_curves_and_calibration_look_at_analysed_images_alone() -> None:
    assert MIXED.calibration and sum(bin_.images for bin_ in MIXED.calibration.bins) == 3
    assert MIXED.risk_coverage and len(MIXED.risk_coverage.risk) == 3
    # The only scan without a tumor was rejected, so nothing is left to tell apart; pituitary has no images at all.
    assert set(MIXED.curves) == {Label.GLIOMA, Label.MENINGIOMA}


def test_a_class_without_images_has_no_recall() -> None:
    assert MIXED.classes[Label.PITUITARY].recall is None
    assert MIXED.classes[Label.GLIOMA].support == 2


def test_macro_f1_is_the_mean_over_the_classes_that_are_there() -> None:
    # Glioma 2 / 3, meningioma 2 / 3, no tumor 1.
    assert MIXED.macro_f1.value == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_where_everything_was_rejected_there_is_nothing_to_calibrate() -> None:
    found = measured((GLIOMA, GLIOMA, 0.9, "rejected"))
    assert (found.calibration, found.risk_coverage, found.curves) == (None, None, {})
    assert found.accuracy_among_classified is None
    assert "Glioma" in found.report
