import json
from pathlib import Path

import pytest

from brain_tumor_training.cli import main
from brain_tumor_training.dataset import read_tree
from tests.training.command_line import Capture, needs_tensorflow


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.usefixtures("small_recipe")
def test_cross_validate_makes_and_tests_a_network_per_fold(
    data: Path, not_brain_mri: Path, tmp_path: Path, capsys: Capture
) -> None:
    images = [image for image in read_tree(data) if image.official_split == "Training"]
    rows = [f"{image.name},{image.label.value},{index % 2},0" for index, image in enumerate(images)]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge\n" + "\n".join(rows), encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["--index", str(tmp_path / "index.csv"), "--data", str(data), "--weights", "7", "--out", str(out)]
    assert main(["cross-validate", *arguments, "--not-brain-mri", str(not_brain_mri), "--unseen", "fence"]) == 0
    assert f"written to {out / 'cross-validation.json'}" in capsys.readouterr().out
    document = json.loads((out / "cross-validation.json").read_text(encoding="utf-8"))
    assert [item["images"] for item in document["folds"].values()] == [16, 16]
    assert document["figures"]["accuracy"]["pooled"]["total"] == 32
    assert all((out / f"fold-{fold}.tfliteA").is_file() for fold in (0, 1))
