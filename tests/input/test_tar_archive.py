"""Archives that Python's tarfile writes, whole, damaged, and with more in them than files."""

import io
import tarfile
from collections.abc import Callable

import pytest

from brain_tumor.input.tar_archive import list_tar_entries

LONG = "folder/" + "long" * 60 + ".dcm"


def make_tar(names: list[str], tar_format: int = tarfile.PAX_FORMAT, add: Callable[..., None] | None = None) -> bytes:
    """Each file's content is its name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name.encode())
            archive.addfile(entry, io.BytesIO(name.encode()))
        if add:
            add(archive)
    return buffer.getvalue()


def read(content: bytes, limit: int = 100) -> dict[str, bytes]:
    return {entry.path: entry.to_source(entry.path).read() for entry in list_tar_entries(io.BytesIO(content), limit)}


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar_gives_its_files_byte_by_byte(tar_format: int) -> None:
    names = ["a.dcm", "folder/b.dcm", "x" * 90]
    assert read(make_tar(names, tar_format)) == {name: name.encode() for name in names}


@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", [LONG, "Schädel.dcm"])
def test_a_long_or_foreign_name_is_that_of_its_file_only(tar_format: int, name: str) -> None:
    assert list(read(make_tar([name, "b.dcm"], tar_format))) == [name, "b.dcm"]


def test_folders_links_and_devices_are_left_out() -> None:
    def add(archive: tarfile.TarFile) -> None:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("other")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)

    assert list(read(make_tar(["a.dcm"], add=add))) == ["a.dcm"]


def test_parts_of_a_file_are_read_where_they_are_sought() -> None:
    (entry,) = list_tar_entries(io.BytesIO(make_tar(["0123456789"])), 1)
    with entry.to_source("a").stream() as stream:
        assert stream.seek(-3, io.SEEK_END) == 7 and stream.read() == b"789"
        assert stream.seek(2) == 2 and stream.read(3) == b"234"
        stream.seek(50)
        assert stream.read() == b""  # not what lies behind it in the archive


def test_no_more_than_one_file_beyond_the_limit_is_listed() -> None:
    content = make_tar([f"{number}.dcm" for number in range(10)])
    assert len(list_tar_entries(io.BytesIO(content), 3)) == 4


def test_an_empty_archive_has_no_files() -> None:
    assert read(make_tar([])) == {} and read(b"") == {}


def test_a_file_that_reaches_beyond_the_end_is_an_error() -> None:
    with pytest.raises(ValueError, match="cut off"):
        read(make_tar(["x" * 600])[:1100])


def test_a_damaged_header_is_an_error() -> None:
    content = bytearray(make_tar(["a.dcm"]))
    content[0] ^= 1  # of the name, so that the check sum is wrong
    with pytest.raises(tarfile.TarError):
        read(bytes(content))
