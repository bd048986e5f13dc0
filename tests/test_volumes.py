import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import volumes
from brain_tumor.input.series import Plane
from tests.input.volumes import nifti_bytes
from tests.scripted import ScriptedClassifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two volumes of 64 x 65 x 66 speckled voxels; a scripted classifier calls one healthy, one a glioma."""
    folder = tmp_path / "heads"
    folder.mkdir()
    values = np.random.default_rng(0).integers(0, 1000, (64, 65, 66)).astype(np.int16)
    for name in ("healthy.nii", "other.nii"):
        (folder / name).write_bytes(nifti_bytes(values))
    return folder


def test_every_volume_is_answered_once_in_each_plane(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(volumes, "load_classifier", lambda _: ScriptedClassifier())
    assert volumes.main([str(folder), "--out", str(tmp_path / "out.json")]) == 0
    report = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    found = [(row["plane"], row["volume"], row["slices"], row["called_tumor"]) for row in report["volumes"]]
    assert found == [
        ("axial", "healthy.nii", 66, 0),
        ("axial", "other.nii", 66, 66),
        ("coronal", "healthy.nii", 65, 0),
        ("coronal", "other.nii", 65, 65),
        ("sagittal", "healthy.nii", 64, 0),
        ("sagittal", "other.nii", 64, 64),
    ]
    assert [row["class"] for row in report["volumes"]] == ["No Tumor", "Glioma"] * 3
    assert str(tmp_path) not in json.dumps(report)
    printed = capsys.readouterr().out
    assert "| heads | axial | 2 | 1 | 0 | 1 | 0 | 66 of 132 |" in printed
    assert "- heads/other.nii, coronal: Glioma, 65 neighbouring slices" in printed
    assert "Network `scripted-1`." in printed


def test_a_single_plane_can_be_chosen(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "load_classifier", lambda _: ScriptedClassifier())
    out = tmp_path / "out.json"
    assert volumes.main([str(folder / "healthy.nii"), "--planes", "coronal", "--out", str(out)]) == 0
    assert [row["plane"] for row in json.loads(out.read_text(encoding="utf-8"))["volumes"]] == ["coronal"]


def test_a_file_that_cannot_be_read_is_counted_and_no_answer_is_made_up(folder: Path) -> None:
    (folder / "healthy.nii").write_bytes(b"no volume")
    (row,) = volumes.ask(ScriptedClassifier(), [str(folder / "healthy.nii")], [Plane.AXIAL])
    assert (row["status"], row["slices"], row["unreadable"]) == ("not_a_brain_mri", 1, 1)


def test_doubt_is_not_a_named_tumor(folder: Path) -> None:
    (folder / "other.nii").rename(folder / "doubt.nii")
    (row,) = volumes.ask(ScriptedClassifier(), [str(folder / "doubt.nii")], [Plane.AXIAL])
    assert (row["status"], row["called_tumor"], row["perhaps_tumor"]) == ("uncertain", 0, 66)
    assert not volumes.names_tumor(row)
