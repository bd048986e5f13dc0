from pathlib import Path

import pytest

from brain_tumor.labels import Label
from brain_tumor_training.cli import main
from brain_tumor_training.examples import read_examples
from tests.training.command_line import Capture, build_list, error_line


def test_training_list_puts_sources_together(tmp_path: Path, capsys: Capture) -> None:
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv")]
    assert build_list(tmp_path, "--hold-out-fold", "0", *other) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv")}
    assert set(rows) == {"set/a.png", "set/b.png", "more/flair/s01_a.png", "more/flair/s02_a.png"}
    assert (rows["set/a.png"].split, rows["set/a.png"].box) == ("test", (0.1, 0.2, 0.3, 0.4))
    assert rows["set/b.png"].split != "test"
    assert "figshare: 0 train, 0 validation, 1 test\n" in capsys.readouterr().out


def test_without_a_held_out_fold_the_test_part_has_copies(tmp_path: Path) -> None:
    assert build_list(tmp_path) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv")}
    assert rows["set/a.png"].group == rows["set/copy.png"].group
    assert rows["set/a.png"].split != rows["set/copy.png"].split == "test"


def test_a_training_list_leaves_out_what_is_noted(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("path,seen\nset/a.png,CT\n", encoding="utf-8")
    assert build_list(tmp_path, "--leave-out", str(tmp_path / "notes.csv")) == 0
    assert {row.path for row in read_examples(tmp_path / "list.csv")} == {"set/b.png", "set/copy.png"}


def test_a_training_list_leaves_out_copies_of_tested_images_in_other_sources(tmp_path: Path, capsys: Capture) -> None:
    flair = ["more/flair/s01_a.png", "more/flair/s02_a.png"]
    groups = {"set/a.png": 1, "set/b.png": 2, "set/copy.png": 1, **dict.fromkeys(flair, 1)}
    audit = tmp_path / "all.csv"
    audit.write_text("path,group\n" + "".join(f"{path},{group}\n" for path, group in groups.items()), encoding="utf-8")
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv"), "--all-groups", str(audit)]
    assert build_list(tmp_path, "--hold-out-fold", "0", *other) == 0
    rows = {row.path: row.split for row in read_examples(tmp_path / "list.csv")}
    assert {path for path, part in rows.items() if part != "test"} == {"set/b.png"}
    audit.write_text("path,group\nset/a.png,1\nset/b.png,2\n", encoding="utf-8")
    command = ["training-list", "--data", str(tmp_path), "--index", str(tmp_path / "set/index.csv")]
    rest = ["--groups", str(tmp_path / "groups.csv"), "--out", str(tmp_path / "list.csv"), "--hold-out-fold", "0"]
    assert main([*command, *rest, *other]) == 2
    assert "all.csv: lacks 2 images of the split, more/flair/s01_a.png first" in error_line(capsys)


FURTHER = """\
path,source,label,family,sequence,patient,skull_stripped,split
a.png,clinic,tumor,,t1,one,1,held-back
b.png,stroke,other lesion,,flair,two,0,train
c.png,web,not-brain-mri,photo,,three,0,train
"""


def test_a_training_list_takes_further_sources_from_their_index(tmp_path: Path) -> None:
    (tmp_path / "further").mkdir()
    (tmp_path / "further/index.csv").write_text(FURTHER, encoding="utf-8")
    index = str(tmp_path / "further/index.csv")
    assert build_list(tmp_path, "--further", index) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv") if row.path.startswith("further")}
    assert set(rows) == {"further/a.png"}
    assert (rows["further/a.png"].split, rows["further/a.png"].skull_stripped) == ("test", True)


def test_a_training_list_knows_sources_by_name(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "further").mkdir()
    (tmp_path / "further/index.csv").write_text(FURTHER, encoding="utf-8")
    index = str(tmp_path / "further/index.csv")
    named = ["--no-tumor-source", "stroke", "--leave-out-source", "stroke"]
    assert build_list(tmp_path, "--further", index, *named) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv")}
    assert (rows["further/b.png"].label, rows["further/b.png"].split) == (Label.NO_TUMOR, "test")
    list_again = ["--out", str(tmp_path / "list.csv"), "--groups", str(tmp_path / "groups.csv"), "--further", index]
    command = ["training-list", "--data", str(tmp_path), "--index", str(tmp_path / "set/index.csv"), *list_again]
    assert main([*command, "--leave-out-source", "clinics"]) == 2
    assert "lists no source clinics" in error_line(capsys)


def test_a_training_list_weighs_the_set_s_own_images_and_notes_stripped_heads(tmp_path: Path) -> None:
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv")]
    assert build_list(tmp_path, "--own-weight", "2.5", "--stripped", "more/flair", *other) == 0
    rows = read_examples(tmp_path / "list.csv")
    known = {(row.path.partition("/")[0], row.weight, row.skull_stripped) for row in rows}
    assert known == {("set", 2.5, False), ("more", 1.0, True)}


def test_without_folds_no_other_source_has_a_copy_of_the_set_s_own(tmp_path: Path) -> None:
    groups = {"set/a.png": 1, "set/b.png": 2, "set/copy.png": 1, "more/flair/s01_a.png": 1, "more/flair/s02_a.png": 3}
    audit = tmp_path / "all.csv"
    audit.write_text("path,group\n" + "".join(f"{path},{group}\n" for path, group in groups.items()), encoding="utf-8")
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv"), "--all-groups", str(audit)]
    assert build_list(tmp_path, *other) == 0
    assert {row.path for row in read_examples(tmp_path / "list.csv")} == set(groups) - {"more/flair/s01_a.png"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--other", "more/flair=notumor"], "--other needs --other-groups"),
        (["--other", "notumor", "--other-groups", "more.csv"], "--other notumor: is not FOLDER=LABEL"),
        (["--other", "more/flair=gliom", "--other-groups", "more.csv"], "is given the label 'gliom'"),
        (["--data", "elsewhere"], "does not lie below --data elsewhere"),
        (["--stripped", "more/flare"], "--stripped more/flare: is no folder of --other"),
    ],
)
def test_a_training_list_that_cannot_be_built_is_status_2_and_one_line(
    options: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert build_list(tmp_path, *options) == 2
    assert complaint in error_line(capsys)
    assert not (tmp_path / "list.csv").exists()
