from brain_tumor.classifier import Result, SliceOutcome
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import ScanError
from brain_tumor.input.series import Slice
from brain_tumor.labels import Label
from page.differences import is_other_answer, name_differences
from page.slice_record import SliceRecord, to_slice_record
from tests.factories import make_result, make_scan
from tests.page.items import unreadable

SLICE = Slice("a.png", None, make_scan)


def record_of(result: Result | None, error: ScanError | None = None) -> SliceRecord:
    return to_slice_record(SliceOutcome(SLICE, result, error, 0.1), "model-1")


GLIOMA = record_of(make_result())


def test_equal_answers_have_no_difference() -> None:
    assert name_differences(GLIOMA, record_of(make_result())) == "none"
    assert not is_other_answer(GLIOMA, record_of(make_result()))


def test_the_probability_that_differs_most_is_named_with_both_figures() -> None:
    other = record_of(make_result(probabilities=(0.6, 0.1, 0.15, 0.15)))
    assert name_differences(GLIOMA, other) == "Glioma: 70.0 % or 60.0 %"
    assert not is_other_answer(GLIOMA, other)


def test_figures_that_look_equal_are_no_difference() -> None:
    first, second = (record_of(make_result(probabilities=(1 - 3 * p, p, p, p))) for p in (0.0002, 0.0001))
    assert name_differences(first, second) == "none"


def test_another_class_and_another_status_are_named() -> None:
    verdict = Verdict(Label.PITUITARY, Status.UNCERTAIN, Reason.CLOSE_CALL)
    other = record_of(make_result(verdict))
    assert name_differences(GLIOMA, other).startswith(
        "answer: Glioma or Perhaps Pituitary; status: Classified or Uncertain"
    )
    assert is_other_answer(GLIOMA, other)


def test_of_a_rejected_picture_neither_class_nor_probability_is_compared() -> None:
    verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.NOT_A_BRAIN)
    rejected = record_of(make_result(verdict, probabilities=(0.1, 0.1, 0.7, 0.1)))
    assert name_differences(GLIOMA, rejected) == (
        "answer: Glioma or Not analysed; status: Classified or Not analysed - not a brain MRI"
    )
    assert name_differences(rejected, rejected) == "none"


def test_a_slice_that_cannot_be_read_is_no_difference() -> None:
    broken = record_of(None, unreadable("a.png"))
    assert name_differences(broken, broken) == "not read"
    assert not is_other_answer(broken, broken)
