import io
import threading
from pathlib import Path

import pytest

from brain_tumor.input import reopened
from brain_tumor.input.files import open_paths
from brain_tumor.input.reopened import ReopenedStream
from tests.input.test_archive import zip_bytes
from tests.input.test_dicom_series import frame


class Counted:
    """Gives streams, and counts how many of them are open."""

    def __init__(self, content: bytes) -> None:
        self.content, self.streams = content, list[io.BytesIO]()

    def __call__(self) -> io.BytesIO:
        self.streams.append(io.BytesIO(self.content))
        return self.streams[-1]

    @property
    def open(self) -> int:
        return sum(not stream.closed for stream in self.streams)


def test_it_reads_what_the_stream_holds() -> None:
    with ReopenedStream(Counted(b"0123456789")) as stream:
        assert stream.read(3) == b"012"
        assert stream.seek(-2, io.SEEK_END) == 8
        assert stream.read() == b"89"
        assert (stream.seek(4), stream.seek(1, io.SEEK_CUR), stream.tell(), stream.read(1)) == (4, 5, 5, b"5")


def test_few_of_many_are_open_and_each_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopened, "_MAX_OPEN", 3)
    source = Counted(b"abcdefgh")
    streams = [ReopenedStream(source) for _ in range(10)]
    for letter in (b"a", b"b", b"c"):
        assert [stream.read(1) for stream in streams] == [letter] * 10
        assert source.open <= 3
    for stream in streams:
        stream.close()
    assert source.open == 0


def test_threads_may_share_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reopened, "_MAX_OPEN", 2)
    wrong: list[bytes] = []

    def read(stream: ReopenedStream) -> None:
        for position in range(200):
            stream.seek(position % 8)
            if (found := stream.read(1)) != b"abcdefgh"[position % 8 : position % 8 + 1]:
                wrong.append(found)

    threads = [threading.Thread(target=read, args=(ReopenedStream(Counted(b"abcdefgh")),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_more_archives_than_a_process_may_open_hold_their_series(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    for index in range(120):
        files = {f"s/{z}": frame(6.0 * z, SeriesInstanceUID=f"1.2.{index}") for z in range(2)}
        (tmp_path / f"{index:03}.zip").write_bytes(zip_bytes(files))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        read = [slice_.read() for series in open_paths([str(tmp_path)]) for slice_ in series.slices]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(read) == 240
