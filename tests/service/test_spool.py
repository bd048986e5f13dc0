import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.spool import IN_MEMORY_BYTES, Spool, Storage, Upload

UploadsOf = Callable[..., list[Upload]]


@pytest.fixture
def uploads_of(new_spool: Callable[[], Spool]) -> UploadsOf:
    """Files of one request."""

    def make(*contents: bytes) -> list[Upload]:
        spool, uploads = new_spool(), list[Upload]()
        for number, content in enumerate(contents, 1):
            uploads.append(Upload(f"{number}", number, spool, spool.size_bytes, len(content)))
            spool.append(content)
        spool.finish()
        return uploads

    return make


def test_files_lie_behind_each_other_and_read_as_they_were(uploads_of: UploadsOf) -> None:
    first, empty, last = (upload.to_source() for upload in uploads_of(b"one", b"", b"three"))
    assert (first.read(), empty.read(), last.read()) == (b"one", b"", b"three")
    assert last.content() == b"three"


def test_a_stream_has_a_position_of_its_own_and_ends_where_its_file_ends(uploads_of: UploadsOf) -> None:
    first, last = (upload.to_source() for upload in uploads_of(b"12345", b"67890"))
    stream, other = first.stream(), last.stream()
    assert stream.read(2) == b"12" and other.read(2) == b"67" and stream.read() == b"345" and stream.read() == b""
    assert stream.seek(-2, io.SEEK_END) == 3 and stream.read(99) == b"45"
    assert stream.seek(1) == 1 and stream.seek(1, io.SEEK_CUR) == 2 and stream.read(1) == b"3"
    assert stream.seek(7) == 7 and stream.read(1) == b""
    with pytest.raises(ValueError, match="before the start"):
        stream.seek(-6, io.SEEK_END)


def test_many_threads_read_one_large_spool(uploads_of: UploadsOf) -> None:
    contents = [bytes([number]) * (IN_MEMORY_BYTES // 3) for number in range(8)]
    uploads = uploads_of(*contents)  # in a file, since that is more than is kept in memory
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda upload: upload.to_source().read(), uploads * 4))
    assert found == contents * 4


def test_an_archive_is_read_from_within(uploads_of: UploadsOf) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", b"x" * 100_000)
    _, upload = uploads_of(b"before", stream.getvalue())
    with zipfile.ZipFile(upload.to_source().stream()) as archive:
        assert archive.read("inner.txt") == b"x" * 100_000


def test_a_closed_spool_gives_nothing(uploads_of: UploadsOf) -> None:
    (upload,) = uploads_of(b"one")
    stream = upload.to_source().stream()
    upload.spool.close()
    with pytest.raises(ValueError, match="closed"):
        stream.read()


def test_storage_counts_what_all_requests_keep() -> None:
    storage = Storage(limit_mib=1)
    storage.take(2**20, retry_after_s=3)
    with pytest.raises(RefusedError) as caught:
        storage.take(1, retry_after_s=3)
    assert (caught.value.refusal, caught.value.retry_after_s) == (Refusal.NO_ROOM, 3)
    storage.give_back(1)
    storage.take(1, retry_after_s=3)


def test_a_full_disk_is_a_refusal(monkeypatch: pytest.MonkeyPatch, new_spool: Callable[[], Spool]) -> None:
    spool = new_spool()

    def full(data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool._file, "write", full)
    with pytest.raises(RefusedError, match="No space left on device") as caught:
        spool.append(b"1")
    assert caught.value.refusal is Refusal.NO_ROOM
