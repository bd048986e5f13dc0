import csv
import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training import audit_report
from brain_tumor_training.audit import Audit, audit, list_files
from brain_tumor_training.cli import main
from brain_tumor_training.groups import score_groups
from tests.factories import encode
from tests.training.heads import draw_head

HOSTILE = "<img src=x onerror=alert(1)>.png"


def write(root: Path, name: str, image: Image.Image) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(image, "PNG"))


def positions(audited: Audit, *names: str) -> tuple[int, ...]:
    everything = [image.name for image in audited.images]
    return tuple(everything.index(name) for name in names)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six heads of two classes; head 0 leaks into Testing, head 3 has two labels; a broken file. Not to be changed."""
    root = tmp_path_factory.mktemp("data") / "set"
    for seed in range(6):
        write(root, f"Training/{('glioma', 'notumor')[seed % 2]}/{seed}.png", draw_head(seed))
    write(root, f"Testing/glioma/{HOSTILE}", ImageOps.mirror(draw_head(0)))
    write(root, "Testing/notumor/new.png", draw_head(9))
    write(root, "Training/glioma/relabelled.png", draw_head(3).rotate(90))
    (root / "Training/glioma/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return root


@pytest.fixture(scope="module")
def audited(tree: Path) -> Audit:
    """The audit of the tree."""
    return audit([tree])


def test_a_leak_a_conflict_and_a_broken_file_are_found(audited: Audit) -> None:
    leak = positions(audited, f"Testing/glioma/{HOSTILE}", "Training/glioma/0.png")
    conflict = positions(audited, "Training/glioma/relabelled.png", "Training/notumor/3.png")
    assert sorted(audited.clusters.values()) == sorted([leak, conflict])
    assert list(audited.conflicts.values()) == [conflict]
    assert [(pair.first, pair.second) for pair in audited.copies_across] == [leak]
    assert (audited.leaked("Testing", "Training"), audited.leaked("Training", "Testing")) == (1, 1)
    assert [file.name for file, _ in audited.unreadable] == ["Training/glioma/broken.png"]


def test_the_page_escapes_file_names_and_needs_no_other_file(audited: Audit) -> None:
    page = audit_report.render_report(audited)[audit_report.PAGE].decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.png" in page
    sources = re.findall(r'(?:src|href)="([^"]{5})', page)
    assert set(sources) == {"data:", "#unre"}
    assert page.count("<img ") == 2 * 3  # the leak, the conflict, and the conflict again as a copy within Training


def test_conflicts_and_copies_across_splits_come_first_on_the_page(audited: Audit) -> None:
    page = audit_report.render_report(audited)[audit_report.PAGE].decode()
    titles = ["One picture, two labels", "Copies across splits", "Copies within a split"]
    assert sorted(titles, key=page.index) == titles


def test_the_document_names_clusters_pairs_and_conflicts(audited: Audit) -> None:
    document = json.loads(audit_report.render_report(audited)[audit_report.DATA])
    assert document["images"] == 9 and document["parts"] == {"Testing": 2, "Training": 7}
    (pair,) = document["pairs_across"]
    assert (pair["first"], pair["second"]) == (f"Testing/glioma/{HOSTILE}", "Training/glioma/0.png")
    assert (pair["kind"], pair["turn"]) == ("look-alike", "mirrored")
    assert [[image["label"] for image in cluster] for cluster in document["conflicts"]] == [["Glioma", "No Tumor"]]
    assert len(document["clusters"]) == 2
    assert document["leaks"][0] == {"part": "Testing", "other": "Training", "images": 1, "of": 2}


def test_the_command_writes_the_report_and_says_what_it_found(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    assert main(["audit", str(tree), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {"report.html", "audit.json", "groups.csv"}
    with (out / "groups.csv").open(newline="", encoding="utf-8") as file:
        group = {row["path"]: row["group"] for row in csv.DictReader(file)}
    assert len(group) == 10 and len(set(group.values())) == 8  # the broken file stands alone
    assert group["Training/glioma/0.png"] == group[f"Testing/glioma/{HOSTILE}"]
    said = capsys.readouterr().out
    assert "1 of 2 in Testing have a copy in Training" in said
    assert "1 groups with more than one label" in said
    fit = f"fit --data {tree} --weights imagenet --groups {out / 'groups.csv'} --split-anew --out runs/mine"
    assert said.endswith(f"next: brain-tumor-train {fit}\n")


def test_files_are_never_said_to_lie_where_they_lie(audited: Audit, tree: Path) -> None:
    for content in audit_report.render_report(audited).values():
        assert str(tree.parent).encode() not in content


def test_several_folders_are_parts_of_their_own_and_their_names_come_first(tmp_path: Path) -> None:
    write(tmp_path, "one/glioma/a.png", draw_head(0))
    write(tmp_path, "two/healthy/b.png", draw_head(0))
    audited = audit([tmp_path / "two", tmp_path / "one"])
    assert [(image.name, image.part) for image in audited.images] == [
        ("one/glioma/a.png", "one"),
        ("two/healthy/b.png", "two"),
    ]
    assert [image.label for image in audited.images] == [Label.GLIOMA, Label.NO_TUMOR]
    assert len(audited.conflicts) == len(audited.copies_across) == 1


def test_the_given_folder_may_itself_be_a_split_and_a_class(tmp_path: Path) -> None:
    write(tmp_path, "Testing/pituitary/a.png", draw_head(0))
    (file,) = list_files([tmp_path / "Testing/pituitary"])
    assert (file.name, file.label) == ("a.png", Label.PITUITARY)
    (file,) = list_files([tmp_path / "Testing"])
    assert (file.name, file.part) == ("pituitary/a.png", "Testing")


def test_an_image_without_a_label_is_compared_but_conflicts_with_none(tmp_path: Path) -> None:
    write(tmp_path, "unsorted/a.png", draw_head(0))
    write(tmp_path, "glioma/a.png", draw_head(0))
    audited = audit([tmp_path])
    assert len(audited.clusters) == 1 and not audited.conflicts
    assert audited.shortcuts is None


@pytest.mark.parametrize(
    ("folders", "complaint"),
    [
        (["nowhere"], "is not a folder"),
        (["a/x", "b/x"], "several folders have this name"),
        (["a/x"], "no file could be"),
    ],
)
def test_folders_that_cannot_be_audited_are_refused(tmp_path: Path, folders: list[str], complaint: str) -> None:
    for name in ("a/x", "b/x"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "notes.txt").write_text("no image")
    with pytest.raises(DatasetError, match=complaint):
        audit([tmp_path / folder for folder in folders])


def test_no_more_than_a_bounded_number_of_pairs_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_report, "_SHOWN_WITHIN", 2)
    for seed in range(4):
        write(tmp_path, f"glioma/{seed}.png", draw_head(seed))
        write(tmp_path, f"glioma/{seed}-again.png", draw_head(seed))
    page = audit_report.render_report(audit([tmp_path]))[audit_report.PAGE].decode()
    assert page.count("<img ") == 4


@pytest.mark.slow
def test_figshare_copies_are_found_and_neighbouring_slices_kept_apart(tmp_path: Path) -> None:
    data = Path(os.environ.get("BRAIN_TUMOR_DATA", "not set"), "brain-tumor-mri").resolve()
    if not (data / "index.csv").is_file():
        pytest.skip("set BRAIN_TUMOR_DATA to a folder that holds brain-tumor-mri/index.csv to run this")
    with (data / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "figshare" and row["fold"] in "34"]
    for row in rows:
        link = tmp_path / row["path"]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(data / row["path"])
    audited = audit([tmp_path])
    group_of = {image.name: group for image, group in zip(audited.images, audited.groups, strict=True)}
    recall, precision = score_groups([group_of[row["path"]] for row in rows], [row["group"] for row in rows])
    assert recall >= 0.99
    assert precision >= 0.99
