"""Bad ZIP archives, files that are two things at once, and names that nobody would give a file."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import partial

from brain_tumor.problems import Problem
from tests.dicom_factory import make_dicom, pixel_elements
from tests.factories import encode, png_bytes
from tests.hostile.bad_file import READS, BadFile, bad
from tests.hostile.dicoms import scan
from tests.hostile.rasters import picture
from tests.input.volumes import nifti_bytes

_DAMAGED, _UNPACKED, _METHOD = Problem.DAMAGED_ARCHIVE, Problem.BAD_MEMBER, Problem.UNKNOWN_PACKING
_BOMB, _UNPACKS_TOO_LARGE = Problem.MEMBER_TOO_LARGE, Problem.UNPACKS_TOO_LARGE
_UNKNOWN, _NO_FILES = Problem.UNKNOWN_FORMAT, Problem.EMPTY_ARCHIVE
HOSTILE_NAMES = (
    "<script>alert(1)</script>.png",
    '"><img src=x onerror=alert(1)>.png',
    "bell\x07and\x1b[2Jescape.png",
    "two\nlines.png",
    "nothing\x00behind.png",
    "../../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\System32\\scan.png",
    "\\\\server\\share\\scan.png",
    "scan\u202egnp.exe",
    "\u200f\u2067scan.png",
    "=cmd|' /C calc'!A0.png",
    "%s%n{0}{name}.png",
    "CON",
    " ",
    "\ud800.png",
    "x" * 4000 + ".png",
    "a/" * 2000 + "scan.png",
)


def pack(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def pack_pieces(name: str, front: bytes, zeros: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive of one file, of which most is zeros that nobody holds."""
    stream, piece = io.BytesIO(), bytes(2**20)
    with zipfile.ZipFile(stream, "w", method, compresslevel=9) as archive, archive.open(name, "w") as member:
        member.write(front)
        for _ in range(zeros >> 20):
            member.write(piece)
    return stream.getvalue()


def with_entry(data: bytes, offset: int, value: int, kind: str = "<I") -> bytes:
    """The archive with another number in the first entry of its directory."""
    changed = bytearray(data)
    struct.pack_into(kind, changed, data.index(b"PK\x01\x02") + offset, value)
    return bytes(changed)


def with_end(data: bytes, offset: int, value: int, kind: str = "<I") -> bytes:
    """The archive with another number in the record that ends it."""
    changed = bytearray(data)
    struct.pack_into(kind, changed, data.rindex(b"PK\x05\x06") + offset, value)
    return bytes(changed)


def overlapping(entries: int) -> bytes:
    """So many entries of a directory that all stand for one and the same packed file."""
    data = pack({"a.png": bytes(2**20)})
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, len(entry) * entries, start, 0)
    return data[:start] + entry * entries + tail


def directory_of(entries: int) -> bytes:
    """A directory of so many entries, none of which has a file."""
    entry = struct.pack("<I", 0x02014B50) + bytes(42)
    return b"PK\x03\x04" + entry * entries + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(entry), 4, 0)


def boxed(data: bytes, depth: int) -> bytes:
    """An archive in an archive, and so on."""
    for _ in range(depth):
        data = pack({"a.zip": data})
    return data


def many_inside(copies: int) -> bytes:
    """So many archives in one, each of which unpacks to 60 MB of zeros."""
    inner = pack_pieces("a.png", b"", 60 * 2**20)
    return pack({f"{number}.zip": inner for number in range(copies)})


def link(target: str) -> bytes:
    """An archive with a symbolic link."""
    entry = zipfile.ZipInfo("link.png")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(entry, target)
    return stream.getvalue()


def large_window() -> bytes:
    """A file packed by LZMA that asks for a window of four gigabytes."""
    data = bytearray(pack({"a.png": bytes(5000)}, zipfile.ZIP_LZMA))
    offset = 30 + len("a.png") + 4 + 1  # behind the local header, LZMA's version and size, and its first property
    data[offset : offset + 4] = b"\xff" * 4
    return bytes(data)


def large_dicom() -> bytes:
    """A DICOM file of 1000 MB of zeros in an archive of one."""
    front = make_dicom(None, **pixel_elements(500, 1000), NumberOfFrames=1000)
    size = 500 * 1000 * 2 * 1000
    return pack_pieces("a.dcm", front + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size), size + 2**20)


def tar_bytes(members: dict[str, bytes], pax: bool = False) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT) as file:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            file.addfile(about, io.BytesIO(content))
    return buffer.getvalue()


def pack_twice(name: str) -> bytes:
    """An archive of two files of one name."""
    return pack({name: png_bytes(), "b" + name[1:]: png_bytes(32)}).replace(("b" + name[1:]).encode(), name.encode())


ARCHIVES: tuple[BadFile, ...] = (
    bad("mark-only.zip", b"PK\x03\x04", _DAMAGED),
    bad("no-files.zip", lambda: pack({}), _NO_FILES),
    bad("folders-only.zip", lambda: pack({"a/": b"", "a/b/": b""}), _NO_FILES),
    bad("cut.zip", lambda: pack({"a.png": png_bytes()})[:-30], _DAMAGED),
    bad("directory-elsewhere.zip", lambda: with_end(pack({"a.png": png_bytes()}), 16, 2**31), _UNPACKED),
    bad("directory-too-long.zip", lambda: with_end(pack({"a.png": png_bytes()}), 12, 2**31), _DAMAGED),
    bad("file-elsewhere.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 42, 2**30), _UNPACKED),
    bad("other-name-inside.zip", lambda: pack({"a.png": png_bytes()}).replace(b"a.png", b"b.png", 1), _UNPACKED),
    bad("wrong-checksum.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 16, 7), Problem.BROKEN_SOURCE),
    bad("encrypted.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 8, 1, "<H"), Problem.ENCRYPTED),
    bad("unknown-method.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 10, 97, "<H"), _METHOD),
    bad("announces-less.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 24, 10), ""),
    bad("announces-500-megabytes.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 24, 500 * 10**6),
        _BOMB),
    bad("announces-4-gigabytes.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 24, 2**32 - 2),
        _UNPACKS_TOO_LARGE),
    bad("packed-size-of-4-gigabytes.zip", lambda: with_entry(pack({"a.png": png_bytes()}), 20, 2**32 - 2), READS),
    bad("flat-bomb.zip", lambda: pack_pieces("a.png", b"", 2**29), _BOMB),
    bad("picture-bomb.zip", lambda: pack_pieces("a.png", png_bytes(), 2**29), _BOMB),
    bad("volume-bomb.zip", lambda: pack_pieces("a.nii", nifti_bytes(), 2**29), READS),
    bad("dicom-bomb.zip", large_dicom, _BOMB),
    bad("bzip2-bomb.zip", lambda: pack_pieces("a.png", b"", 2**29, zipfile.ZIP_BZIP2), _METHOD),
    bad("lzma-bomb.zip", lambda: pack_pieces("a.png", b"", 2**28, zipfile.ZIP_LZMA), _METHOD),
    bad("lzma-of-a-large-window.zip", large_window, _METHOD),
    bad("boxed-twice.zip", lambda: boxed(pack({"a.png": png_bytes()}), 2), READS),
    bad("boxed-30-times.zip", lambda: boxed(pack({"a.png": png_bytes()}), 30), Problem.NESTED_TOO_DEEP),
    bad("bombs-in-an-archive.zip", lambda: many_inside(5), *[_UNKNOWN] * 5),
    bad("5000-entries-of-one-file.zip", lambda: overlapping(5000), _UNPACKS_TOO_LARGE),
    bad("20-entries-of-one-file.zip", lambda: overlapping(20), ""),
    bad("60000-entries.zip", lambda: directory_of(60_000), Problem.TOO_MANY_MEMBERS),
    bad("3000-empty-files.zip", lambda: pack({f"{number}.png": b"" for number in range(3000)}), Problem.EMPTY),
    bad("no-name.zip", lambda: pack({"a.png": png_bytes()}).replace(b"a.png", b"\x00.png"), _NO_FILES),
    bad("same-name-twice.zip", lambda: pack_twice("a.png"), READS),
    bad("long-remark.zip", lambda: with_end(pack({"a.png": png_bytes()}), 20, 65_535, "<H") + bytes(65_535), READS),
    bad("link.zip", lambda: link("/etc/passwd"), _UNKNOWN),
    bad("good-and-bad.zip", lambda: pack({"a.png": png_bytes(), "b.png": b"?", "c.dcm": scan()[:-9], "d": b""}),
        READS, _UNKNOWN, Problem.EMPTY, Problem.CUT_OFF),
    bad("letter.docx", lambda: pack({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}),
        Problem.EMPTY_ARCHIVE),
    bad("shell.zip", lambda: b"#!/bin/sh\nexit\n" + pack({"a.png": png_bytes()}), _UNKNOWN),
    bad("picture-and-archive.png", lambda: png_bytes() + pack({"a.png": png_bytes()}), READS),
    bad("photo-and-archive.jpg", lambda: encode(picture(), "JPEG") + pack({"a.png": png_bytes()}), READS),
    bad("dicom-and-archive.dcm", lambda: scan() + pack({"a.png": png_bytes()}), ""),
    bad("archive-and-picture.zip", lambda: pack({"a.png": png_bytes()}) + png_bytes(), READS),
)  # fmt: skip
INNER_NAMES: tuple[BadFile, ...] = tuple(
    bad(f"names-{number}.zip", partial(pack, {name: png_bytes()}), READS)
    for number, name in enumerate(HOSTILE_NAMES)
    if name.isascii()
)
NAMES: tuple[BadFile, ...] = (
    *(bad(name, png_bytes, READS) for name in HOSTILE_NAMES),
    *(bad(f"cut {name}", lambda: png_bytes()[:40], Problem.DAMAGED) for name in HOSTILE_NAMES),
    *(bad(name, lambda: scan()[:-9], Problem.CUT_OFF) for name in HOSTILE_NAMES),
)
