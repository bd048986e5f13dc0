import json
from pathlib import Path

from PIL import Image

from brain_tumor.labels import Label
from brain_tumor_training.audit import Audit, AuditFile
from brain_tumor_training.audit_report import DATA, GROUPS, PAGE, leaks, render_report, render_text, to_document
from brain_tumor_training.duplicates import LOOK_ALIKE, SAME_PIXELS, TRANSFORMS, Pair
from tests.factories import encode


def file(name: str, part: str, label: Label | None, folder: Path = Path("nowhere")) -> AuditFile:
    return AuditFile(folder / name, name, part, label)


def audited(folder: Path = Path("nowhere"), pairs: tuple[Pair, ...] | None = None) -> Audit:
    """Four images: b is a copy of a in the other part, c one of b with another label, d is alone; and a broken file."""
    images = (
        file("a.png", "Training", Label.GLIOMA, folder),
        file("b.png", "Testing", Label.GLIOMA, folder),
        file("c.png", "Testing", Label.NO_TUMOR, folder),
        file("d.png", "Training", None, folder),
    )
    copies = (
        Pair(0, 1, LOOK_ALIKE, TRANSFORMS[2], 0.97, 0.96),
        Pair(1, 2, SAME_PIXELS, TRANSFORMS[0], 1.0, 1.0),
    )
    shown = copies if pairs is None else pairs
    broken = (file("broken.png", "Training", None), "damaged_image")
    return Audit(("set",), images, (broken,), shown, (0, 0, 0, 1) if shown else (0, 1, 2, 3), None)


def test_the_text_counts_copies_leaks_and_conflicts() -> None:
    assert render_text(audited()).splitlines() == [
        "images       4, unreadable 1",
        "copies       3 images in 1 groups",
        "leak         1 of 2 in Training have a copy in Testing",
        "leak         2 of 2 in Testing have a copy in Training",
        "conflicts    1 groups with more than one label",
    ]


def test_leaks_are_counted_in_both_directions() -> None:
    assert list(leaks(audited())) == [("Training", "Testing", 1, 2), ("Testing", "Training", 2, 2)]


def test_the_document_has_names_in_place_of_positions() -> None:
    document = to_document(audited())
    assert document["pairs"] == {"same bytes": 0, "same pixels": 1, "look-alike": 1}
    assert document["pairs_across"] == [
        {
            "first": "a.png",
            "second": "b.png",
            "kind": "look-alike",
            "turn": "mirrored",
            "agreement": 0.97,
            "centre_agreement": 0.96,
        }
    ]
    assert [[image["file"] for image in cluster] for cluster in document["clusters"]] == [["a.png", "b.png", "c.png"]]
    assert document["conflicts"] == document["clusters"]
    assert [item["file"] for item in document["unreadable"]] == ["broken.png"]


def test_every_image_stands_once_among_the_groups() -> None:
    lines = render_report(audited())[GROUPS].decode().splitlines()
    assert lines[0] == "path,group"
    groups = dict(line.split(",") for line in lines[1:])
    assert groups["a.png"] == groups["b.png"] == groups["c.png"] != groups["d.png"]


def test_the_page_comes_last_and_the_document_is_json() -> None:
    report = render_report(audited())
    assert list(report)[-1] == PAGE
    assert json.loads(report[DATA])["images"] == 4


def test_a_picture_that_is_gone_is_left_out_of_the_page(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encode(Image.new("L", (80, 80), 90), "PNG"))
    # a and b are shown as a leak, b and c as a conflict and as a copy within Testing, where c is gone.
    assert render_report(audited(tmp_path))[PAGE].count(b"<img ") == 2 + 1 + 1
    assert b"<img " not in render_report(audited())[PAGE]


def test_images_without_copies_need_no_pictures() -> None:
    report = render_report(audited(pairs=()))
    assert b"<img " not in report[PAGE]
    assert json.loads(report[DATA])["clusters"] == []
