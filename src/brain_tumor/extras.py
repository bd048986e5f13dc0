"""Optional parts of the package: whether one is installed, and how it is, said as it works for this installation."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Any

from brain_tumor.errors import MissingExtraError

_PACKAGE = "brain-tumor-mri"
# Libraries that people know under another name than the one that is imported.
_NAMES = {
    "dicomweb_client": "dicomweb-client",
    "jinja2": "Jinja2",
    "matplotlib": "Matplotlib",
    "ray": "Ray",
    "reportlab": "ReportLab",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
}


def require_extra(purpose: str, extra: str, *libraries: str) -> None:
    """Check that libraries can be imported, without importing them.

    Args:
        purpose: what needs them, to begin a sentence with.
        extra: the extra of pyproject.toml that installs them.
        libraries: by the names under which they are imported.

    Raises:
        MissingExtraError: some of them are not installed.
    """
    missing = [_NAMES.get(library, library) for library in libraries if not _is_installed(library)]
    if missing:
        raise MissingExtraError(f"{purpose} needs {' and '.join(missing)}: {install_command(extra)}")


def install_command(extra: str) -> str:
    """The command that installs an extra of pyproject.toml.

    An installation from a package index names the package. One from a folder or a repository of sources names the
    folder: the package may be on no index, or a stranger's there. An editable one stays so, or it would run old code.

    Args:
        extra: its name, such as ``evaluate``.
    """
    if (origin := _find_sources()) is not None:
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return f"pip install {editable}'.[{extra}]' in the folder of the source code"
    return f"pip install '{_PACKAGE}[{extra}]'"


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ValueError:  # imported by a program that took its specification away
        return False


def _find_sources() -> dict[str, Any] | None:
    """Where the package's sources came from, as PEP 610 has it, empty if they were never installed; else None."""
    try:
        text = distribution(_PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    # Only what came from elsewhere than an index has the file. A wheel is no folder of sources.
    origin: dict[str, Any] | None = None if text is None else json.loads(text)
    return None if origin is None or origin["url"].endswith(".whl") else origin
