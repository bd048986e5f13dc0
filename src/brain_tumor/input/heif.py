"""HEIC pictures of phones, through pillow-heif, a plug-in of Pillow."""

from functools import cache

from brain_tumor.errors import ScanError
from brain_tumor.extras import install_command
from brain_tumor.problems import Problem


def add_heif(name: str) -> None:
    """Make Pillow read HEIF files.

    Args:
        name: of the file that asks for it; used in messages only.

    Raises:
        ScanError: the extra is not installed.
    """
    try:
        _register()
    except ImportError:
        raise ScanError(name, Problem.NEEDS_EXTRA, format="HEIC", command=install_command("formats")) from None


@cache
def _register() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
