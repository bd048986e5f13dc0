import sys
from pathlib import Path

import pytest

from brain_tumor_training.cli import main
from brain_tumor_training.splits import TEST, read_split
from tests.disk import full_disk
from tests.training.command_line import Capture, error_line


def test_split_writes_the_parts_of_a_fold(tmp_path: Path, capsys: Capture) -> None:
    rows = [f"Training/{name}/{fold}-{n}.jpg,{name},{fold},0" for name in CLASSES for fold in (0, 1) for n in range(7)]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge\n" + "\n".join(rows), encoding="utf-8")
    out = tmp_path / "split.csv"
    assert main(["split", "--index", str(tmp_path / "index.csv"), "--hold-out-fold", "1", "--out", str(out)]) == 0
    following = f"next: brain-tumor-train fit --data {tmp_path} --split {out} --out runs/split\n"
    assert capsys.readouterr().out == f"{out}: 23 train, 5 validation, 28 test\n{following}"
    assert all("/1-" in row.path for row in read_split(out) if row.split == TEST)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_leaves_no_half_of_a_split_and_says_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    rows = [f"Training/{name}/{fold}-{n}.jpg,{name},{fold},0" for name in CLASSES for fold in (0, 1) for n in range(7)]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge\n" + "\n".join(rows), encoding="utf-8")
    with full_disk(500):
        command = ["split", "--index", str(tmp_path / "index.csv"), "--hold-out-fold", "1"]
        assert main([*command, "--out", str(tmp_path / "split.csv")]) == 2
    assert "File too large; make room, the same command goes on from here" in error_line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["index.csv"]


def test_split_leaves_out_copies_by_any_groups(tmp_path: Path, capsys: Capture) -> None:
    names = [f"Training/{name}/{fold}-{n}.jpg" for name in CLASSES for fold in (0, 1) for n in range(7)]
    # By the index the images 0 of a class are copies, by one file the images 1, by another the images 2.
    tables = [
        {name: f"{name.split('/')[1]}-copies" if name.endswith(f"-{copied}.jpg") else name for name in names}
        for copied in range(3)
    ]
    rows = [f"{name},{name.split('/')[1]},{name[-7]},0,{tables[0][name]}\n" for name in names]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge,group\n" + "".join(rows), encoding="utf-8")
    groups = []
    for index, table in enumerate(tables[1:]):
        path = tmp_path / f"groups-{index}.csv"
        path.write_text("path,group\n" + "".join(f"{item},{two}\n" for item, two in table.items()), encoding="utf-8")
        groups += ["--groups", str(path)]
    out = tmp_path / "split.csv"
    arguments = ["split", "--index", str(tmp_path / "index.csv"), "--hold-out-fold", "1", "--out", str(out)]
    assert main([*arguments, *groups]) == 0
    assert capsys.readouterr().out.startswith(f"{out}: 24 train, 4 validation, 16 test\n")


CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
