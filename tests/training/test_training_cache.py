import json
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from benchmarks import training_cache
from brain_tumor_training.recipes import RECIPES
from tests.training.drawn import SMALL


def test_both_ways_train_on_the_same_images(
    data: Path, small_backbone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "baseline", SMALL)
    out = tmp_path / "cache.json"
    command = ["--data", str(data), "--weights", "1", "--images", "30", "--epochs", "1", "--out", str(out)]
    assert training_cache.main(command) == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [run["kind"] for run in report["runs"]] == ["feature cache", "plain loop", "feature cache"]
    assert sum(report["images"].values()) == 30
    # One epoch sees each image in one brightness, the same both ways; only where the numbers are rounded differs.
    first, plain, again = (run["accuracy"] for run in report["runs"])
    assert first == again == pytest.approx(plain)
    assert f"the plain loop takes {report['ratio']} times as long" in training_cache.render(report)
