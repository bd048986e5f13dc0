import json
from pathlib import Path

import pytest

from brain_tumor_training.cli import main
from brain_tumor_training.splits import read_split
from tests.training.command_line import needs_tensorflow
from tests.training.drawn import Run

HEADER = "path,box_x0,box_y0,box_x1,box_y1\n"


@pytest.mark.slow
@needs_tensorflow
def test_a_run_is_compared_on_its_test_images_with_a_box(small_run: Run, tmp_path: Path) -> None:
    table, out = tmp_path / "boxes.csv", tmp_path / "new" / "maps.json"
    rows = [f"{row.path},0,0,1,1" for row in read_split(small_run.folder / "split.csv")]
    table.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    common = ["--data", str(small_run.data), "--boxes", str(table), "--out", str(out)]
    assert main(["compare-maps", str(small_run.folder), *common, "--images", "5"]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert (document["images"], document["saliency"]["near"]["total"]) == (5, 5)
    assert document["formula_difference"] < 1e-3
    # Six of the eight test images show a tumor.
    assert main(["compare-maps", str(small_run.folder), *common]) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["images"] == 6
