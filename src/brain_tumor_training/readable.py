"""Before a training: can every image be read? All that cannot are named at once, not one an hour."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from brain_tumor.errors import DatasetError, ScanError
from brain_tumor.input.files import read_file
from brain_tumor.input.reader import read_scan
from brain_tumor_training.splits import SplitRow

# Pillow and NumPy release the interpreter lock, so two threads keep two cores busy.
_READERS = 2
_SHOWN = 20


def find_unreadable(names: Sequence[str], data: Path) -> dict[str, str]:
    """Images that cannot be read, and why.

    Args:
        names: paths below data.
        data: the folder of the images.
    """

    def look(name: str) -> str | None:
        try:
            read_scan(read_file(str(data / name)), name)
        except ScanError as error:
            return error.message
        return None

    with ThreadPoolExecutor(_READERS) as pool:
        answers = tqdm(pool.map(look, names), "checking files", len(names), unit="file", disable=None)
        return {name: why for name, why in zip(names, answers, strict=True) if why}


def describe_unreadable(found: dict[str, str], data: Path) -> str:
    """The images that cannot be read, one a line, with the folder that they lie in."""
    lines = [f"  {data / name}: {why}" for name, why in list(found.items())[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"  and {len(found) - _SHOWN} more")
    return "\n".join(lines)


def keep_readable(rows: Sequence[SplitRow], data: Path, *, skip: bool) -> tuple[list[SplitRow], dict[str, str]]:
    """The rows whose images can be read, and what was left out.

    The parts of the others stay as they are, so that a file that is mended later changes nothing else.

    Args:
        rows: a split.
        data: the folder of the images.
        skip: go on without the others; else they are an error.

    Raises:
        DatasetError: images cannot be read, and skip is not said.
    """
    found = find_unreadable([row.path for row in rows], data)
    if found and not skip:
        raise DatasetError(
            f"{data}: {len(found)} of {len(rows)} images cannot be read; mend or remove them, or go on without them "
            f"with --skip-unreadable:\n{describe_unreadable(found, data)}"
        )
    return [row for row in rows if row.path not in found], found
