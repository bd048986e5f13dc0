"""Files from the browser into this server's memory: what a session's uploaders have brought."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from brain_tumor.input.archive import folders_last
from brain_tumor.input.formats import HEAD_BYTES, MAX_SCAN_BYTES, Kind, find_format
from brain_tumor.input.no_images import is_hidden
from page.kept_file import KeptFile
from page.upload_manager import find_manager, number_of, owner_of, show_uploaders

# 500 slices are a large study; more belong on the command line, which needs no memory for them.
MAX_FILES = 500


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What a browser has sent since the last look."""

    files: list[KeptFile]
    continues: bool  # whether they belong to the batch of the files before
    goes_on: bool  # whether more of this batch may come
    order: tuple[str, ...] = ()  # names of what has come of the batch, as a person chose them


@dataclass(slots=True, eq=False)
class _Uploads:
    """What one pair of uploaders has brought."""

    version: int = 0  # a new one is a new, empty pair
    taken: set[str] = field(default_factory=set)  # identifiers
    early: set[str] = field(default_factory=set)  # identifiers of pictures that the browser has not listed yet
    names: dict[str, str] = field(default_factory=dict)  # of the batch that goes on: identifier -> name in it
    repeats: Counter[str] = field(default_factory=Counter)  # how often each name came in it
    is_ended: bool = False  # whether all of the batch has arrived that is not listed

    def end(self) -> None:
        """Forget the batch; what comes next is another one."""
        self.names.clear()
        self.repeats.clear()


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
    uploads = _uploads(key)
    name = name_uploaders(key)
    show_uploaders(name, keep=True)
    limit = MAX_SCAN_BYTES // 2**20
    version = uploads.version
    files = st.file_uploader(label, accept_multiple_files=True, key=f"{key}-files-{version}", max_upload_size=limit)
    folder = st.file_uploader(
        folder_label, accept_multiple_files="directory", key=f"{key}-folder-{version}", max_upload_size=limit
    )
    # A look into Streamlit's state is where a click ends this run: from here on there is none, or files would be lost
    # that count as taken.
    continues, is_ended, uploads.is_ended = bool(uploads.names), uploads.is_ended, False
    listed = [*files, *in_order(folder)]
    sent = [
        (upload.file_id, upload.name, upload.getvalue()) for upload in listed if upload.file_id not in uploads.taken
    ]
    uploads.taken |= {upload.file_id for upload in [*files, *folder]}
    forget_uploads([*files, *folder])
    unlisted = [record for record in _visible_records(name) if record.file_id not in uploads.taken]
    arrived = [record for record in unlisted if is_ended or _is_picture(record)]
    sent += [(record.file_id, record.name, record.data) for record in arrived]
    names = number_repeats((name for _, name, _ in sent), uploads.repeats)
    kept = [KeptFile(name, data) for name, (_, _, data) in zip(names, sent, strict=True)]
    uploads.names |= {id_: name for name, (id_, _, _) in zip(names, sent, strict=True)}
    order = _as_chosen(uploads.names)
    for record in arrived:
        _empty(record)
        uploads.taken.add(record.file_id)
        uploads.early.add(record.file_id)
    # What is gone the browser has listed now, or taken back.
    uploads.early &= set() if is_ended else _stored().keys()
    goes_on = bool(uploads.early) or bool(batch)
    if not goes_on:
        uploads.end()
    return Taken(kept, continues, goes_on, order)


def name_uploaders(key: str) -> str:
    """What `upload_manager` calls the uploaders of `take_uploads`; empty ones have another name."""
    return f"{key}-{_uploads(key).version}"


def count_taken(key: str) -> int:
    """How many files were taken from the uploaders of `take_uploads` since they were empty."""
    return len(_uploads(key).taken)


def end_batch(key: str) -> None:
    """Have the next `take_uploads` take all that has arrived, as the end of its batch.

    Args:
        key: as `take_uploads` was given.
    """
    _uploads(key).is_ended = True


def is_batch_begun(key: str) -> bool:
    """Whether something was taken of a batch of which more may come."""
    return bool(_uploads(key).names)


def _uploads(key: str) -> _Uploads:
    uploads: _Uploads = st.session_state.setdefault(f"uploads-{key}", _Uploads())
    return uploads


def _as_chosen(names: Mapping[str, str]) -> tuple[str, ...]:
    """The names of a batch: files in the order in which the browser began them, then those of folders in theirs."""
    files = [id_ for id_ in names if "/" not in names[id_]]
    folders = [name for name in names.values() if "/" in name]
    of_files = [names[id_] for id_ in sorted(files, key=number_of)]
    return (*of_files, *sorted(folders, key=lambda name: folders_last(tuple(name.split("/")))))


def _visible_records(name: str) -> list[UploadedFileRec]:
    """What is stored of this session for some uploaders."""
    records = [record for id_, record in _stored().items() if owner_of(id_) == name]
    return [record for record in records if not is_hidden(tuple(record.name.split("/")))]


def _is_picture(record: UploadedFileRec) -> bool:
    found = find_format(record.data[:HEAD_BYTES])
    return found is not None and found.kind is Kind.RASTER


def _stored() -> dict[str, UploadedFileRec]:
    context, manager = get_script_run_ctx(), find_manager()
    if context is None or not isinstance(manager, MemoryUploadedFileManager):
        return {}
    return dict(manager.file_storage.get(context.session_id, {}))


def _empty(record: UploadedFileRec) -> None:
    """Drop the content; its entry stays until the browser lists it, which tells that the batch is complete."""
    context, manager = get_script_run_ctx(), find_manager()
    if context is not None:
        # As Streamlit's class does it: it makes no room for anything, so the bound is none of its business.
        MemoryUploadedFileManager.add_file(manager, context.session_id, record._replace(data=b""))


def empty_uploaders(key: str) -> None:
    """Replace the uploaders by empty ones, and forget what they hold and what is on its way to them.

    Args:
        key: as `take_uploads` was given.
    """
    st.session_state[f"uploads-{key}"] = _Uploads(_uploads(key).version + 1)
    show_uploaders(name_uploaders(key), keep=True)  # what still arrives for the others is not stored
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
    context, manager = get_script_run_ctx(), find_manager()
    if context is None or manager is None:
        return
    if uploads is None:
        manager.remove_session_files(context.session_id)
    for upload in uploads or ():
        manager.remove_file(context.session_id, upload.file_id)
        # The widget's value lasts until the browser sends the next one, and would hold the content as long.
        upload.seek(0)
        upload.truncate()


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
