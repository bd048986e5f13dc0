"""Series and images as the page holds them, for its tests."""

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image

from brain_tumor.errors import ScanError
from brain_tumor.input.reader import read_scan
from brain_tumor.input.series import Series, Slice
from page.kept_file import KeptFile
from page.series_item import SeriesItem
from page.session_state import SessionState
from tests.factories import make_scan


def make_item(key: str, slice_count: int) -> SeriesItem:
    """A series, or one image, of a file of 1,000 bytes; its key is its name too."""
    slices = tuple(Slice(key, number + 1 if slice_count > 1 else None, make_scan) for number in range(slice_count))
    return SeriesItem(key, key, None, slice_count, (KeptFile(key, bytes(1000)),), Series(key, slices))


def make_images(name: str, count: int) -> SessionState:
    """A session with so many single images: name-0, name-1 and so on."""
    return SessionState([make_item(f"{name}-{number}", 1) for number in range(count)])


def unreadable(name: str) -> ScanError:
    """Why an empty file of this name cannot be read."""
    with pytest.raises(ScanError) as caught:
        read_scan(b"", name)
    return caught.value


def make_volume(name: str, slice_count: int) -> KeptFile:
    """A NIfTI file of 8 x 9 x slice_count voxels of 1 mm."""
    image = Nifti1Image(np.ones((8, 9, slice_count), np.int16), np.eye(4))  # type: ignore[no-untyped-call]
    return KeptFile(name, image.to_bytes())
