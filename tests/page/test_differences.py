from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from page.differences import is_other_answer, name_differences
from page.slice_record import to_entry, to_error_entry
from tests.factories import make_result

GLIOMA = to_entry(make_result())


def test_equal_answers_have_no_difference() -> None:
    assert name_differences(GLIOMA, to_entry(make_result())) == "none"
    assert not is_other_answer(GLIOMA, to_entry(make_result()))


def test_the_probability_that_differs_most_is_named_with_both_figures() -> None:
    other = to_entry(make_result(probabilities=(0.6, 0.1, 0.15, 0.15)))
    assert name_differences(GLIOMA, other) == "Glioma: 70.0 % or 60.0 %"
    assert not is_other_answer(GLIOMA, other)


def test_figures_that_look_equal_are_no_difference() -> None:
    first, second = (to_entry(make_result(probabilities=(1 - 3 * p, p, p, p))) for p in (0.0002, 0.0001))
    assert name_differences(first, second) == "none"


def test_another_class_and_another_status_are_named() -> None:
    verdict = Verdict(Label.PITUITARY, Status.UNCERTAIN, Reason.CLOSE_CALL)
    other = to_entry(make_result(verdict))
    assert name_differences(GLIOMA, other).startswith("class: Glioma or Pituitary; status: Classified or Uncertain")
    assert is_other_answer(GLIOMA, other)


def test_what_cannot_be_read_is_no_difference() -> None:
    broken = to_error_entry("a.png", "a.png: is damaged", "model-1")
    assert name_differences(broken, broken) == "not read"
    assert not is_other_answer(broken, broken)
