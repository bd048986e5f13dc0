import pytest

from brain_tumor.input.series import DicomReference, Series, Slice
from brain_tumor.labels import LABELS
from brain_tumor.tables.dicom_ids import StudyCounts, series_ids, slice_ids, study_columns
from tests.factories import make_scan


def make_slice(study: str | None, series: str = "1.2", number: int = 1) -> Slice:
    reference = None
    if study is not None:
        reference = DicomReference(study, series, f"{series}.{number}", "1.2.840.10008.5.1.4.1.1.4", None)
    return Slice(f"{number}.dcm", None, make_scan, dicom=reference)


def test_a_slice_has_the_identifiers_of_its_file() -> None:
    expected = {"study_uid": "1.9", "series_uid": "1.2", "sop_instance_uid": "1.2.4", "frame": None}
    assert slice_ids(make_slice("1.9", number=4)) == expected


def test_a_picture_has_none() -> None:
    assert set(slice_ids(make_slice(None)).values()) == {None}


@pytest.mark.parametrize(("second", "shared"), [("1.2", "1.2"), ("1.3", None)])
def test_a_series_has_the_identifiers_that_its_slices_share(second: str, shared: str | None) -> None:
    series = Series("s", (make_slice("1.9"), make_slice("1.9", second)))
    assert series_ids(series) == {"study_uid": "1.9", "series_uid": shared}


def test_answers_are_counted_by_study_and_pictures_not_at_all() -> None:
    counts = StudyCounts(LABELS, "network-1")
    for study, status, label in (
        ("1.9", "classified", "Glioma"),
        ("1.8", "error", None),
        ("1.9", "uncertain", "Glioma"),
        (None, "classified", "Glioma"),
        ("1.9", "not_a_brain_mri", "No Tumor"),
    ):
        counts.add(Series("s", (make_slice(study),)), status, label, 1 if label else 0)
    first, second = counts.rows()
    assert tuple(first) == tuple(second) == study_columns(LABELS)
    assert (first["study_uid"], first["answers"], first["slices"], first["analysed"]) == ("1.9", 3, 3, 3)
    # A class counts where the answer is sure, and nowhere else.
    assert (first["classified"], first["uncertain"], first["not_analysed"], first["answers_glioma"]) == (1, 1, 1, 1)
    assert (second["study_uid"], second["not_read"], second["answers_no_tumor"]) == ("1.8", 1, 0)
