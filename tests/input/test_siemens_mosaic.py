"""Mosaics against nibabel, on the files of nibabel's own tests and on drawn ones."""

import gzip
import io
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom import dcmread

from brain_tumor.input.dicom import list_frames, read_header
from brain_tumor.input.series_kind import SeriesKind
from tests.dicom_factory import error_of, make_dicom, read_slices

NICOM = Path(nibabel.__file__).parent / "nicom" / "tests" / "data"
MOSAIC = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]


def make_mosaic(tiles: int | None, picture: np.ndarray, **elements: Any) -> bytes:
    """A file of Siemens' private kind; tiles: None leaves their number out."""
    given: dict[str, Any] = {
        "ImageType": MOSAIC,
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, -10],
        "SpacingBetweenSlices": 3.0,
    }
    dataset = dcmread(io.BytesIO(make_dicom(picture, **(given | elements))))
    if tiles is not None:
        dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0A, "US", tiles)
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def picture_of(tiles: int, per_side: int, side: int = 2) -> np.ndarray:
    """Tiles of one value each, their number from 1."""
    values = np.zeros((per_side, side, per_side, side), np.uint16)
    for index in range(tiles):
        row, column = divmod(index, per_side)
        values[row, :, column, :] = index + 1
    return values.reshape(per_side * side, per_side * side)


def test_the_tiles_of_a_mosaic_are_slices() -> None:
    data = make_mosaic(7, picture_of(7, 3))
    frames = list_frames(lambda: data, read_header(data, "a"), "a")
    values = [frame.grey_values() for frame in frames]
    assert [found[0].tolist() for found in values if found] == [[[tile] * 2] * 2 for tile in range(1, 8)]
    assert [frame.position_mm for frame in frames] == [-10 + 3 * index for index in range(7)]
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5, 6, 7]


def test_a_mosaic_of_unknown_tiles_is_named_and_not_answered() -> None:
    for tiles in (None, 1, 60_000, 26):  # 26 tiles lie six in a row, which does not divide the picture
        data = make_mosaic(tiles, picture_of(7, 5))
        header = read_header(data, "a")
        assert (header.frames, header.facts[0].kind) == (1, SeriesKind.MOSAIC)


def test_a_damaged_private_header_does_not_hide_the_number_of_tiles() -> None:
    dataset = dcmread(io.BytesIO(make_mosaic(7, picture_of(7, 3))))
    dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", b"SV10" + bytes(60))
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    assert read_header(stream.getvalue(), "a").frames == 7


def test_a_mosaic_of_a_functional_series_stays_one_picture() -> None:
    data = make_mosaic(7, picture_of(7, 3), ProtocolName="bold")
    assert read_header(data, "a").frames == 1


def test_a_mosaic_without_pixels_says_so() -> None:
    picture = picture_of(7, 3)
    data = make_mosaic(7, picture)
    assert error_of(data[: -picture.nbytes]).problem == "cut_off"


@pytest.mark.parametrize(
    ("file", "kind"),
    [("siemens_dwi_0.dcm.gz", SeriesKind.MAGNITUDE), ("siemens_dwi_1000.dcm.gz", SeriesKind.DIFFUSION)],
)
@pytest.mark.filterwarnings("ignore:The DICOM readers are highly experimental")
def test_a_scanners_mosaic_is_cut_as_nibabel_does(file: str, kind: SeriesKind) -> None:
    from nibabel.nicom.dicomwrappers import wrapper_from_data

    data = gzip.decompress((NICOM / file).read_bytes())
    make_wrapper: Any = wrapper_from_data
    wrapper = make_wrapper(dcmread(io.BytesIO(data)))
    theirs, affine = wrapper.get_data(), wrapper.affine
    header = read_header(data, file)
    assert header.facts[0].kind is kind
    frames = list_frames(lambda: data, header, file)
    assert len(frames) == theirs.shape[2] == 48
    for index in (0, 20, 47):
        found = frames[index].grey_values()
        assert found is not None
        assert (found[0] == theirs[:, :, index].T).all() or (found[0] == theirs[:, :, index]).all()
    step = affine[:3, 2]  # between slices, in millimetres; they run to superior here
    assert np.diff([frame.position_mm or 0.0 for frame in frames]) == pytest.approx(np.linalg.norm(step), abs=1e-4)
    assert read_slices(data)[20].read().pixels.shape == (128, 128)
