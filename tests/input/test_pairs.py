"""A .hdr and .img, given both or one, with something else beside or nothing; whole volumes: test_volume_file.py."""

from pathlib import Path

import pytest

from brain_tumor.input.files import to_source
from brain_tumor.input.pairs import join_pairs
from tests.input.volumes import with_header

HEADER = with_header(bytes(348), sizeof_hdr=348, magic=b"ni1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pair, and a picture."""
    for name, content in {"a.hdr": HEADER, "a.img": b"voxels", "b.png": b"picture"}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def joined(folder: Path, *names: str) -> list[tuple[str, bytes]]:
    """Names, and what is read of them."""
    found = join_pairs(to_source(str(folder / name)) for name in names)
    return [(Path(file.name).name, file.read()) for file in found]


@pytest.mark.parametrize("names", [["a.hdr", "a.img"], ["a.img", "a.hdr"], ["a.img"], ["a.hdr"], ["a.img", "a.img"]])
def test_the_first_stands_for_both_as_the_header(folder: Path, names: list[str]) -> None:
    assert joined(folder, *names) == [(names[0], HEADER)]


def test_what_is_no_pair_passes_in_its_place(folder: Path) -> None:
    assert joined(folder, "b.png", "a.img", "b.png") == [
        ("b.png", b"picture"),
        ("a.img", HEADER),
        ("b.png", b"picture"),
    ]


def test_pairs_of_other_folders_are_others(folder: Path) -> None:
    (folder / "more").mkdir()
    for name in ("a.hdr", "a.img"):
        (folder / "more" / name).write_bytes((folder / name).read_bytes())
    assert len(joined(folder, "a.img", "more/a.img", "a.hdr", "more/a.hdr")) == 2


def test_voxels_without_a_header_are_what_they_are(folder: Path) -> None:
    (folder / "a.hdr").unlink()
    assert joined(folder, "a.img") == [("a.img", b"voxels")]


def test_a_text_called_hdr_is_no_header(folder: Path) -> None:
    (folder / "a.hdr").write_bytes(b"a note on the disc")
    assert joined(folder, "a.img") == [("a.img", b"voxels")]
