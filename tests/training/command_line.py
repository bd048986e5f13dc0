"""`brain-tumor-train` in tests: what it needs, what it says, and a list that it builds."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from brain_tumor_training.cli import main

Capture = pytest.CaptureFixture[str]


needs_keras = pytest.mark.skipif(
    not any(map(find_spec, ("tensorflow", "jax", "torch"))), reason="Keras finds no backend"
)


needs_tensorflow = pytest.mark.skipif(
    not find_spec("tensorflow"), reason="the export needs TensorFlow, which is not installed"
)


def error_line(capsys: Capture) -> str:
    """What went to stderr, which must be one line of this program."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("brain-tumor-train: ")]
    assert len(lines) == 1
    return lines[0]


INDEX = """\
path,label,official_split,source,group,mirrored,fold,near_fold_edge,box_x0,box_y0,box_x1,box_y1
a.png,glioma,Training,figshare,figshare-1,0,0,0,0.1,0.2,0.3,0.4
b.png,notumor,Training,br35h,b,0,1,0,,,,
copy.png,glioma,Testing,figshare,figshare-1,1,1,0,,,,
"""


def build_list(tmp_path: Path, *options: str) -> int:
    """training-list on three own images, two of them copies, and two of another source."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set/index.csv").write_text(INDEX, encoding="utf-8")
    (tmp_path / "groups.csv").write_text("path,group\na.png,1\nb.png,2\ncopy.png,1\n", encoding="utf-8")
    (tmp_path / "more/flair").mkdir(parents=True)
    for name in ("s01_a.png", "s02_a.png"):
        (tmp_path / "more/flair" / name).touch()
    (tmp_path / "more.csv").write_text("path,group\nflair/s01_a.png,1\nflair/s02_a.png,2\n", encoding="utf-8")
    common = ["--data", str(tmp_path), "--index", str(tmp_path / "set/index.csv")]
    rest = ["--groups", str(tmp_path / "groups.csv"), "--out", str(tmp_path / "list.csv")]
    return main(["training-list", *common, *rest, *options])
