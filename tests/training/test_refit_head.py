import json
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="the training extra is not installed")

from brain_tumor_training.run_folder import load_network, read_list, read_seen
from tests.training.drawn import Run, distances
from tools.refit_head import refit_head

pytestmark = pytest.mark.slow

PARTS = ("xception", "head", "location_head")


def test_the_head_alone_is_fitted_again(small_finetune_run: Run, tmp_path: Path) -> None:
    run = small_finetune_run
    refit_head(run.folder, run.data, tmp_path / "refitted", run.cache, epochs=2)
    before, after = load_network(run.folder), load_network(tmp_path / "refitted")
    changed = {part: max(distances(before.get_layer(part), after.get_layer(part))) > 0 for part in PARTS}
    assert changed == {"xception": False, "head": True, "location_head": False}
    settings = json.loads((tmp_path / "refitted" / "run.json").read_text(encoding="utf-8"))
    assert settings == {
        **json.loads((run.folder / "run.json").read_text(encoding="utf-8")),
        "head_refitted_epochs": 2,
    }
    assert read_list(tmp_path / "refitted") == read_list(run.folder)
    assert read_seen(tmp_path / "refitted") == read_seen(run.folder)
    metrics = json.loads((tmp_path / "refitted" / "metrics.json").read_text(encoding="utf-8"))["validation"]
    assert metrics["images"] == sum(item.split == "validation" for item in read_list(run.folder) or ())
    assert 0 <= metrics["accuracy"] <= 1
