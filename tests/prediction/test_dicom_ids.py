"""`--dicom-ids` and `--study-csv`: what joins a table with an archive."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from brain_tumor.cli import main
from tests.factories import png_bytes
from tests.mr_series import SERIES_UID, STUDY_UID, write_enhanced, write_series
from tests.scripted import ScriptedClassifier

HEAD = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (128, 1))
SLICE_IDS = ("study_uid", "series_uid", "sop_instance_uid", "frame")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    write_series(Path("in/a"), [HEAD] * 4)


def rows(name: str) -> list[dict[str, str]]:
    with Path(name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_identifiers_are_in_no_table_that_does_not_ask_for_them() -> None:
    main(["predict", "in", "--csv", "a.csv", "--jsonl", "a.jsonl", "--series-csv", "s.csv"])
    assert not [name for name in ("a.csv", "a.jsonl", "s.csv") if STUDY_UID in Path(name).read_text()]


def test_a_row_has_the_identifiers_of_its_slice() -> None:
    main(["predict", "in", "--csv", "a.csv", "--jsonl", "a.jsonl", "--parquet", "a.parquet", "--dicom-ids"])
    expected = [(STUDY_UID, SERIES_UID, f"{SERIES_UID}.{number}") for number in range(1, 5)]
    assert [tuple(row[name] for name in SLICE_IDS) for row in rows("a.csv")] == [(*item, "") for item in expected]
    lines: list[dict[str, Any]] = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    for found in (lines, pq.read_table("a.parquet").to_pylist()):
        assert [tuple(row[name] for name in SLICE_IDS) for row in found] == [(*item, None) for item in expected]


def test_a_frame_has_its_number() -> None:
    write_enhanced(Path("many/a.dcm"), [HEAD] * 3)
    main(["predict", "many", "--csv", "a.csv", "--parquet", "a.parquet", "--dicom-ids"])
    assert [row["frame"] for row in rows("a.csv")] == ["1", "2", "3"]
    assert pq.read_table("a.parquet")["frame"].to_pylist() == [1, 2, 3]


def test_a_picture_has_no_identifiers() -> None:
    Path("a.png").write_bytes(png_bytes())
    main(["predict", "a.png", "--csv", "a.csv", "--dicom-ids", "--study-csv", "studies.csv"])
    assert [rows("a.csv")[0][name] for name in SLICE_IDS] == [""] * 4
    assert rows("studies.csv") == []


def test_a_series_row_has_study_and_series() -> None:
    main(["predict", "in", "--series-csv", "s.csv", "--dicom-ids"])
    assert [(row["study_uid"], row["series_uid"]) for row in rows("s.csv")] == [(STUDY_UID, SERIES_UID)]


def test_a_study_row_counts_its_series_and_images() -> None:
    write_series(Path("in/healthy"), [HEAD] * 4, name="healthy", apart_mm=40, SeriesInstanceUID="1.2.3")
    write_series(Path("in/doubt"), [HEAD], name="doubt", SeriesInstanceUID="1.2.4")
    write_series(Path("in/other"), [np.zeros_like(HEAD)] * 2, StudyInstanceUID="1.2.5")
    main(["predict", "in", "--study-csv", "studies.csv"])
    first, second = rows("studies.csv")
    counts = {"answers": "3", "classified": "2", "uncertain": "1", "answers_glioma": "1", "answers_no_tumor": "1"}
    assert {name: first[name] for name in counts} == counts
    assert (first["study_uid"], first["slices"], first["analysed"]) == (STUDY_UID, "9", "9")
    assert (second["study_uid"], second["not_analysed"], second["answers_no_tumor"]) == ("1.2.5", "1", "0")


def test_a_resumed_run_counts_every_study_as_one_run_would() -> None:
    main(["predict", "in", "--csv", "a.csv", "--study-csv", "studies.csv", "--dicom-ids"])
    write_series(Path("in/later"), [HEAD], SeriesInstanceUID="1.2.3")
    main(["predict", "in", "--csv", "a.csv", "--study-csv", "studies.csv", "--dicom-ids", "--resume"])
    main(["predict", "in", "--csv", "b.csv", "--study-csv", "new.csv", "--dicom-ids"])
    assert rows("studies.csv") == rows("new.csv")
    assert [row["sop_instance_uid"] for row in rows("a.csv")] == [row["sop_instance_uid"] for row in rows("b.csv")]


def test_a_study_whose_files_were_not_given_keeps_its_row() -> None:
    main(["predict", "in", "--csv", "a.csv", "--study-csv", "studies.csv"])
    write_series(Path("other"), [HEAD] * 2, StudyInstanceUID="1.2.5")
    main(["predict", "other", "--csv", "a.csv", "--study-csv", "studies.csv", "--resume"])
    assert {row["study_uid"] for row in rows("studies.csv")} == {STUDY_UID, "1.2.5"}


def test_a_table_without_identifiers_is_not_gone_on_with_by_a_run_that_writes_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["predict", "in", "--csv", "a.csv"])
    assert main(["predict", "in", "--csv", "a.csv", "--dicom-ids", "--resume"]) == 2
    assert "a.csv: " in capsys.readouterr().err


def test_a_table_of_studies_may_go_to_the_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    main(["predict", "in", "--study-csv", "-"])
    assert capfdbinary.readouterr().out.startswith(b"study_uid,answers,")
