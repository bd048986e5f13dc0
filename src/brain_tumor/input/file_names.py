"""Names of files as people give them, paths and URLs alike; nothing is asked of a disk."""

import re
from collections.abc import Iterable
from pathlib import PurePath

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_url(path: str) -> bool:
    """Whether a name begins as a URL does, ``s3://`` or ``file://`` for instance."""
    return _URL.match(path) is not None


def find_folder(names: Iterable[str]) -> str:
    """The folder that holds all of some files; empty where there is none, as for bare names.

    Args:
        names: paths or URLs, at least one.
    """
    folders = dict.fromkeys(name.rpartition("/")[0] if is_url(name) else str(PurePath(name).parent) for name in names)
    first, *rest = folders
    if is_url(first):  # PurePath would make one slash of two
        while first and not all(f"{folder}/".startswith(f"{first}/") for folder in rest):
            first = first.rpartition("/")[0]
        return first
    paths = (PurePath(first), *PurePath(first).parents)
    found = next((path for path in paths if all(PurePath(folder).is_relative_to(path) for folder in rest)), PurePath())
    return "" if found == PurePath() else str(found)
