import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.input import archive
from brain_tumor.input.archive import MAX_DEPTH, list_members
from brain_tumor.input.files import open_paths, to_source
from brain_tumor.input.formats import MAX_SCAN_BYTES
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem
from tests.factories import png_bytes
from tests.hostile.archives import tar_bytes
from tests.input.slices import dicom_bytes
from tests.input.volumes import nifti_bytes
from tests.refused import refused


def zip_bytes(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def members_of(data: bytes) -> list[SourceFile]:
    return list(list_members(SourceFile("a.zip", lambda: data)))


def names_in(members: dict[str, bytes]) -> list[str]:
    return [member.name for member in members_of(zip_bytes(members))]


def test_members_are_named_by_the_archive_and_their_path_in_it() -> None:
    assert names_in({"x/y/1.png": b"1"}) == ["a.zip/x/y/1.png"]


def test_members_are_read_whole_and_piece_by_piece() -> None:
    (member,) = members_of(zip_bytes({"1.png": b"content"}))
    with member.stream() as stream:
        assert (member.read(), stream.read()) == (b"content", b"content")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_is_stored_or_deflated_is_unpacked(method: int) -> None:
    (member,) = members_of(zip_bytes({"1.png": b"content" * 99}, method))
    assert member.read() == b"content" * 99


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_would_unpack_without_a_bound_is_refused(method: int) -> None:
    (member,) = members_of(zip_bytes({"1.png": b"content"}, method))
    for use in (member.read, member.stream):
        with refused(Problem.UNKNOWN_PACKING, "a.zip/1.png"):
            use()


def test_a_folders_own_files_come_before_its_subfolders_both_sorted() -> None:
    names = names_in({"b/1": b"", "c": b"", "a/x/1": b"", "a/2": b"", "a/1": b""})
    assert names == ["a.zip/c", "a.zip/a/1", "a.zip/a/2", "a.zip/a/x/1", "a.zip/b/1"]


def test_what_systems_leave_in_archives_is_left_out() -> None:
    assert names_in({"__MACOSX/._1": b"", ".DS_Store": b"", "x/.hidden/1": b"", "folder/": b"", "1": b""}) == [
        "a.zip/1"
    ]


@pytest.mark.parametrize("name", ["../../etc/x", "/etc/x", "C:\\etc\\x", "etc/./x", "..\\..\\etc\\x", "//etc//x"])
def test_names_never_lead_out_of_the_archive(name: str) -> None:
    assert names_in({name: b""}) == ["a.zip/etc/x"]


def test_an_archive_in_an_archive_is_followed() -> None:
    inner = zip_bytes({"x/1.png": b"content"})
    (member,) = members_of(zip_bytes({"in/b.zip": inner}))
    assert (member.name, member.read()) == ("a.zip/in/b.zip/x/1.png", b"content")


def test_an_archive_comes_after_the_other_files_of_its_folder_and_before_subfolders() -> None:
    inner = zip_bytes({"1": b""})
    names = names_in({"in/a": b"", "in/b.zip": inner, "in/c": b"", "in/d/1": b""})
    assert names == ["a.zip/in/a", "a.zip/in/c", "a.zip/in/b.zip/1", "a.zip/in/d/1"]


def test_archives_are_followed_to_a_depth_and_no_further() -> None:
    data = zip_bytes({"1.png": b"content"})
    for _ in range(MAX_DEPTH):
        data = zip_bytes({"b.zip": data})
    assert members_of(data)[0].read() == b"content"
    (member,) = members_of(zip_bytes({"b.zip": data}))
    with refused(Problem.NESTED_TOO_DEEP):
        member.read()


def test_an_archive_without_files_says_so() -> None:
    (member,) = members_of(zip_bytes({}))
    with refused(Problem.EMPTY_ARCHIVE, "a.zip"):
        member.read()


def test_a_file_whose_name_is_empty_is_left_out() -> None:
    # zipfile ends a name at its first null character.
    data = zip_bytes({"1.png": b"one", "2.png": b"two"}).replace(b"1.png", b"\x00.png")
    assert [member.name for member in members_of(data)] == ["a.zip/2.png"]


def test_an_encrypted_member_says_so_and_the_others_are_read() -> None:
    data = bytearray(zip_bytes({"1": b"one", "2": b"two"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the first entry's flags
    first, second = members_of(bytes(data))
    with refused(Problem.ENCRYPTED, "a.zip/1"):
        first.read()
    assert second.read() == b"two"


def test_a_member_packed_by_an_unknown_method_says_so_and_the_others_are_read() -> None:
    data = bytearray(zip_bytes({"1": b"one", "2": b"two"}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 10] = data[8] = 97  # WavPack
    first, second = members_of(bytes(data))
    with refused(Problem.UNKNOWN_PACKING, "a.zip/1"):
        first.read()
    assert second.read() == b"two"


def test_a_damaged_member_says_so_and_the_others_are_read() -> None:
    data = bytearray(zip_bytes({"1": b"one", "2": b"two"}, zipfile.ZIP_STORED))
    data[data.index(b"one")] ^= 1
    first, second = members_of(bytes(data))
    with refused(Problem.BAD_MEMBER, "a.zip/1"):
        first.read()
    assert second.read() == b"two"


def test_a_damaged_archive_in_an_archive_says_so_and_the_others_are_read() -> None:
    good, bad = members_of(zip_bytes({"1.zip": b"PK\x03\x04 and no more", "2": b"two"}))
    with refused(Problem.DAMAGED_ARCHIVE, "a.zip/1.zip"):
        bad.read()
    assert good.read() == b"two"


@pytest.mark.parametrize("cut", [4, 30, -10])
def test_a_cut_archive_is_one_source_that_says_so(cut: int) -> None:
    (member,) = members_of(zip_bytes({"1": b"one"})[:cut])
    for use in (member.read, member.stream):
        with refused(Problem.DAMAGED_ARCHIVE):
            use()


def test_no_more_than_a_member_may_have_is_unpacked_whatever_its_size() -> None:
    (member,) = members_of(zip_bytes({"1": bytes(MAX_SCAN_BYTES + 1000)}, zipfile.ZIP_STORED))
    assert len(member.read()) == MAX_SCAN_BYTES + 1


def test_a_large_member_that_would_unpack_to_far_more_than_it_weighs_is_not_read_into_memory() -> None:
    (member,) = members_of(zip_bytes({"1": bytes(MAX_SCAN_BYTES + 1)}))
    with refused(Problem.MEMBER_TOO_LARGE):
        member.read()
    with member.stream() as stream:  # as volumes are read
        assert stream.read(3) == bytes(3)


def test_a_member_that_announces_less_than_it_holds_is_an_error() -> None:
    data = bytearray(zip_bytes({"1": bytes(5000)}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    (member,) = members_of(bytes(data))
    with refused(Problem.BAD_MEMBER):
        member.read()


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    assert len(members_of(zip_bytes(dict.fromkeys("123", b"")))) == 3
    (member,) = members_of(zip_bytes(dict.fromkeys("1234", b"")))
    with refused(Problem.TOO_MANY_MEMBERS):
        member.read()


def test_members_of_inner_archives_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 4)
    inner = zip_bytes({"1": b"", "2": b""})
    answers = members_of(zip_bytes({"a.zip": inner, "b.zip": inner}))
    assert [member.name for member in answers] == ["a.zip/a.zip/1", "a.zip/a.zip/2", "a.zip/b.zip"]
    with refused(Problem.TOO_MANY_MEMBERS):
        answers[-1].read()


def test_members_of_an_archive_that_is_stored_in_another_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 4)
    data = zip_bytes({"b.zip": zip_bytes(dict.fromkeys("123", b""))}, zipfile.ZIP_STORED)
    assert [member.read() for member in members_of(data)] == [b"", b"", b""]


def test_an_archive_that_announces_far_more_than_it_weighs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_VOLUME_BYTES", 10_000)
    (member,) = members_of(zip_bytes({"1": bytes(10**6)}))
    with refused(Problem.UNPACKS_TOO_LARGE):
        member.read()


def test_archives_in_it_count_towards_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = zip_bytes({"1": bytes(60_000)})
    data = zip_bytes({"a.zip": inner, "b.zip": inner}, zipfile.ZIP_STORED)
    monkeypatch.setattr(archive, "MAX_VOLUME_BYTES", 100_000)
    first, second = members_of(data)
    assert len(first.read()) == 60_000
    with refused(Problem.UNPACKS_TOO_LARGE):
        second.read()


def test_an_archive_on_disk_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zip_bytes({"1": b"one", "b.zip": zip_bytes({"2": b"two"})}))
    assert [member.read() for member in list_members(to_source(str(path)))] == [b"one", b"two"]


def test_a_missing_archive_is_one_source_that_says_so() -> None:
    (member,) = list_members(to_source("missing.zip"))
    with refused(Problem.UNREADABLE, "missing.zip"):
        member.read()


TREE = {"b/1.nii": nifti_bytes(), "a.png": png_bytes(), "readme.txt": b"some text", "b/link": b""}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("pax", [False, True])
def test_a_tar_archive_is_read_as_a_zip_is(pax: bool, pack: Callable[[bytes], bytes]) -> None:
    data = pack(tar_bytes({name: content for name, content in TREE.items() if content}, pax))
    left_out = LeftOut()
    members = list(list_members(SourceFile("a.tar", lambda: data), left_out))
    assert [member.name for member in members] == ["a.tar/a.png", "a.tar/b/1.nii"]
    assert [member.read() for member in members] == [png_bytes(), nifti_bytes()]
    assert left_out.kinds == {".txt": 1}


def test_long_names_in_a_tar_archive_are_read_and_what_leads_out_of_it_is_dropped() -> None:
    name = "x" * 150 + ".png"
    for pax in (False, True):
        data = tar_bytes({name: png_bytes(), "../../etc/a.png": png_bytes(), "/abs.png": png_bytes()}, pax)
        found = [member.name for member in list_members(SourceFile("a.tar", partial(bytes, data)))]
        assert found == ["a.tar/abs.png", f"a.tar/{name}", "a.tar/etc/a.png"]


def test_links_and_devices_in_a_tar_archive_are_nothing_to_read() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            about = tarfile.TarInfo("a.png")
            about.type, about.linkname = kind, "/etc/passwd"
            file.addfile(about)
    (only,) = list_members(SourceFile("a.tar", buffer.getvalue))
    with refused(Problem.EMPTY_ARCHIVE):
        only.read()


def test_a_tar_archive_that_is_cut_off_says_so() -> None:
    data = tar_bytes({"a.png": png_bytes() * 20})[:2000]
    (only,) = list_members(SourceFile("a.tar", lambda: data))
    with refused(Problem.DAMAGED_ARCHIVE):
        only.read()


def test_a_packed_tar_archive_unpacks_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED_TAR_BYTES", 100_000)
    data = gzip.compress(tar_bytes({"a.png": bytes(10**6)}))
    (only,) = list_members(SourceFile("a.tgz", lambda: data))
    with refused(Problem.INFLATED_PACKED):
        only.read()


def test_a_tar_archive_of_millions_of_headers_is_left_after_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    data = tar_bytes({f"{number}.png": b"x" for number in range(50)})
    (only,) = list_members(SourceFile("a.tar", lambda: data))
    with refused(Problem.TOO_MANY_MEMBERS):
        only.read()


def test_dicom_files_packed_one_by_one_are_one_series(tmp_path: Path) -> None:
    for number in range(3):
        content = dicom_bytes(
            np.arange(24).reshape(4, 6) + number,
            InstanceNumber=number,
            SOPInstanceUID=f"1.2.3.{number}",
            SeriesInstanceUID="1.2.3",
        )
        (tmp_path / f"{number}.dcm.gz").write_bytes(gzip.compress(content))
    (series,) = open_paths([str(tmp_path)])
    assert len(series.slices) == 3 and series.slices[0].read().pixels.shape == (4, 6)
