"""Names of patients: those in a file's tags are repeated nowhere, those of files only where files are named."""

import csv
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import streamlit as st
from pydicom.uid import ImplicitVRLittleEndian
from streamlit.testing.v1 import AppTest

import brain_tumor
from brain_tumor.labels import LABELS
from tests.canaries import (
    NAME,
    TAG,
    dicom_with_canaries,
    find_canaries,
    grey,
    nifti_with_canaries,
    odd_dicom,
    rasters_with_canaries,
    zip_with_canaries,
)
from tests.dicom_factory import make_dicom
from tests.scripted import ScriptedClassifier
from tests.watched import Watched, run_watched


def files_with_canaries() -> dict[str, bytes]:
    """Whole and damaged files of every format, by a name that holds NAME; "mapped" in it marks the whole ones."""
    whole = {
        "slice.dcm": dicom_with_canaries(),
        "odd.dcm": odd_dicom(),
        "implicit.dcm": make_dicom(grey(3).astype(np.uint16), syntax=ImplicitVRLittleEndian, PatientName=TAG),
        "volume.nii": nifti_with_canaries(),
        "volume-packed.nii.gz": nifti_with_canaries(compressed=True),
        "archive.zip": zip_with_canaries(f"{NAME}-mapped-inside.png"),
        **{f"raster.{ending}": data for ending, data in rasters_with_canaries().items()},
    }
    named = {f"{NAME}-mapped-{name}": data for name, data in whole.items()}
    for name, data in whole.items():
        for share in (0.3, 0.6, 0.95):
            named[f"{NAME}-cut-{share}-{name}"] = data[: int(share * len(data))]
        named[f"{NAME}-garbled-{name}"] = data[: len(data) // 2] + b"\xff" * 64 + data[len(data) // 2 + 64 :]
    # What a reader looks at holds a name: messages quote what they found.
    for keyword in ("Modality", "PhotometricInterpretation"):
        named[f"{NAME}-{keyword}.dcm"] = _with_text(keyword, "ABCDEFGHIJKLMNO")
    for keyword, count in {
        "WindowCenter": 1,
        "RescaleSlope": 1,
        "InstanceNumber": 1,
        "PixelSpacing": 2,
        "ImageOrientationPatient": 6,
    }.items():
        named[f"{NAME}-{keyword}.dcm"] = _with_text(keyword, *["1234567890"] * count)
    return named


def _with_text(keyword: str, *values: str) -> bytes:
    """A DICOM file with TAG, as far as it fits, in place of every one of a tag's values, which must be valid."""
    data = dicom_with_canaries(**{keyword: values[0] if len(values) == 1 else list(values)})
    assert values[0].encode() in data
    return data.replace(values[0].encode(), TAG[: len(values[0])].encode())


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "in"
    folder.mkdir()
    for name, data in files_with_canaries().items():
        (folder / name).write_bytes(data)
    return folder


OUTPUTS = "--csv out.csv --jsonl out.jsonl --parquet out.parquet --series-csv series.csv --heatmaps maps --report made"


@pytest.fixture(scope="module")
def answered(images: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, Path, Path]:
    """A run over all of them with the shipped network: what it said, its folder, and its temporary folder."""
    folder, temporary = tmp_path_factory.mktemp("run") / "here", tmp_path_factory.mktemp("temporary")
    folder.mkdir()
    arguments = ["predict", str(images), *OUTPUTS.split(), "--report-format", "both"]
    return run_watched(arguments, folder, temporary), folder, temporary


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    return (
        (path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()
    )


def test_the_search_finds_every_canary_that_was_planted() -> None:
    for ending, data in rasters_with_canaries().items():
        assert find_canaries(data, TAG), ending
    for data in (dicom_with_canaries(), odd_dicom(), nifti_with_canaries()):
        assert find_canaries(data, TAG)


@pytest.mark.slow
def test_the_run_answered_whole_files_and_refused_damaged_ones(answered: tuple[Watched, Path, Path]) -> None:
    watched, folder, _ = answered
    assert watched.status == 1 and "Traceback" not in watched.err
    rows = list(csv.DictReader((folder / "out.csv").read_text(encoding="utf-8").splitlines()))
    whole = [row for row in rows if f"in/{NAME}-mapped-" in row["file"]]
    assert len(whole) >= 11 and all(row["status"] != "error" for row in whole)
    assert sum(row["status"] == "error" for row in rows) >= 20
    assert list((folder / "made").glob("image-*.pdf")) and list((folder / "made").glob("series-*.html"))


@pytest.mark.slow
def test_a_name_in_a_tag_is_in_no_line_table_report_or_picture(answered: tuple[Watched, Path, Path]) -> None:
    watched, folder, _ = answered
    assert not find_canaries(watched.out.encode(), TAG)
    assert not find_canaries(watched.err.encode(), TAG)
    assert [name for name, content in contents(folder) if find_canaries(content, TAG)] == []
    # Parquet packs its columns.
    assert TAG[:7].lower() not in str(pq.read_table(folder / "out.parquet").to_pylist()).lower()


@pytest.mark.slow
def test_a_file_s_name_is_only_where_files_are_named(answered: tuple[Watched, Path, Path]) -> None:
    _, folder, _ = answered
    for name, content in contents(folder):
        if name.startswith("made/"):  # reports leave it out by default, from their own names too
            assert NAME not in name
        if name.startswith(("made/", "maps/")):
            assert not find_canaries(content, NAME), name
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    rows += list(csv.DictReader((folder / "series.csv").read_text(encoding="utf-8").splitlines()))
    said = {column for row in rows for column, value in row.items() if NAME in str(value)}
    assert said <= {"file", "series", "heatmaps"}


@pytest.mark.slow
def test_nothing_is_written_but_what_was_asked_for(answered: tuple[Watched, Path, Path]) -> None:
    watched, folder, temporary = answered
    elsewhere = [path for path in watched.written if not path.is_relative_to(folder) and path != Path("/dev/null")]
    assert elsewhere == []
    assert list(temporary.rglob("*")) == []
    assert [event for event, _ in watched.events if event.startswith("tempfile.")] == []


def on_page(page: AppTest) -> bytes:
    """Everything that the browser receives."""
    return b"".join(node.proto.SerializeToString() for node in page._tree if getattr(node, "proto", None) is not None)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a program sees that logs everything; pytest's fixture also sees loggers that do not propagate."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def test_the_page_shows_no_name_of_a_tag_and_logs_none_at_all(
    images: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(brain_tumor, "load_classifier", ScriptedClassifier)
    st.cache_resource.clear()
    page = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=120).run()
    files = [(path.name, path.read_bytes(), "application/octet-stream") for path in sorted(images.iterdir())]
    page.file_uploader[0].set_value(files).run()
    st.cache_resource.clear()
    assert not page.exception
    shown = on_page(page)
    assert find_canaries(shown, NAME)  # answers say which file they are of
    assert not find_canaries(shown, TAG)
    logged = "\n".join([log.getvalue(), *capfd.readouterr()])
    assert "Glioma" not in logged and not find_canaries(logged.encode(), TAG)
    assert not find_canaries(logged.encode(), NAME)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, Path]:
    """An evaluation of labelled files and of files of another source, all with canaries, one of each damaged."""
    data, other = tmp_path_factory.mktemp("data") / "Testing", tmp_path_factory.mktemp("other")
    for folder in (*(data / label.slug for label in LABELS), other / "brain" / "source", other / "none" / "others"):
        folder.mkdir(parents=True)
        for ending, content in {"png": rasters_with_canaries()["png"], "dcm": dicom_with_canaries()}.items():
            (folder / f"{NAME}-{folder.name}.{ending}").write_bytes(content)
        (folder / f"{NAME}-cut.dcm").write_bytes(dicom_with_canaries()[:900])
    folder = tmp_path_factory.mktemp("evaluation") / "here"
    folder.mkdir()
    arguments = ["evaluate", str(data), "--out", "report", "--brain-mri", str(other / "brain")]
    arguments += ["--not-brain-mri", str(other / "none")]
    return run_watched(arguments, folder, tmp_path_factory.mktemp("temporary")), folder


@pytest.mark.slow
def test_an_evaluation_repeats_no_name_of_a_tag(evaluated: tuple[Watched, Path]) -> None:
    watched, folder = evaluated
    assert watched.status == 1 and "Traceback" not in watched.err, watched.err  # some files could not be read
    assert len(list((folder / "report").iterdir())) > 10
    assert not find_canaries(watched.out.encode() + watched.err.encode(), TAG)
    assert [name for name, content in contents(folder) if find_canaries(content, TAG)] == []


@pytest.mark.slow
def test_an_evaluation_names_files_only_where_docs_security_says_so(evaluated: tuple[Watched, Path]) -> None:
    _, folder = evaluated
    named = {name.removeprefix("report/") for name, content in contents(folder) if find_canaries(content, NAME)}
    text = (Path(__file__).parents[1] / "docs" / "security.md").read_text(encoding="utf-8")
    assert named and [name for name in named if f"`{name}`" not in text] == []
