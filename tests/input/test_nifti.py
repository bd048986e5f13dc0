import gzip
import io
import os
import random
import tempfile
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from brain_tumor.errors import ScanError
from brain_tumor.input import volume_file
from brain_tumor.input.formats import MAX_VOLUME_BYTES
from brain_tumor.input.nifti import read_nifti_header
from brain_tumor.input.series import Plane, ReadOptions, Series, WindowMode
from brain_tumor.input.volume_file import read_volume
from brain_tumor.problems import Problem
from tests.input.volumes import CANONICAL, make_image, make_values, nifti_bytes, nifti_gz_bytes, with_header
from tests.refused import refused

# Black is the smallest value and white the largest, so that pixels follow from the values.
FULL = ReadOptions(window=WindowMode.FULL)


def read(data: bytes, options: ReadOptions = FULL) -> Series:
    return read_volume(data, "brain.nii", options)


def shown(data: bytes, options: ReadOptions = FULL) -> NDArray[np.float32]:
    return np.stack([slice_.read().pixels for slice_ in read(data, options).slices])


def canonical_slices(image: Any, plane: Plane) -> NDArray[np.float64]:
    """What nibabel's canonical orientation gives, 0 to 1, laid out as clinical viewers do."""
    to_canonical: Any = nibabel.as_closest_canonical
    values: NDArray[np.float64] = np.asarray(to_canonical(image).dataobj, np.float64)
    values = (values - values.min()) / (values.max() - values.min())
    left_up = {  # the slice's axis first, then rows from above, then columns from the left
        Plane.AXIAL: values.transpose(2, 1, 0)[:, ::-1, ::-1],
        Plane.CORONAL: values.transpose(1, 2, 0)[:, ::-1, ::-1],
        Plane.SAGITTAL: values.transpose(0, 2, 1)[::-1, ::-1, ::-1],
    }
    return left_up[plane]


def oblique(degrees: float) -> NDArray[np.float64]:
    turned = np.eye(4)
    angle = np.radians(degrees)
    turned[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turned


ORIENTATIONS: dict[str, NDArray[np.float64]] = {
    "right-anterior-superior": np.eye(4),
    "left-posterior-superior": np.diag([-1.0, -1, 1, 1]),
    "left-anterior-superior": np.diag([-1.0, 1, 1, 1]),
    "right-anterior-inferior": np.diag([1.0, 1, -1, 1]),
    "sagittal slices": np.array([[0.0, 0, 1, -7], [-1, 0, 0, 3], [0, -1, 0, 9], [0, 0, 0, 1]]),
    "coronal slices": np.array([[-1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
    "axes in a circle": np.array([[0.0, 0, -1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
    "oblique": oblique(20),
    "oblique and flipped": oblique(-30) @ np.diag([-1.0, 1, -1, 1]),
}


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_plane_of_every_orientation_shows_the_canonical_voxels(orientation: str, plane: Plane) -> None:
    image = make_image(affine=ORIENTATIONS[orientation])
    pixels = shown(image.to_bytes(), ReadOptions(plane, WindowMode.FULL))
    assert pixels == pytest.approx(canonical_slices(image, plane), abs=1e-6)


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("part", ["T1", "FL"])
def test_real_volumes_show_the_canonical_voxels(part: str, plane: Plane) -> None:
    folder = Path(os.environ.get("BRAIN_TUMOR_DATA", "not set"), "volumes-nifti")
    if not folder.is_dir():
        pytest.skip("set BRAIN_TUMOR_DATA to a folder that holds volumes-nifti to run this")
    for path in sorted(folder.glob(f"*_{part}.nii.gz"))[:4]:
        pixels = shown(path.read_bytes(), ReadOptions(plane, WindowMode.FULL))
        assert np.allclose(pixels, canonical_slices(nibabel.load(path), plane), rtol=0, atol=1e-6)


def test_one_light_voxel_stands_where_a_clinical_viewer_shows_it() -> None:
    values = np.zeros((5, 5, 5), np.int16)
    values[4, 4, 4] = 1  # the most right, anterior and superior one
    data = nifti_bytes(values)
    light = {plane: np.argwhere(shown(data, ReadOptions(plane, WindowMode.FULL)) == 1).tolist() for plane in Plane}
    assert light[Plane.AXIAL] == [[4, 0, 0]]  # highest slice; anterior is above, right is left
    assert light[Plane.CORONAL] == [[4, 0, 0]]  # foremost slice; superior is above, right is left
    assert light[Plane.SAGITTAL] == [[0, 0, 0]]  # rightmost slice, which is the first; anterior is left


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("big_endian", [False, True])
def test_both_versions_are_read_in_both_byte_orders(version: int, big_endian: bool) -> None:
    image = make_image(version=version)
    if big_endian:
        header = image.header.as_byteswapped(">")
        image = type(image)(make_values().astype(">i2"), CANONICAL, header)
    data = image.to_bytes()
    assert shown(data).shape == (5, 4, 3)
    assert shown(data) == pytest.approx(canonical_slices(make_image(), Plane.AXIAL), abs=1e-6)


def test_a_gzipped_volume_gives_the_same_pixels() -> None:
    assert np.array_equal(shown(nifti_gz_bytes()), shown(nifti_bytes()))


def test_a_stream_gives_the_same_pixels_and_may_be_closed_before_they_are_read() -> None:
    with tempfile.TemporaryFile() as stream:
        stream.write(nifti_bytes())
        stream.seek(0)
        series = read_volume(stream, "brain.nii", FULL)
    assert np.array_equal(series.slices[2].read().pixels, shown(nifti_bytes())[2])


def test_a_volume_kept_on_disk_gives_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = shown(nifti_bytes())
    monkeypatch.setattr(volume_file, "IN_MEMORY_BYTES", 10)
    assert np.array_equal(shown(nifti_gz_bytes()), expected)


def test_a_slice_reads_the_same_pixels_every_time() -> None:
    slice_ = read(nifti_bytes()).slices[1]
    assert np.array_equal(slice_.read().pixels, slice_.read().pixels)


def test_slices_are_counted_from_one() -> None:
    assert [slice_.number for slice_ in read(nifti_bytes()).slices] == [1, 2, 3, 4, 5]


def test_a_volume_of_one_slice_counts_none() -> None:
    (slice_,) = read(nifti_bytes(make_values((3, 4)))).slices
    assert slice_.number is None
    assert slice_.read().pixels.shape == (4, 3)


def test_a_scan_says_what_it_is() -> None:
    scan = read(nifti_bytes()).slices[0].read()
    assert (scan.file_format, scan.chroma, scan.modality) == ("NIfTI", 0.0, None)


def test_of_several_volumes_the_first_is_read_and_the_name_says_so() -> None:
    data = nifti_bytes(make_values((3, 4, 5, 6)))
    series = read(data)
    assert series.name == "brain.nii volume 1 of 6"
    assert len(series.slices) == 5
    first = nifti_bytes(make_values((3, 4, 5, 6))[..., 0])
    assert np.array_equal(shown(data), shown(first))


def test_one_volume_in_four_dimensions_keeps_the_files_name() -> None:
    assert read(nifti_bytes(make_values((3, 4, 5, 1)))).name == "brain.nii"


def test_slope_and_intercept_are_applied() -> None:
    data = nifti_bytes(scl_slope=-2, scl_inter=7)  # a negative slope turns black into white
    assert shown(data) == pytest.approx(1 - shown(nifti_bytes()), abs=1e-6)


@pytest.mark.parametrize("scaling", [{"scl_slope": np.inf}, {"scl_slope": 2, "scl_inter": np.nan}])
def test_a_scaling_that_is_no_number_is_left_out(scaling: dict[str, Any]) -> None:
    assert np.array_equal(shown(nifti_bytes(**scaling)), shown(nifti_bytes()))


def test_the_files_own_window_is_used() -> None:
    data = nifti_bytes(cal_min=10, cal_max=30)
    pixels = shown(data, ReadOptions())
    values = shown(nifti_bytes()) * 59
    assert pixels == pytest.approx(np.clip((values - 10) / 20, 0, 1), abs=1e-5)


def rgb(dtype: list[tuple[str, str]]) -> NDArray[Any]:
    values = np.zeros((2, 2, 3), np.dtype(dtype))
    values["R"] = 255
    return values


@pytest.mark.parametrize("alpha", [[], [("A", "u1")]])
def test_colours_become_luma_with_a_chroma(alpha: list[tuple[str, str]]) -> None:
    scan = read(nifti_bytes(rgb([("R", "u1"), ("G", "u1"), ("B", "u1"), *alpha]))).slices[0].read()
    assert scan.pixels == pytest.approx(0.299, abs=1 / 255)
    assert scan.chroma == 1.0


def test_complex_voxels_are_refused() -> None:
    with refused(Problem.VOXEL_TYPE):
        read(nifti_bytes(make_values().astype(np.complex64)))


def test_without_any_orientation_the_axes_run_as_nibabel_takes_them() -> None:
    data = nifti_bytes(sform_code=0, qform_code=0)
    image = nibabel.Nifti1Image.from_bytes(data)
    assert shown(data) == pytest.approx(canonical_slices(image, Plane.AXIAL), abs=1e-6)


def test_an_affine_that_is_no_number_gives_way_to_the_quaternion() -> None:
    image = make_image(affine=np.diag([-1.0, -1, 1, 1]))
    image.set_qform(image.affine, 1)
    data = with_header(image.to_bytes(), srow_x=[np.nan] * 4)
    assert shown(data) == pytest.approx(canonical_slices(image, Plane.AXIAL), abs=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"srow_z": [0, 0, 0, 0]},
        {"srow_z": [0, 1, 0, 0]},
        {"sform_code": 0, "qform_code": 1, "quatern_b": 5},
        {"sform_code": 0, "qform_code": 0, "pixdim": [0, 0, np.nan, -2, 0, 0, 0, 0]},
    ],
)
def test_a_damaged_orientation_still_shows_every_slice(fields: dict[str, Any]) -> None:
    assert np.isfinite(shown(nifti_bytes(**fields))).all()


def test_spacings_in_metres_become_millimetres() -> None:
    data = nifti_bytes(affine=np.diag([0.002, 0.002, 0.003, 1]), xyzt_units=1)
    series = read(data)
    assert series.slices[0].read().spacing_mm == pytest.approx((2, 2))
    assert series.slices[1].position_mm == pytest.approx(3)


def test_half_of_a_volume_in_two_files_is_called_one() -> None:
    with refused(Problem.HALF_A_VOLUME):
        read(nifti_bytes(magic=b"ni1"))


def test_gzipped_text_is_no_volume() -> None:
    with refused(Problem.NO_VOLUME):
        read(gzip.compress(b"hello" * 200))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"dim": [3, 3, 0, 5, 1, 1, 1, 1]}, Problem.BAD_DIMENSIONS),
        ({"dim": [3, 3, -4, 5, 1, 1, 1, 1]}, Problem.BAD_DIMENSIONS),
        ({"dim": [0] * 8}, Problem.BAD_DIMENSIONS),
        ({"dim": [3, 3, 4, 50, 1, 1, 1, 1]}, Problem.MISSING_VOXELS),
        ({"datatype": 1}, Problem.VOXEL_TYPE),
        ({"datatype": 999}, Problem.BAD_VOXEL_TYPE),
        ({"vox_offset": 1000}, Problem.MISSING_VOXELS),
    ],
)
def test_a_damaged_header_is_an_error_that_says_what_is_wrong(fields: dict[str, Any], problem: Problem) -> None:
    with refused(problem):
        read(nifti_bytes(**fields))


def test_more_than_a_gibibyte_is_refused_before_anything_is_unpacked() -> None:
    with refused(Problem.VOLUME_TOO_LARGE):
        read(nifti_bytes(dim=[3, 32767, 32767, 32767, 1, 1, 1, 1]))


def test_many_volumes_may_exceed_it_since_only_the_first_is_unpacked() -> None:
    data = nifti_bytes(dim=[4, 3, 4, 5, 32767, 1, 1, 1], pixdim=[1] * 8)
    assert MAX_VOLUME_BYTES < 120 * 32767 * 300
    assert len(read(data).slices) == 5


@pytest.mark.parametrize("cut", [1, 5, 20, -1, -60])
def test_a_cut_volume_is_an_error(cut: int) -> None:
    for data in (nifti_bytes(), nifti_gz_bytes()):
        with pytest.raises(ScanError):
            read(data[:cut])


def test_a_wrong_checksum_is_an_error() -> None:
    data = bytearray(nifti_gz_bytes())
    data[-8:-4] = (zlib.crc32(b"other")).to_bytes(4, "little")
    with refused(Problem.DAMAGED):
        read(bytes(data))


@pytest.mark.parametrize("version", [1, 2])
def test_damage_anywhere_ends_in_a_scan_error_or_in_pixels_from_0_to_1(version: int) -> None:
    dice = random.Random(version)  # noqa: S311 - the same damage every time
    image = make_image(np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 4, 5), version=version)
    whole = image.to_bytes()
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 4, 16])):
            damaged[dice.randrange(40, len(damaged))] = dice.choice([0, 1, 127, 128, 255])
        try:
            series = read(bytes(damaged), ReadOptions(window=dice.choice(list(WindowMode))))
            pixels = series.slices[-1].read().pixels
        except ScanError:
            continue
        assert 0.0 <= pixels.min() <= pixels.max() <= 1.0


@pytest.mark.parametrize(
    ("codes", "pixdim", "expected"),
    [
        ((1, 0), (1, 1, 1), (0.5, 0.5, 6)),  # nobody filled them in
        ((2, 0), (1, 1, 1), (0.5, 0.5, 6)),
        ((1, 1), (1, 1, 1), (1, 1, 1)),  # the qform goes by them
        ((4, 0), (1, 1, 1), (1, 1, 1)),  # the sform is a template's
        ((1, 0), (1, 1, 5), (1, 1, 5)),
        ((1, 0), (0, 0, 0), (0.5, 0.5, 6)),
    ],
)
def test_where_sform_and_pixdim_disagree(
    codes: tuple[int, int], pixdim: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    affine = np.diag([0.5, 0.5, 6, 1])
    data = nifti_bytes(affine=affine, sform_code=codes[0], qform_code=codes[1], pixdim=[1, *pixdim, 0, 0, 0, 0])
    header = read_nifti_header(io.BytesIO(data), "a.nii")
    assert np.linalg.norm(header.affine[:3, :3], axis=0) == pytest.approx(expected)
