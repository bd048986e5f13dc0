import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor.classifier import Result
from brain_tumor.cli import main
from brain_tumor.evaluation import compare_command
from brain_tumor.input.scan import Scan
from brain_tumor.labels import Label
from tests.evaluation.fakes import fill
from tests.evaluation.test_command import FakeWithCard


class AlwaysGlioma(FakeWithCard):
    """Names glioma, whatever the file's name says, with 90 per cent."""

    def classify_scan(self, scan: Scan, name: str) -> Result:
        return replace(super().classify_scan(scan, "glioma-90.png"), name=name)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    answers = {"a.tfliteA": FakeWithCard, "b.tfliteA": AlwaysGlioma}
    monkeypatch.setattr(compare_command, "load_classifier", lambda path, *_: answers[path.name]())
    return [str(tmp_path / name) for name in answers]


def test_two_models_are_compared_image_by_image(
    models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"glioma/glioma-9{n}.png" for n in range(3)] + [f"notumor/no_tumor-9{n}.png" for n in range(5)]
    data, out = fill(tmp_path / "data", *names), tmp_path / "out"
    assert main(["compare", *models, str(data), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "both right 3, only A 5, only B 0, neither 0; McNemar p = 0.0625" in shown
    assert "B minus A     -62.5 points" in shown
    assert "disagree on   5 images" in shown
    document = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert document["areas"]["a finding"]["first"]["value"] == 1.0
    assert document["areas"]["a finding"]["second"]["value"] == 0.5
    with (out / "disagreements.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == {Label.NO_TUMOR.value}
    assert {(row["first"], row["second"]) for row in rows} == {("No Tumor", "Glioma")}
    assert (out / "disagreements.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_cannot_be_read_is_status_1(models: list[str], tmp_path: Path) -> None:
    data = fill(tmp_path / "data", "glioma/glioma-90.png")
    (data / "glioma/broken.png").write_bytes(b"none")
    assert main(["compare", *models, str(data)]) == 1
