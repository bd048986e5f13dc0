from collections.abc import Callable
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from brain_tumor.errors import ScanError
from page import upload_manager
from page.kept_file import KeptFile, kept_bytes, make_room
from page.upload_manager import keep_upload_addresses, number_of, owner_of, prepare_uploads, show_uploaders


def record(name: str, size: int = 1) -> UploadedFileRec:
    return UploadedFileRec(name, name, "", bytes(size))


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> MemoryUploadedFileManager:
    manager = MemoryUploadedFileManager("/upload_file")
    monkeypatch.setattr(upload_manager, "find_manager", lambda: manager)
    make_room(0, limit=0)  # what other tests have answered
    monkeypatch.setattr(upload_manager, "MAX_SERVER_BYTES", kept_bytes() + 100)
    prepare_uploads()
    prepare_uploads()
    return manager


@pytest.fixture
def begin(manager: MemoryUploadedFileManager, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Gives the identifier of the next upload of a session, in which a page can be drawn."""
    monkeypatch.setattr(upload_manager, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine"))
    monkeypatch.setattr("streamlit.session_state", {})
    return lambda name: manager.get_upload_urls("mine", [name])[0].file_id


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


def test_an_upload_is_named_after_the_uploaders_it_is_for(begin: Callable[[str], str]) -> None:
    show_uploaders("classify-0", keep=True)
    ids = [begin("a.png"), begin("b.png")]
    show_uploaders("compare")
    ids.append(begin("c.png"))
    assert [owner_of(id_) for id_ in ids] == ["classify-0", "classify-0", "compare"]
    assert number_of(ids[0]) < number_of(ids[1]) < number_of(ids[2])
    assert (owner_of("unnamed"), number_of("unnamed")) == ("", 0)


def test_what_arrives_for_uploaders_that_are_gone_is_not_stored(
    manager: MemoryUploadedFileManager, begin: Callable[[str], str]
) -> None:
    show_uploaders("classify-0", keep=True)
    cleared = begin("cleared.png")
    show_uploaders("classify-1", keep=True)
    kept = begin("kept.png")
    show_uploaders("compare")
    compared, late = begin("compared.png"), begin("late.png")
    for id_ in (cleared, kept, compared):
        manager.add_file("mine", record(id_))
    show_uploaders("classify-1", keep=True)
    manager.add_file("mine", record(late))
    assert set(manager.file_storage["mine"]) == {kept, compared}


def test_the_addresses_for_an_upload_outlive_another_drawing_of_the_page() -> None:
    keep_upload_addresses()
    keep_upload_addresses()
    queue = ForwardMsgQueue()
    for kind in ("file_urls_response", "delta"):
        message = ForwardMsg()
        getattr(message, kind).SetInParent()
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True)
    assert [message.WhichOneof("type") for message in queue.flush()] == ["file_urls_response"]
