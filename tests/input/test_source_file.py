import io
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input import dicom_file, files
from brain_tumor.input.files import open_paths, to_source
from brain_tumor.input.formats import Kind, find_format
from brain_tumor.input.source_file import SourceFile, refused_source
from brain_tumor.problems import Problem
from tests.factories import png_bytes
from tests.hostile.archives import pack
from tests.input.slices import dicom_bytes
from tests.input.volumes import nifti_gz_bytes
from tests.refused import refused


class Counted:
    """Counts how often each thing is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.sniffed = 0
        self.parsed = 0
        open_file = files.open_file

        def count_open(file: str) -> BinaryIO:
            self.opened.append(Path(file).name)
            return open_file(file)

        def count_format(head: bytes) -> object:
            self.sniffed += 1
            return find_format(head)

        monkeypatch.setattr(files, "open_file", count_open)
        for module in ("source_file", "formats"):
            monkeypatch.setattr(f"brain_tumor.input.{module}.find_format", count_format)

    def count_parses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parse = dicom_file.read_header_elements

        def count_parse(data: bytes, name: str) -> object:
            self.parsed += 1
            return parse(data, name)

        monkeypatch.setattr("brain_tumor.input.dicom.read_header_elements", count_parse)


def read_all(paths: Iterable[Path]) -> int:
    """Read every slice as soon as its series is there, as a batch does; gives how many there were."""
    return sum(slice_.read().pixels.size > 0 for series in open_paths(map(str, paths)) for slice_ in series.slices)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


@pytest.mark.parametrize("count", [1, 40])
def test_a_picture_is_opened_once_and_its_format_found_once(tmp_path: Path, counted: Counted, count: int) -> None:
    for number in range(count):
        (tmp_path / f"{number}.png").write_bytes(png_bytes())
    assert read_all([tmp_path]) == count
    assert (len(counted.opened), counted.sniffed) == (count, count)


def test_a_volume_and_an_archive_are_opened_once(tmp_path: Path, counted: Counted) -> None:
    (tmp_path / "a.nii.gz").write_bytes(nifti_gz_bytes())
    (tmp_path / "b.zip").write_bytes(pack({"1.png": png_bytes()}))
    assert read_all([tmp_path]) == 6
    assert counted.opened == ["a.nii.gz", "b.zip"]


def test_a_dicom_file_is_parsed_once(tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    counted.count_parses(monkeypatch)
    for number in range(5):
        (tmp_path / f"{number}.dcm").write_bytes(dicom_bytes(InstanceNumber=number))
    assert read_all([tmp_path]) == 5
    assert (counted.parsed, counted.sniffed) == (5, 5)


def test_headers_beyond_the_room_for_them_are_parsed_again(
    tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.count_parses(monkeypatch)
    monkeypatch.setattr("brain_tumor.input.dicom._MAX_KEPT_BYTES", 0)
    (tmp_path / "1.dcm").write_bytes(dicom_bytes())
    assert read_all([tmp_path]) == 1
    assert counted.parsed == 2


def test_only_a_few_files_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams: list[BinaryIO] = []
    open_file = files.open_file

    def remember(file: str) -> BinaryIO:
        streams.append(open_file(file))
        return streams[-1]

    monkeypatch.setattr(files, "open_file", remember)
    for number in range(100):
        (tmp_path / f"{number}.png").write_bytes(png_bytes())
    series = list(open_paths([str(tmp_path)]))
    assert sum(not stream.closed for stream in streams) <= 16
    assert all(member.slices[0].read().pixels.size for member in series)
    assert all(stream.closed for stream in streams)


def test_a_file_that_nobody_reads_is_closed_when_it_goes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes())
    source = to_source(str(tmp_path / "a.png"))
    source.find_format()
    assert source._opened
    stream, gone = source._opened[0], weakref.ref(source)
    assert not stream.closed
    del source
    assert gone() is None and stream.closed


def test_content_is_the_whole_file_each_time(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes())
    source = to_source(str(tmp_path / "a.png"))
    found = source.find_format()
    assert found and found.kind is Kind.RASTER
    assert source.content() == source.content() == png_bytes()
    with source.stream() as stream:
        assert stream.read() == png_bytes()


def test_a_source_that_breaks_without_a_scan_error_gets_one() -> None:
    def break_off() -> BinaryIO:
        raise ValueError("a.png is odd")

    with refused(Problem.BROKEN_SOURCE, "a.png") as caught:
        SourceFile("a.png", png_bytes, break_off).find_format()
    assert caught.value.facts == {"found": "ValueError"}


def test_a_source_in_memory_needs_no_stream() -> None:
    with SourceFile("a.png", lambda: b"abc").stream() as stream:
        assert isinstance(stream, io.BytesIO) and stream.read() == b"abc"


def test_a_refused_source_raises_its_error_afresh() -> None:
    source = refused_source(ScanError("a.zip", Problem.EMPTY_ARCHIVE))
    for call in (source.read, source.stream, source.find_format, source.content):
        with refused(Problem.EMPTY_ARCHIVE, "a.zip"):
            call()
