import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from brain_tumor.labels import LABELS
from brain_tumor_training.cli import main
from brain_tumor_training.dataset import read_tree
from brain_tumor_training.recipes import RECIPES
from brain_tumor_training.splits import SplitRow, read_split, write_split
from tests.training.command_line import Capture, error_line, needs_keras
from tests.training.drawn import carve


@pytest.mark.slow
@needs_keras
@pytest.mark.usefixtures("small_recipe")
def test_fit_takes_a_split_file_and_goes_without_a_cache(data: Path, tmp_path: Path) -> None:
    rows = carve(data, seed=9)
    write_split(rows, tmp_path / "split.csv")
    common = ["--data", str(data), "--weights", "7", "--out", str(tmp_path / "run"), "--epochs", "1"]
    chosen = ["--split", str(tmp_path / "split.csv"), "--no-feature-cache", "--keep", "best", "--seed", "3"]
    assert main(["fit", *common, *chosen]) == 0
    settings = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert (settings["seed"], settings["recipe"]["keep"], settings["recipe"]["epochs"]) == (3, "best", 1)
    assert read_split(tmp_path / "run/split.csv") == rows
    assert not (tmp_path / "run/features").exists()


def write_official_leak(data: Path, folder: Path) -> str:
    """Groups of the drawn data set, in which a test image is a copy of a training image."""
    copies = {"Training/glioma/000.png", "Testing/glioma/000.png"}
    rows = [f"{image.name},{'copies' if image.name in copies else image.name}\n" for image in read_tree(data)]
    (folder / "groups.csv").write_text("path,group\n" + "".join(rows), encoding="utf-8")
    return str(folder / "groups.csv")


@needs_keras
@pytest.mark.parametrize("given", [True, False])
def test_fit_refuses_a_split_with_copies_across(given: bool, data: Path, tmp_path: Path, capsys: Capture) -> None:
    write_split(carve(data), tmp_path / "split.csv")
    split = ["--split", str(tmp_path / "split.csv")] if given else []
    groups = write_official_leak(data, tmp_path)
    assert main(["fit", "--data", str(data), "--out", str(tmp_path / "run"), "--groups", groups, *split]) == 2
    assert "tears 1 groups of copies apart: 1 test images" in error_line(capsys)
    assert not (tmp_path / "run").exists()


@needs_keras
def test_fit_takes_a_split_whose_leaks_are_meant_and_carves_by_group(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: dict[str, str] = {}

    def fit(rows: Sequence[SplitRow], *_: object) -> dict[str, dict[str, float]]:
        parts.update({row.path: row.split for row in rows})
        return {}

    monkeypatch.setattr("brain_tumor_training.train.fit", fit)
    pairs = [f"{image.name},{index // 2}\n" for index, image in enumerate(read_tree(data))]
    (tmp_path / "pairs.csv").write_text("path,group\n" + "".join(pairs), encoding="utf-8")
    groups = ["--groups", write_official_leak(data, tmp_path), "--groups", str(tmp_path / "pairs.csv")]
    common = ["fit", "--data", str(data), "--out", str(tmp_path / "run"), "--allow-leaks-into", "test"]
    assert main([*common, *groups]) == 0
    neighbours = [f"Training/{label.slug}/{number:03}.png" for label in LABELS for number in range(8)]
    assert all(parts[neighbour] == parts[two] for neighbour, two in zip(neighbours[::2], neighbours[1::2], strict=True))
    assert set(parts.values()) == {"train", "validation", "test"}


def test_help_shows_every_field_of_the_recipe(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fit", "--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    for name, value in asdict(RECIPES["baseline"]).items():
        assert f"{name} = {value}\n" in shown


@needs_keras
def test_weights_that_are_not_there_are_status_2_and_one_line(data: Path, tmp_path: Path, capsys: Capture) -> None:
    run = tmp_path / "run"
    assert main(["fit", "--data", str(data), "--weights", "none.weights.h5", "--out", str(run)]) == 2
    assert "none.weights.h5: cannot be used as weights" in error_line(capsys)
    assert not run.exists()


@needs_keras
@pytest.mark.usefixtures("small_recipe")
def test_images_that_are_not_there_are_status_2_and_one_line(data: Path, tmp_path: Path, capsys: Capture) -> None:
    write_split(carve(data), tmp_path / "split.csv")
    arguments = ["fit", "--data", str(tmp_path), "--split", str(tmp_path / "split.csv"), "--weights", "7"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
    assert "40 of 40 images cannot be read" in capsys.readouterr().err.splitlines()[0]
