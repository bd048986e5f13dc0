import pytest
from starlette.exceptions import HTTPException
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from brain_tumor.errors import ScanError
from page import uploads
from page.uploads import KeptFile, bound_uploads, kept_bytes, make_room


def record(name: str, size: int) -> UploadedFileRec:
    return UploadedFileRec(name, name, "", bytes(size))


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> MemoryUploadedFileManager:
    manager = MemoryUploadedFileManager("")
    monkeypatch.setattr(uploads, "_manager", lambda: manager)
    make_room(0, limit=0)  # what other tests have answered
    monkeypatch.setattr(uploads, "MAX_SERVER_BYTES", kept_bytes() + 100)
    bound_uploads()
    bound_uploads()
    return manager


def test_uploads_of_all_sessions_share_one_bound(manager: MemoryUploadedFileManager) -> None:
    manager.add_file("first", record("a", 60))
    with pytest.raises(HTTPException) as refusal:
        manager.add_file("other", record("b", 41))
    assert refusal.value.status_code == 413
    manager.add_file("other", record("c", 40))
    assert [file.name for file in manager.get_files("other", ["b", "c"])] == ["c"]


def test_files_that_the_page_keeps_count_until_they_go(manager: MemoryUploadedFileManager) -> None:
    kept = KeptFile("a", bytes(80))
    with pytest.raises(HTTPException):
        manager.add_file("first", record("b", 30))
    del kept
    manager.add_file("first", record("b", 30))


def test_repeated_names_get_a_number() -> None:
    assert uploads.number_repeats(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_a_folder_s_own_files_come_before_its_subfolders_and_hidden_ones_never() -> None:
    names = ["s/1.dcm", "s/3.dcm", "s/2/1.dcm", "s/.thumbs/a.png", "s/.DS_Store", "s/2.dcm", "__MACOSX/s/1.dcm"]
    folder = [UploadedFile(record(name, 1), FileURLs()) for name in names]
    shown = [upload.name for upload in uploads.in_order(folder)]
    assert shown == ["s/1.dcm", "s/2.dcm", "s/3.dcm", "s/2/1.dcm"]


def test_the_addresses_for_an_upload_outlive_another_drawing_of_the_page() -> None:
    uploads.keep_upload_addresses()
    uploads.keep_upload_addresses()
    queue = ForwardMsgQueue()
    for kind in ("file_urls_response", "delta"):
        message = ForwardMsg()
        getattr(message, kind).SetInParent()
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True)
    assert [message.WhichOneof("type") for message in queue.flush()] == ["file_urls_response"]


def test_answered_files_make_room_the_oldest_first_and_others_never(manager: MemoryUploadedFileManager) -> None:
    unopened, old, young = (KeptFile(name, bytes(30)) for name in ("unopened", "old", "young"))
    for file in (young, old):
        file.release()
    manager.add_file("first", record("b", 20))
    assert [file.is_gone for file in (unopened, old, young)] == [False, True, False]
    with pytest.raises(HTTPException):
        manager.add_file("first", record("c", 90))
    assert not unopened.is_gone and young.is_gone
    with pytest.raises(ScanError):
        old.read()
