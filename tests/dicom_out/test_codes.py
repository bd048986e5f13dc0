import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesReason
from brain_tumor.decision.verdict import Status
from brain_tumor.dicom_out import codes
from brain_tumor.labels import LABELS, Label


def test_tumors_have_codes_of_snomed_and_no_tumor_has_none() -> None:
    schemes = {label: codes.class_code(label).scheme_designator for label in LABELS}
    assert schemes.pop(Label.NO_TUMOR) == codes.SCHEME
    assert set(schemes.values()) == {"SCT"}
    assert "no statement on absence" in codes.class_code(Label.NO_TUMOR).meaning


def test_a_finding_of_another_model_has_a_code_of_this_project() -> None:
    found = codes.class_code(Label("abscess", True))
    assert (found.value, found.scheme_designator, found.meaning) == ("abscess", codes.SCHEME, "Output class abscess")


def test_every_status_has_a_code_of_its_own() -> None:
    assert len({codes.status_code(status).value for status in Status}) == len(Status)


@pytest.mark.parametrize("reason", [*Reason, *SeriesReason])
def test_a_reason_keeps_its_code_and_as_many_words_as_fit(reason: Reason | SeriesReason) -> None:
    found = codes.reason_code(reason, "why " * 30)
    # Values are SH, 16 characters, or long codes; meanings are LO. Source: DICOM PS3.3, 8.1 and 8.3.
    assert found.value == reason.value and len(found.meaning) == 64


def test_names_of_numbers_fit_whatever_a_class_is_called() -> None:
    label = Label("x" * 64, True)
    assert all(len(code(label).meaning) <= 64 for code in (codes.probability_code, codes.share_code, codes.class_code))
