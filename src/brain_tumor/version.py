"""The version that answers name."""

from functools import cache


@cache
def package_version() -> str:
    """The installed version of this package."""
    from importlib.metadata import version  # reads the installed files, so only when asked

    return version("brain-tumor-mri")
