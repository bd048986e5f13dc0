"""How an optional part of the package is installed, said as it works for this installation."""

import json
from importlib.metadata import PackageNotFoundError, distribution

_PACKAGE = "brain-tumor-mri"


def install_command(extra: str) -> str:
    """The command that installs an extra of pyproject.toml.

    An installation from a package index names the package. One from a folder or a repository of sources names the
    folder: the package may be on no index, or a stranger's there.

    Args:
        extra: its name, such as ``evaluate``.
    """
    if _from_sources():
        return f"pip install '.[{extra}]' in the folder of the source code"
    return f"pip install '{_PACKAGE}[{extra}]'"


def _from_sources() -> bool:
    try:
        origin = distribution(_PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        return True
    # Only what came from elsewhere than an index has the file. Source: PEP 610. A wheel is no folder of sources.
    return origin is not None and not json.loads(origin)["url"].endswith(".whl")
