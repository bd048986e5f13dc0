from pathlib import Path

import pytest

from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.sources import Found, find_any, find_any_sources, keep_images
from tests.factories import png_bytes


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.png", "in/b.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(png_bytes())
    Path("in/notes").write_text("a text without an ending", encoding="utf-8")


def test_what_a_person_names_is_told_from_what_a_search_finds() -> None:
    assert list(find_any(["in/a.png", "in/b*"])) == [Found("in/a.png", False), Found("in/b.png", True)]


def test_a_file_that_a_search_finds_and_that_is_no_image_is_counted() -> None:
    left_out = LeftOut()
    kept = [source.name for source in keep_images(find_any(["in"], left_out=left_out), left_out)]
    assert sorted(kept) == ["in/a.png", "in/b.png"]
    assert sum(left_out.kinds.values()) == 1


def test_the_same_file_is_kept_where_a_person_names_it() -> None:
    left_out = LeftOut()
    assert [source.name for source in keep_images(find_any(["in/notes"]), left_out)] == ["in/notes"]
    assert not left_out.kinds


def test_folders_can_be_skipped() -> None:
    assert [file.name for file in find_any(["in"], skip=[Path("in/b.png").resolve()]) if file.name.endswith("png")] == [
        "in/a.png"
    ]


def test_paths_and_urls_are_found_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    url = f"file://{tmp_path}/in/b.png"
    names = ["in/a.png", url]
    assert [file.name for file in find_any(names)] == names
    contents = [source.content() for source in find_any_sources(names)]
    assert contents == [png_bytes()] * 2


def test_nothing_is_opened_before_it_is_needed() -> None:
    source = Found("in/missing.png", False).to_source()
    assert source.name == "in/missing.png"
