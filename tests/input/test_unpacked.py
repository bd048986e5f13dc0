import io
import sys
from collections.abc import Callable

import pytest

from brain_tumor.input import unpacked, volume_file
from brain_tumor.input.archive import list_members
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.unpacked import copy_unpacked
from brain_tumor.input.volume_file import read_volume
from brain_tumor.problems import Problem
from tests.disk import full_disk
from tests.input.test_archive import zip_bytes
from tests.input.volumes import nifti_gz_bytes
from tests.refused import refused


def open_volume() -> None:
    read_volume(nifti_gz_bytes(), "scan", ReadOptions())


def open_inner_archive() -> None:
    data = zip_bytes({"b.zip": zip_bytes({"1": bytes(100)})})
    for member in list_members(SourceFile("scan", lambda: data)):
        member.read()


def test_no_more_than_asked_for_is_copied_from_where_the_stream_stands() -> None:
    stream = io.BytesIO(b"012345")
    stream.seek(1)
    with copy_unpacked(stream, 3, "scan") as copy:
        assert copy.read() == b"123"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
@pytest.mark.parametrize("use", [open_volume, open_inner_archive])
def test_a_full_temporary_folder_is_not_called_a_damaged_file(
    use: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_file, "IN_MEMORY_BYTES", 10)
    monkeypatch.setattr(unpacked, "IN_MEMORY_BYTES", 10)
    # The exact words of a full disk differ.
    with full_disk(20), refused(Problem.NO_ROOM):
        use()
