from pathlib import Path

import numpy as np
import pytest

from page import upload_sources
from page.kept_file import KeptFile
from page.session_state import SessionState
from page.upload_sources import find_partners, to_sources
from tests.input.test_volume_file import save_pair


@pytest.mark.parametrize("folder", ["", "brain/"])
def test_both_files_of_a_volume_are_one_item_that_can_be_read_again(folder: str, tmp_path: Path) -> None:
    header = save_pair(tmp_path, "nifti")
    paths = [header.with_suffix(".img"), header]
    state = SessionState()
    state.open([KeptFile(f"{folder}{path.name}", path.read_bytes()) for path in paths])
    (item,) = state.items
    assert len(item.files) == 2 and not state.notes
    first = item.unanswered_slices()[0].read().pixels
    item.series = None
    assert np.array_equal(item.unanswered_slices()[0].read().pixels, first)


def test_files_of_other_folders_are_no_partners() -> None:
    files = [KeptFile(name, b"") for name in ("a/x.hdr", "b/x.img", "a/y.img")]
    assert find_partners("a/x.hdr", files) == ()
    assert to_sources(files)["a/x.hdr"].find_beside("../b/x.img") is None


def test_a_file_without_a_namesake_costs_no_look_at_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [KeptFile(f"study/{number}.png", b"") for number in range(3)]
    monkeypatch.setattr(upload_sources, "to_sources", None)  # of hundreds of files, each time, it takes seconds
    assert find_partners("study/1.png", files) == ()
