"""A file in an archive, whatever kind of archive it is."""

from collections.abc import Callable
from dataclasses import dataclass

from brain_tumor.errors import ScanError
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem


@dataclass(frozen=True, slots=True)
class Entry:
    """What an archive's directory says of one file."""

    path: str  # as the archive has it; a folder's ends with a slash
    size: int  # bytes, unpacked, as announced
    to_source: Callable[[str], SourceFile]  # takes the name that messages use


def bad_member(name: str, error: Exception) -> ScanError:
    """The error for a file that cannot be unpacked.

    Args:
        error: what a library raised.
    """
    return ScanError(name, Problem.BAD_MEMBER, found=str(error) or type(error).__name__)
