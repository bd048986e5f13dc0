import stat
from pathlib import Path

import pytest

from brain_tumor.dicom_node.durable_files import DATABASE, digest, make_private, unlink, write_durably
from brain_tumor.errors import BrainTumorError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_for_its_owner_only_even_where_it_was_not(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "node"
    for _ in range(2):
        make_private(folder)
        assert mode_of(folder) == 0o700
        folder.chmod(0o755)


@pytest.mark.parametrize("names", [[], [".lock", "images", "results"], [DATABASE, "anything"]])
def test_a_folder_of_a_node_is_taken(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    make_private(tmp_path)


def test_a_folder_of_other_files_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(BrainTumorError, match="holds other files; name an empty folder"):
        make_private(tmp_path)
    assert mode_of(tmp_path) == 0o755


def test_a_path_through_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrainTumorError, match=r"cannot be used .* name a folder to write to"):
        make_private(tmp_path / "file" / "node")


def test_a_file_is_whole_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    write_durably(path, [b"head", memoryview(b"pixels")])
    assert path.read_bytes() == b"headpixels" and mode_of(path) == 0o600
    with pytest.raises(FileExistsError):
        write_durably(path, [b"other"])
    assert path.read_bytes() == b"headpixels"


def test_to_remove_what_is_gone_is_no_error(tmp_path: Path) -> None:
    unlink(tmp_path / "gone.dcm")


def test_a_digest_does_not_depend_on_the_pieces() -> None:
    assert digest([b"head", b"pixels"]) == digest([b"headpixels"]) != digest([b"pixels", b"head"])
