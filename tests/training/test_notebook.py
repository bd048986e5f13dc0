import json
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor_training.recipes import RECIPES

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")

ROOT = Path(__file__).parents[2]


def code_cells() -> list[str]:
    """The code of the training notebook, a text per cell."""
    notebook = json.loads((ROOT / "notebooks/train_your_own.ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_committed_without_outputs() -> None:
    notebook = json.loads((ROOT / "notebooks/train_your_own.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in notebook["cells"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_notebook_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # At 299 px it does the same for longer.
    baseline = RECIPES["baseline"]
    monkeypatch.setitem(RECIPES, "baseline", replace(baseline, input=replace(baseline.input, side_px=96)))
    names: dict[str, object] = {}
    for cell in code_cells():
        exec(compile(cell, "notebook", "exec"), names)  # noqa: S102 - our own notebook
    assert "no tumor: " in capsys.readouterr().out
    assert (tmp_path / "train-your-own/mine.tfliteA").is_file()
