"""README's list, from folders of images to answers of one's own model, on drawn images and the small network."""

import json
import shlex
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")

from brain_tumor.cli import main as brain_tumor
from brain_tumor.labels import LABELS
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training.cli import main as train
from brain_tumor_training.recipes import RECIPES
from brain_tumor_training.splits import TEST, read_split
from tests.training.drawn import SMALL, draw_slice

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Folders of classes alone, as a student has them: twelve images of four patients each, and files that are none."""
    root = tmp_path / "scans"
    for index, (label, name) in enumerate(
        zip(LABELS, ("Gliomas", "menin", "healthy", "Pituitary adenomas"), strict=True)
    ):
        (root / name).mkdir(parents=True)
        for number in range(12):
            content = draw_slice(label, 100 * index + number)
            (root / name / f"P{index}{number // 3}_slice{number}.png").write_bytes(content)
    (root / "Gliomas/notes.txt").write_text("mine", encoding="utf-8")
    (root / "Gliomas/Thumbs.db").write_bytes(b"")
    (root / "menin/P19_cut.png").write_bytes(draw_slice(LABELS[1], 7)[:150])
    return root


@pytest.mark.slow
@pytest.mark.usefixtures("small_backbone")
def test_a_folder_becomes_a_model_that_answers(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    recipe = replace(SMALL, epochs=8, learning_rate=3e-3)
    monkeypatch.setitem(RECIPES, "baseline", recipe)
    run, model, audit = tmp_path / "run", tmp_path / "mine.tfliteA", tmp_path / "audit"
    fit = ["fit", "--data", str(flat), "--weights", "7", "--patient-from", r"(P\d+)_", "--out", str(run)]

    assert train(["audit", str(flat), "--out", str(audit)]) == 0
    assert train(fit) == 2
    assert str(flat / "menin/P19_cut.png") in capsys.readouterr().err
    fit.append("--skip-unreadable")
    assert train(fit) == 0
    shown = capsys.readouterr().out
    assert "validation, precision / recall: Glioma" in shown
    parts: dict[str, set[str]] = defaultdict(set)
    for row in read_split(run / "split.csv"):
        parts[Path(row.path).name.partition("_")[0]].add(row.split)
    assert all(len(found) == 1 for found in parts.values())  # no patient stands on two sides
    assert train(fit) == 0  # goes on, with nothing left to do
    assert train([*fit, "--learning-rate", "0.5"]) == 2
    assert "recipe.learning_rate is 0.003 there and 0.5 here" in capsys.readouterr().err

    assert train(["fit-decision", str(run), "--data", str(flat)]) == 0  # without a picture that is no brain MRI
    assert "drawn pictures alone" in capsys.readouterr().out
    card = ["--hub-card", str(tmp_path / "README.md")]
    assert train(["export", str(run), "--data", str(flat), "--out", str(model), *card]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("next:")]
    evaluate = shlex.split(line)[2:]
    assert evaluate[:2] == ["evaluate", str(flat)]
    about = load_model_file(model).card.about
    assert about["parity"]["images"] == sum(about["parity"]["images_by_part"].values()) > 20
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("---\nlicense: unknown\n")

    monkeypatch.chdir(tmp_path)
    assert brain_tumor(evaluate) == 0  # in the folder report
    measured = json.loads((tmp_path / "report/evaluation.json").read_text(encoding="utf-8"))
    # No image that trained the network is measured.
    assert measured["data"]["images"] == sum(row.split == TEST for row in read_split(run / "split.csv"))
    assert measured["accuracy"]["value"] > 0.5
    (flat / "menin/P19_cut.png").unlink()
    monkeypatch.setenv("BRAIN_TUMOR_MODEL", str(model))
    table = tmp_path / "answers.csv"
    assert brain_tumor(["predict", str(flat / "Gliomas"), "--csv", str(table)]) == 0
    assert len(table.read_text(encoding="utf-8").splitlines()) == 13
    assert brain_tumor(["compare", str(model), str(model), str(flat)]) == 0
    assert "McNemar p = 1" in capsys.readouterr().out
