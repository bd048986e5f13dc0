"""Archives that Python's zipfile writes; tests/input/test_archive.py has what a person is told of them."""

import io
import struct
import zipfile

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.archive_entry import Entry
from brain_tumor.input.formats import MAX_SCAN_BYTES
from brain_tumor.input.zip_archive import count_zip_entries, list_zip_entries
from brain_tumor.problems import Problem


def make_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def only_entry(content: bytes) -> Entry:
    (entry,) = list_zip_entries(io.BytesIO(content))
    return entry


def problem_of(content: bytes) -> Problem:
    with pytest.raises(ScanError) as caught:
        only_entry(content).to_source("a.zip:scan").read()
    return caught.value.problem


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_byte_by_byte(method: int) -> None:
    entry = only_entry(make_zip({"folder/scan": b"pixels" * 100}, method))
    assert (entry.path, entry.size) == ("folder/scan", 600)
    assert entry.to_source("name").read() == b"pixels" * 100
    with entry.to_source("name").stream() as stream:
        assert stream.read(6) == b"pixels"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_without_a_bound_are_refused(method: int) -> None:
    assert problem_of(make_zip({"scan": b"pixels"}, method)) is Problem.UNKNOWN_PACKING


def test_an_encrypted_member_is_refused_as_such() -> None:
    content = bytearray(make_zip({"scan": b"pixels"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert problem_of(bytes(content)) is Problem.ENCRYPTED


def test_a_member_that_does_not_fit_its_check_sum_is_damaged() -> None:
    content = make_zip({"scan": b"pixels"}, zipfile.ZIP_STORED).replace(b"pixels", b"pixelz")
    assert problem_of(content) is Problem.BAD_MEMBER


def test_a_member_that_announces_a_bomb_is_not_unpacked() -> None:
    content = bytearray(make_zip({"scan": b"pixels"}))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, MAX_SCAN_BYTES + 1)
    assert problem_of(bytes(content)) is Problem.MEMBER_TOO_LARGE


@pytest.mark.parametrize("before", [0, 2**20 - 1, 2**20 - 2, 2**20 - 3, 2**20 - 4])
def test_entries_are_counted_once_wherever_a_chunk_ends(before: int) -> None:
    assert count_zip_entries(io.BytesIO(bytes(before) + b"PK\x01\x02" + bytes(42))) == 1


def test_a_directory_is_counted_as_a_whole() -> None:
    assert count_zip_entries(io.BytesIO(make_zip({f"{number}": b"" for number in range(70)}))) == 70
