"""Files from the browser into this server's memory, and the bounds of that memory."""

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from brain_tumor.errors import ScanError
from brain_tumor.input.archive import folders_last
from brain_tumor.input.formats import HEAD_BYTES, MAX_SCAN_BYTES, Kind, find_format
from brain_tumor.input.no_images import is_hidden
from brain_tumor.problems import Problem

# 500 slices are a large study; more belong on the command line, which needs no memory for them.
MAX_FILES = 500
# 500 DICOM slices of 512 x 512 at two bytes a pixel. With the network, Python and the answers, about 330 MB, a server
# that is full stays below the 700 MB that small hosts give.
MAX_SERVER_BYTES = 256 * 2**20
# Of one file, as .streamlit/config.toml says it to the server: a float network has 85 MB. Images have less, see below.
MAX_UPLOAD_BYTES = 128 * 2**20

# Why an upload was refused, where it would take them all above MAX_SERVER_BYTES.
SERVER_IS_FULL = "the server holds as many uploads as it can; clear some, or try again later"


class KeptFile:
    """An uploaded file's content, in memory until nothing refers to it any more.

    Once it is answered it is only there to be looked at, and goes when others need the room.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._data: bytes | None = data
        self._claims = 1  # of its maker, until it is opened
        with _lock:
            self.age = next(_ages)
            _kept.add(self)

    def read(self) -> bytes:
        """The whole content.

        Raises:
            ScanError: others needed the room.
        """
        data = self._data
        if data is None:
            raise ScanError(self.name, Problem.BROKEN_SOURCE, found="no longer in memory")
        return data

    def claim(self) -> None:
        """Keep it until `release`: something in it is not answered yet."""
        self._claims += 1

    def release(self) -> None:
        """End one claim; without any, the content may go."""
        self._claims -= 1

    def drop(self) -> None:
        """Let the content go, unless something still needs it."""
        if self._claims <= 0:
            self._data = None

    @property
    def is_gone(self) -> bool:
        """Whether the content went, because others needed the room."""
        return self._data is None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._data or b"")


_lock = threading.Lock()
# Of all sessions: when the last reference to a file goes, it leaves this set by itself.
_kept: weakref.WeakSet[KeptFile] = weakref.WeakSet()
_ages = count()


def kept_bytes() -> int:
    """Bytes that all sessions of this server keep of uploads."""
    with _lock:
        return sum(file.size for file in _kept)


def make_room(needed: int, limit: int) -> bool:
    """Let go of answered files, the oldest first, until so many bytes fit.

    Args:
        needed: bytes that come.
        limit: what all sessions may keep with them.

    Returns:
        Whether they fit now.
    """
    with _lock:
        files = sorted(_kept, key=lambda file: file.age)
    for file in files:
        if kept_bytes() + needed <= limit:
            break
        file.drop()
    return kept_bytes() + needed <= limit


def bound_uploads() -> None:
    """Make this server refuse an upload that would take all uploads of all sessions above MAX_SERVER_BYTES."""
    # Starlette would put uploads above 1 MB into a temporary file; here they stay in memory.
    MultiPartParser.spool_max_size = MAX_UPLOAD_BYTES
    manager = _manager()
    # A function set on the manager itself hides its method of the same name: it is bounded already.
    if isinstance(manager, MemoryUploadedFileManager) and "add_file" not in vars(manager):
        vars(manager)["add_file"] = _bounded(manager)


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


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What a browser has sent since the last look."""

    files: list[KeptFile]
    continues: bool  # whether they belong to the batch of the files before
    goes_on: bool  # whether more of this batch may come
    order: tuple[str, ...] = ()  # names of the batch as a person chose them, once all are there


def take_uploads(label: str, folder_label: str, key: str, batch: int = 0) -> Taken:
    """Draw the two uploaders, one for files and one for a folder.

    Streamlit tells a page of its files when the last of a batch is there. A picture needs no other file to be answered,
    so pictures are taken before, as they come; what may be one of a series waits for the whole batch. After a look at
    another page it is never told of files that were on their way: `end_batch` has them taken.

    The widgets stay as they are: a browser that is still sending the next batch would lose it with a new widget. Only
    Streamlit's own copies of the files that were taken are forgotten, at once.

    Args:
        label: above the uploader of files.
        folder_label: above the uploader of a folder.
        key: of both widgets.
        batch: number of the batch that the browser is sending in two parts; 0 for none.

    Returns:
        What was sent since the last call, each under a name of its own in its batch.
    """
    # A new key is a new, empty uploader.
    version = st.session_state.setdefault(f"uploaders-{key}", 0)
    taken: set[str] = st.session_state.setdefault(f"taken-{key}-{version}", set())
    limit = MAX_SCAN_BYTES // 2**20
    files = st.file_uploader(label, accept_multiple_files=True, key=f"{key}-files-{version}", max_upload_size=limit)
    folder = st.file_uploader(
        folder_label, accept_multiple_files="directory", key=f"{key}-folder-{version}", max_upload_size=limit
    )
    # Identifier and name of each picture that was taken and is not listed by the browser yet.
    early: dict[str, str] = st.session_state.setdefault(f"early-{key}-{version}", {})
    names: Counter[str] = st.session_state.setdefault(f"names-{key}-{version}", Counter())
    # Of a batch in two parts: the names that the browser has listed, of files and of folders.
    chosen: dict[int, tuple[list[str], list[str]]] = st.session_state.setdefault(f"chosen-{key}-{version}", {})
    is_ended: bool = st.session_state.get(f"ended-{key}-{version}", False)
    reserved: set[str] = st.session_state.get("reserved-uploads", set())
    st.session_state[f"ended-{key}-{version}"] = False
    # A look into Streamlit's state is where a click ends this run: from here on there is none, or files would be lost
    # that count as taken.
    continues = bool(early) or batch in chosen
    listed = [*files, *in_order(folder)]
    sent = [(upload.file_id, upload.name, upload.getvalue()) for upload in listed if upload.file_id not in taken]
    taken |= {upload.file_id for upload in [*files, *folder]}
    forget_uploads([*files, *folder])
    arrived = [record for record in _unlisted_records(taken | reserved) if is_ended or _is_picture(record)]
    sent += [(record.file_id, record.name, record.data) for record in arrived]
    named = dict(zip((id_ for id_, _, _ in sent), number_repeats((name for _, name, _ in sent), names), strict=True))
    kept = [KeptFile(named[id_], data) for id_, _, data in sent]
    known = early | named
    order = tuple(known[upload.file_id] for upload in listed if upload.file_id in known)
    for record in arrived:
        _empty(record)
        taken.add(record.file_id)
        early[record.file_id] = named[record.file_id]
    stored = _stored()
    for id_ in [id_ for id_ in early if is_ended or id_ not in stored]:
        del early[id_]  # the browser has listed it now, has taken it back, or never lists it
    if batch and (kept or order):
        of_files, of_folders = chosen.setdefault(batch, ([], []))
        of_files += [known[upload.file_id] for upload in files if upload.file_id in known]
        of_folders += [known[upload.file_id] for upload in folder if upload.file_id in known]
        order = (*of_files, *sorted(of_folders, key=lambda name: folders_last(tuple(name.split("/")))))
    goes_on = bool(early) or bool(batch)
    if not goes_on:
        names.clear()
        chosen.clear()
    return Taken(kept, continues, goes_on, order)


def count_taken(key: str) -> int:
    """How many files were taken from the uploaders of `take_uploads` since they were empty."""
    version = st.session_state.get(f"uploaders-{key}", 0)
    return len(st.session_state.get(f"taken-{key}-{version}", ()))


def end_batch(key: str) -> None:
    """Have the next `take_uploads` take all that has arrived, as the end of its batch.

    Args:
        key: as `take_uploads` was given.
    """
    version = st.session_state.get(f"uploaders-{key}", 0)
    st.session_state[f"ended-{key}-{version}"] = True


def is_taken_in_part(key: str, batch: int) -> bool:
    """Whether something of a batch that the browser is sending in two parts was taken."""
    version = st.session_state.get(f"uploaders-{key}", 0)
    return batch in st.session_state.get(f"chosen-{key}-{version}", {})


def reserve_uploads(uploads: Iterable[UploadedFile]) -> None:
    """Keep files of another page's uploaders from `take_uploads`."""
    st.session_state.setdefault("reserved-uploads", set()).update(upload.file_id for upload in uploads)


def _unlisted_records(taken: Collection[str]) -> list[UploadedFileRec]:
    """What has arrived for this session, and no widget tells of yet."""
    records = [record for id_, record in _stored().items() if id_ not in taken]
    return [record for record in records if not is_hidden(tuple(record.name.split("/")))]


def _is_picture(record: UploadedFileRec) -> bool:
    found = find_format(record.data[:HEAD_BYTES])
    return found is not None and found.kind is Kind.RASTER


def _stored() -> dict[str, UploadedFileRec]:
    context, manager = get_script_run_ctx(), _manager()
    if context is None or not isinstance(manager, MemoryUploadedFileManager):
        return {}
    return dict(manager.file_storage.get(context.session_id, {}))


def _empty(record: UploadedFileRec) -> None:
    """Drop the content; its entry stays until the browser lists it, which tells that the batch is complete."""
    context, manager = get_script_run_ctx(), _manager()
    if context is not None:
        # As Streamlit's class does it: it makes no room for anything, so the bound is none of its business.
        MemoryUploadedFileManager.add_file(manager, context.session_id, record._replace(data=b""))


def empty_uploaders(key: str) -> None:
    """Replace the uploaders by empty ones, and forget what they hold; a file that is still on its way is lost.

    Args:
        key: as `take_uploads` was given.
    """
    version = st.session_state.get(f"uploaders-{key}", 0)
    for kind in ("taken", "early", "names", "chosen", "ended"):
        st.session_state.pop(f"{kind}-{key}-{version}", None)
    st.session_state[f"uploaders-{key}"] = version + 1
    forget_uploads()


def in_order(folder: Iterable[UploadedFile]) -> list[UploadedFile]:
    """A folder's visible files in the order of the command line, each folder's own before its subfolders'.

    A browser sends them in no particular order, and files of one series must follow each other.
    """
    paths = [(tuple(upload.name.split("/")), upload) for upload in folder]
    return [upload for parts, upload in sorted(paths, key=lambda path: folders_last(path[0])) if not is_hidden(parts)]


def forget_uploads(uploads: Sequence[UploadedFile] | None = None) -> None:
    """Remove Streamlit's own copy of uploads of this session; otherwise it stays until the browser leaves.

    Args:
        uploads: those that the page has taken; others may still be on their way to it. None: all.
    """
    context, manager = get_script_run_ctx(), _manager()
    if context is None or manager is None:
        return
    if uploads is None:
        manager.remove_session_files(context.session_id)
    for upload in uploads or ():
        manager.remove_file(context.session_id, upload.file_id)
        # The widget's value lasts until the browser sends the next one, and would hold the content as long.
        upload.seek(0)
        upload.truncate()


def _manager() -> Any:
    context = get_script_run_ctx()
    return None if context is None else context.uploaded_file_mgr


def _bounded(manager: MemoryUploadedFileManager) -> Callable[[str, UploadedFileRec], None]:
    add_file = manager.add_file

    def add(session_id: str, file: UploadedFileRec) -> None:
        waiting = sum(len(sent.data) for files in list(manager.file_storage.values()) for sent in list(files.values()))
        if not make_room(waiting + len(file.data), MAX_SERVER_BYTES):
            # Status 413 makes the browser mark this file as refused; the others go on.
            raise HTTPException(413, SERVER_IS_FULL)
        add_file(session_id, file)

    return add


def number_repeats(names: Iterable[str], seen: Counter[str] | None = None) -> list[str]:
    """The names, with a number behind those that came before: answers and reports call files by their names.

    Args:
        names: of files.
        seen: how often each came before; counts these too.
    """
    seen = Counter() if seen is None else seen
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return numbered
