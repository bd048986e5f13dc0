"""Streamlit's manager of uploads, made to bound them all together and to know whose each of them is."""

import weakref
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import count
from typing import Any

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

from page.kept_file import make_room

# 500 DICOM slices of 512 x 512 at two bytes a pixel. With the network, Python and the answers, about 330 MB, a server
# that is full stays below the 700 MB that small hosts give.
MAX_SERVER_BYTES = 256 * 2**20
# Of one file, as .streamlit/config.toml says it to the server: a float network has 85 MB. Images may have less.
MAX_UPLOAD_BYTES = 128 * 2**20

# Why an upload was refused, where it would take them all above MAX_SERVER_BYTES.
SERVER_IS_FULL = "the server holds as many uploads as it can; clear some, or try again later"

_KEY = "uploaders"
_numbers = count()


class Uploaders:
    """The names of the uploaders that a session's files are for: an upload goes on when one leaves its page."""

    def __init__(self) -> None:
        self.shown = ""  # those on the page that stands in the browser
        self.kept = ""  # those that take files also after a look at another page


# They live in their session's state, and leave this when the session ends.
_sessions: weakref.WeakValueDictionary[str, Uploaders] = weakref.WeakValueDictionary()


def show_uploaders(name: str, *, keep: bool = False) -> None:
    """Say whose the uploads are that the browser begins from now on.

    Args:
        name: of the uploaders on the page.
        keep: whether they take what arrives after a look at another page, too; from now on no others do.
    """
    uploaders: Uploaders = st.session_state.setdefault(_KEY, Uploaders())
    uploaders.shown = name
    if keep:
        uploaders.kept = name
    if context := get_script_run_ctx():
        _sessions[context.session_id] = uploaders


def owner_of(file_id: str) -> str:
    """Name of the uploaders that an upload is for; empty for one that began before the page was drawn."""
    return file_id.rpartition(".")[0].rpartition(".")[0]


def number_of(file_id: str) -> int:
    """How many uploads of this server began before; those of one selection begin in the order of their files."""
    number = file_id.rpartition(".")[0].rpartition(".")[2]
    return int(number) if number else 0


def prepare_uploads() -> None:
    """Make this server know whose an upload is, and refuse one that would take all above MAX_SERVER_BYTES."""
    # Starlette would put uploads above 1 MB into a temporary file; here they stay in memory.
    MultiPartParser.spool_max_size = MAX_UPLOAD_BYTES
    manager = find_manager()
    # A function set on the manager itself hides its method of the same name: it is prepared already.
    if isinstance(manager, MemoryUploadedFileManager) and "add_file" not in vars(manager):
        vars(manager)["add_file"] = _bounded(manager)
        vars(manager)["get_upload_urls"] = _owned(manager)


def find_manager() -> Any:
    """Streamlit's manager of uploads; None outside of a page."""
    context = get_script_run_ctx()
    return None if context is None else context.uploaded_file_mgr


def keep_upload_addresses() -> None:
    """Make Streamlit send the addresses that a browser has asked for to upload files to.

    When a page is drawn again, Streamlit 1.67 drops what it has not sent yet, these addresses too: the browser waits
    for them for ever, and the files that it was given are never sent.
    """
    if hasattr(ForwardMsgQueue.clear, "__wrapped__"):
        return  # done already
    clear_all = ForwardMsgQueue.clear

    @wraps(clear_all)
    def clear(
        queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        addresses = [message for message in queue._queue if message.WhichOneof("type") == "file_urls_response"]
        clear_all(queue, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:
            kept = {id(message) for message in queue._queue}
            queue._queue += [message for message in addresses if id(message) not in kept]

    ForwardMsgQueue.clear = clear  # type: ignore[method-assign, assignment]


def _owned(manager: MemoryUploadedFileManager) -> Callable[[str, Sequence[str]], list[UploadFileUrlInfo]]:
    def get_upload_urls(session_id: str, file_names: Sequence[str]) -> list[UploadFileUrlInfo]:
        uploaders = _sessions.get(session_id)
        infos = MemoryUploadedFileManager.get_upload_urls(manager, session_id, file_names)
        if uploaders is None:
            return infos
        names = [f"{uploaders.shown}.{next(_numbers)}.{info.file_id}" for info in infos]
        addresses = [f"{manager.endpoint}/{session_id}/{name}" for name in names]
        return [UploadFileUrlInfo(name, address, address) for name, address in zip(names, addresses, strict=True)]

    return get_upload_urls


def _bounded(manager: MemoryUploadedFileManager) -> Callable[[str, UploadedFileRec], None]:
    add_file = manager.add_file

    def add(session_id: str, file: UploadedFileRec) -> None:
        uploaders = _sessions.get(session_id)
        if uploaders and owner_of(file.file_id) not in (uploaders.shown, uploaders.kept):
            return  # cleared meanwhile, or for a page that one has left
        waiting = sum(len(sent.data) for files in list(manager.file_storage.values()) for sent in list(files.values()))
        if not make_room(waiting + len(file.data), MAX_SERVER_BYTES):
            # Status 413 makes the browser mark this file as refused; the others go on.
            raise HTTPException(413, SERVER_IS_FULL)
        add_file(session_id, file)

    return add
