"""Volumes in two files, found from either of them: the voxels that somebody names stand for the header beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePath

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import Kind
from brain_tumor.input.nifti import to_header_name
from brain_tumor.input.source_file import SourceFile


def join_pairs(files: Iterable[SourceFile]) -> Iterator[SourceFile]:
    """The same files; of a ``.hdr`` and ``.img`` that were both given, the first stands for both, as its header."""
    seen = set[str]()
    for file in files:
        header_name = to_header_name(file.name)
        name = str(PurePath(file.name).with_name(header_name)) if header_name else file.name
        if not name.lower().endswith((".hdr", ".hdr.gz")):
            yield file
            continue
        stem = name.lower().removesuffix(".gz")
        if stem in seen:
            continue
        header = _find_header(file, header_name) if header_name else file
        if header is not None:
            seen.add(stem)
        yield replace(header, name=file.name) if header is not None else file


def _find_header(file: SourceFile, name: str) -> SourceFile | None:
    for beside in map(file.find_beside, (name, name.replace(".hdr", ".HDR"), f"{name}.gz")):
        if beside is None:
            continue
        try:
            found = beside.find_format()
        except ScanError:
            continue
        if found is not None and found.kind in (Kind.VOLUME, Kind.PACKED):
            return beside
    return None
