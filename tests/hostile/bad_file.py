"""What a bad file is: how to make it, and what its message must say."""

from collections.abc import Callable
from dataclasses import dataclass, field

READS = "reads"
# Above what the program itself takes once its libraries are loaded.
MAX_MEMORY_MB = 400
# Of processor time, not of a clock's, since other work may keep the processor busy.
MAX_PROCESSOR_S = 5
# Stands in every header that can hold a name; a message with it would tell who was examined.
PATIENT = "CANARY^JANE"


@dataclass(frozen=True)
class BadFile:
    """One file; nothing of it is stored, its bytes are made when a test asks for them."""

    name: str
    build: Callable[[], bytes] = field(repr=False)
    # A problem, READS, or "" for any of them: of every slice alike, or, if several, of one slice after the other.
    expected: tuple[str, ...]


def bad(name: str, build: Callable[[], bytes] | bytes, *expected: str) -> BadFile:
    """One row of a table; build: what makes the bytes, or the bytes themselves where they are few."""
    content = build
    return BadFile(name, (lambda: content) if isinstance(content, bytes) else content, expected)
