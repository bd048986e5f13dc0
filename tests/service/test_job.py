import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import nibabel
import numpy as np
import pytest
from PIL import Image

from brain_tumor.input.series import Plane, ReadOptions
from brain_tumor.input.series_builder import open_series
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.service import schema
from brain_tumor.service.job import Job, open_uploads
from brain_tumor.service.multipart import MultipartReader
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.spool import Spool, Upload
from brain_tumor.tables.rows import COLUMNS
from tests.canaries import grey
from tests.dicom_factory import SERIES_UID, make_dicom
from tests.factories import encode
from tests.input.volumes import make_values, nifti_bytes
from tests.scripted import CARD, ScriptedClassifier
from tests.service.forms import CONTENT_TYPE, form, part

Open = Callable[..., Any]


def picture(seed: int = 0) -> bytes:
    return encode(Image.fromarray(grey(seed)), "PNG")


def dicom_slice(number: int) -> bytes:
    return make_dicom(
        grey(number).astype(np.uint16),
        SOPInstanceUID=f"{SERIES_UID}.{number}",
        ImagePositionPatient=[0, 0, 5.0 * number],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        InstanceNumber=number,
    )


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return stream.getvalue()


@pytest.fixture
def uploads_of(new_spool: Callable[[], Spool]) -> Callable[..., list[Upload]]:
    def make(**files: bytes) -> list[Upload]:
        reader = MultipartReader(CONTENT_TYPE, new_spool(), 100)
        reader.write(form(*(part(content, name.replace("_", ".")) for name, content in files.items())))
        return reader.finish()

    return make


@pytest.fixture
def answer(uploads_of: Callable[..., list[Upload]]) -> Open:
    """The answer to files, by their names with _ for the dot."""

    def make(
        by_folder: bool = False, options: ReadOptions | None = None, with_ids: bool = False, **files: bytes
    ) -> Any:
        uploads = uploads_of(**files)
        series = open_uploads(uploads, options or ReadOptions(), by_folder, max_slices=1000)
        job = Job(series, uploads, CARD, with_ids)
        at, slices = [], []
        while job.left:
            index, slice_ = job.take()
            at.append(index)
            slices.append(slice_)
        for index, outcome in zip(at, ScriptedClassifier().classify_many(slices), strict=True):
            job.add(index, outcome)
        return json.loads(job.answer.result(0))

    return make


def test_rows_have_the_columns_of_tables_in_the_order_of_files(answer: Open) -> None:
    found = answer(b_png=picture(), a_png=picture(1), c_txt=b"no image")
    assert [(row["file"], row["upload"], row["status"]) for row in found["slices"]] == [
        ("b.png", 1, "classified"),
        ("a.png", 2, "classified"),
        ("c.txt", 3, "error"),
    ]
    assert all(list(row) == [*COLUMNS, "upload"] for row in found["slices"])
    assert found["slices"][2]["reason_code"] == "unknown_format"
    assert (found["notice"], found["model_id"], found["series"]) == (NOTICE, "scripted-1", [])


def test_a_zip_of_dicom_files_is_a_series_in_the_order_of_positions(answer: Open) -> None:
    found = answer(first_png=picture(), s_zip=zipped(b=dicom_slice(1), a=dicom_slice(3), c=dicom_slice(2)))
    assert [row["file"] for row in found["slices"]] == ["first.png", "s.zip/b", "s.zip/c", "s.zip/a"]
    assert [row["series_slice"] for row in found["slices"]] == [None, 1, 2, 3]
    assert [row["upload"] for row in found["slices"]] == [1, 2, 2, 2]
    (series,) = found["series"]
    assert (series["series"], series["slices"], series["plane"]) == ("s.zip", 3, "axial")


def test_dicom_files_sent_one_by_one_are_a_series_too(answer: Open) -> None:
    found = answer(**{f"f{number}_dcm": dicom_slice(number) for number in (2, 1)})
    assert [row["upload"] for row in found["slices"]] == [2, 1]
    assert [series["slices"] for series in found["series"]] == [2]


def test_a_copy_of_an_image_is_answered_once_and_counted(answer: Open) -> None:
    found = answer(a_dcm=dicom_slice(1), b_dcm=dicom_slice(1), c_dcm=dicom_slice(2))
    assert (len(found["slices"]), found["duplicates"]) == (2, 1)


def test_uids_are_added_where_they_are_asked_for(answer: Open) -> None:
    archive = zipped(a=dicom_slice(1), b=dicom_slice(2))
    found = answer(s_zip=archive, with_ids=True)
    assert [row["sop_instance_uid"] for row in found["slices"]] == [f"{SERIES_UID}.1", f"{SERIES_UID}.2"]
    assert found["series"][0]["series_uid"] == SERIES_UID
    assert "sop_instance_uid" not in answer(s_zip=archive)["slices"][0]


def test_the_document_describes_what_is_answered(answer: Open) -> None:
    data = nifti_bytes(np.random.default_rng(0).integers(0, 99, (70, 80, 3)).astype(np.int16))
    archive = zipped(a=dicom_slice(1), b=dicom_slice(2), c_png=picture(), d_txt=b"?")
    for found in (answer(s_zip=archive, v_nii=data), answer(s_zip=archive, with_ids=True)):
        jsonschema.validate(found, schema.ANSWER, jsonschema.Draft202012Validator)


def test_pictures_of_a_zip_are_a_series_where_that_is_asked_for(answer: Open) -> None:
    archive = zipped(slice1_png=picture(1), slice2_png=picture(2))
    assert answer(s_zip=archive)["series"] == []
    (series,) = answer(s_zip=archive, by_folder=True)["series"]
    assert (series["slices"], series["most_suspicious"]) == (2, [1, 2])
    (counted,) = answer(s_zip=zipped(x_png=picture(1), y2_png=picture(2)), by_folder=True)["series"]
    assert (counted["status"], counted["class"], counted["reason_code"]) == ("counted", None, "order_unknown")


def test_a_volume_is_cut_along_the_plane_that_is_asked_for(answer: Open) -> None:
    data = nifti_bytes(np.random.default_rng(0).integers(0, 99, (70, 80, 90)).astype(np.int16))
    for plane, slices in ((Plane.SAGITTAL, 70), (Plane.AXIAL, 90)):
        (series,) = answer(v_nii=data, options=ReadOptions(plane))["series"]
        assert (series["slices"], series["plane"]) == (slices, plane.value)


def test_a_bad_file_in_an_archive_loses_no_other(answer: Open) -> None:
    found = answer(a_zip=zipped(bad_dcm=dicom_slice(1)[:700], good_png=picture()), b_zip=b"PK\x03\x04 damaged")
    assert [(row["file"], row["status"]) for row in found["slices"]] == [
        ("a.zip/good.png", "classified"),
        ("b.zip", "error"),
        ("a.zip/bad.dcm", "error"),  # its header can be read, and DICOM files come last
    ]


def test_more_slices_than_are_taken_are_refused(uploads_of: Callable[..., list[Upload]]) -> None:
    uploads = uploads_of(v_nii=nifti_bytes())
    assert len(open_uploads(uploads, ReadOptions(Plane.AXIAL), False, max_slices=5)[0].slices) == 5
    with pytest.raises(RefusedError) as caught:
        open_uploads(uploads, ReadOptions(Plane.AXIAL), False, max_slices=4)
    assert caught.value.refusal is Refusal.TOO_MANY_SLICES


def test_a_file_that_breaks_the_reader_leaves_the_others(
    uploads_of: Callable[..., list[Upload]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(files: Any, options: ReadOptions) -> Any:
        given = list(files)
        if any(file.name == "odd.png" for file in given):
            raise RecursionError("of a patient")
        return open_series(given, options)

    monkeypatch.setattr("brain_tumor.service.job.open_series", broken)
    series = open_uploads(uploads_of(a_png=picture(), odd_png=picture(), b_png=picture()), ReadOptions(), False, 10)
    outcomes = list(ScriptedClassifier().classify_many([member.slices[0] for member in series]))
    assert [outcome.error and str(outcome.error) for outcome in outcomes] == [
        None,
        "odd.png: cannot be read (RecursionError); export it again",
        None,
    ]


def test_a_job_keeps_no_pixels(uploads_of: Callable[..., list[Upload]]) -> None:
    uploads = uploads_of(a_png=picture(), b_png=picture())
    job = Job(open_uploads(uploads, ReadOptions(), False, 10), uploads, CARD)
    at, slice_ = job.take()
    (outcome,) = ScriptedClassifier().classify_many([slice_])
    job.add(at, outcome)
    assert all(not isinstance(value, np.ndarray) for row in job._rows.values() for value in row.values())
    assert (job.size, job.left) == (2, 1)


@pytest.mark.parametrize("names", [("scan.hdr", "scan.img"), ("scan.img", "scan.hdr")])
def test_a_volume_in_two_files_is_one_series(answer: Open, tmp_path: Path, names: tuple[str, ...]) -> None:
    pair: Any = nibabel.Nifti1Pair(make_values(), np.eye(4))  # type: ignore[no-untyped-call]
    pair.to_filename(tmp_path / "scan.img")
    found = answer(**{name.replace(".", "_"): (tmp_path / name).read_bytes() for name in names})
    assert all(row["status"] != "error" and row["upload"] == 1 for row in found["slices"])
    assert [series["slices"] for series in found["series"]] == [5]
