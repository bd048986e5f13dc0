"""Everything that a person can name as input: paths, folders, patterns, and URLs."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from brain_tumor.input.file_names import is_url
from brain_tumor.input.files import find_all, open_named, to_source
from brain_tumor.input.no_images import LeftOut, is_no_image
from brain_tumor.input.object_store import find_objects, to_remote_source
from brain_tumor.input.source_file import SourceFile


class Found(NamedTuple):
    """A file by its name; cheap to send to another process."""

    name: str  # path or URL
    is_found: bool  # by a search; otherwise somebody named it

    def to_source(self) -> SourceFile:
        """The file as open_series takes it; nothing is read yet."""
        return to_remote_source(self.name, self.is_found) if is_url(self.name) else to_source(self.name, self.is_found)


def find_any(names: Iterable[str], skip: Collection[Path] = (), left_out: LeftOut | None = None) -> Iterator[Found]:
    """The files that paths, folders, patterns and URLs name, one folder at a time; none is opened.

    Args:
        names: as a person gives them; see find_files and find_objects.
        skip: resolved paths to leave out, folders with all that they hold.
        left_out: counts what is left out for its name.
    """
    left_out = left_out or LeftOut()
    for name in names:
        yield from map(Found._make, find_objects(name) if is_url(name) else find_all([name], skip, left_out))


def find_any_sources(names: Iterable[str]) -> Iterator[SourceFile]:
    """The images that paths, folders, patterns and URLs name, as open_series takes them."""
    return keep_images(find_any(names), LeftOut())


def keep_images(found: Iterable[Found], left_out: LeftOut) -> Iterator[SourceFile]:
    """The files as open_series takes them, but for those that a search found and that are no images.

    A DICOMDIR that is named gives what it lists.

    Args:
        found: of find_any; the first bytes of some are read.
        left_out: counts what is left out.
    """
    for file in found:
        source = file.to_source()
        if not file.is_found and not is_url(file.name):
            yield from open_named(source)
        elif file.is_found and is_no_image(source):
            left_out.add(file.name)
        else:
            yield source
