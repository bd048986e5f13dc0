"""Uploads as the reader takes them: each knows the files that came beside it, such as the other half of a volume."""

import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import PurePath

from brain_tumor.input.no_images import is_part_of_volume
from brain_tumor.input.source_file import SourceFile
from page.kept_file import KeptFile


def to_sources(files: Iterable[KeptFile]) -> dict[str, SourceFile]:
    """The sources of some uploads, by their names. What lies in a folder was not chosen one by one."""
    files = tuple(files)
    # Weak, so that no file stays in memory because another one came with it.
    known = {file.name: weakref.ref(file) for file in files}
    return {file.name: _to_source(file, known) for file in files}


def find_partners(name: str, files: Iterable[KeptFile]) -> tuple[KeptFile, ...]:
    """The uploads that hold the voxels of a volume whose header is another one.

    Args:
        name: of the header.
        files: that came together.
    """
    files, header = tuple(files), PurePath(name)
    # Among hundreds of files few begin so, and a look at each one's path would take seconds for all of them.
    beginning = name.removesuffix(header.name) + _stem(name)
    alike = [
        file
        for file in files
        if file.name.startswith(beginning)
        and file.name != name
        and PurePath(file.name).parent == header.parent
        and _stem(file.name) == _stem(name)
    ]
    sources = to_sources(files) if alike else {}
    return tuple(file for file in alike if is_part_of_volume(sources[file.name])) if name in sources else ()


def _stem(name: str) -> str:
    return PurePath(PurePath(name).name.removesuffix(".gz")).stem


def _to_source(file: KeptFile, known: Mapping[str, weakref.ref[KeptFile]]) -> SourceFile:
    beside = partial(_find_beside, known, PurePath(file.name))
    return SourceFile(file.name, file.read, is_found="/" in file.name, find_beside=beside)


def _find_beside(known: Mapping[str, weakref.ref[KeptFile]], file: PurePath, name: str) -> SourceFile | None:
    if not name or PurePath(name).name != name:
        return None
    reference = known.get(str(file.with_name(name)))
    found = reference() if reference else None
    return _to_source(found, known) if found is not None else None
