"""Volumes of every format beside readers that this package does not use for them: SimpleITK, pynrrd and nibabel."""

import gzip
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as untyped_nibabel
import nrrd  # type: ignore[import-untyped]
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - as everybody does
from numpy.typing import NDArray

from brain_tumor.input.files import open_paths
from brain_tumor.input.formats import find_format
from brain_tumor.input.scan import WindowUse
from brain_tumor.input.series import Plane, ReadOptions, Series, WindowMode
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem
from tests.input.test_archive import zip_bytes
from tests.input.volumes import make_values, nifti_bytes
from tests.refused import refused

nibabel: Any = untyped_nibabel  # most of it comes without type information
FULL = ReadOptions(Plane.AXIAL, WindowMode.FULL)
OBLIQUE = np.array([[0.0, -0.9, 0.3, 5], [1.1, 0, 0, -7], [0, 0.4, 2.0, 3], [0, 0, 0, 1]])
FLIPPED = np.diag([-1.0, -2.0, 3.0, 1.0])
LPS = np.diag([-1.0, -1.0, 1.0])


def opened(*paths: Path, options: ReadOptions = FULL) -> list[Series]:
    return list(open_paths(map(str, paths), options))


def shown(*paths: Path) -> NDArray[np.float32]:
    (series,) = opened(*paths)
    return np.stack([slice_.read().pixels for slice_ in series.slices])


def as_nifti(values: NDArray[Any], affine: NDArray[np.float64], folder: Path) -> NDArray[np.float32]:
    """The same voxels through the reader that test_nifti.py compares with nibabel."""
    path = folder / "same.nii"
    path.write_bytes(nifti_bytes(values, affine))
    return shown(path)


def to_itk(values: NDArray[Any], affine: NDArray[np.float64]) -> Any:
    image: Any = sitk.GetImageFromArray(values.T)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((LPS @ affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin((LPS @ affine[:3, 3]).tolist())
    return image


def orthogonal(angle: float) -> NDArray[np.float64]:
    turned = np.diag([1.0, 2.0, 3.0, 1.0])
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned[:3, :3] = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ turned[:3, :3]
    return turned


@pytest.mark.parametrize("affine", [FLIPPED, orthogonal(20), orthogonal(-100)], ids=["flipped", "20", "-100"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("ending", ["mha", "mhd", "nrrd", "nhdr"])
def test_what_simpleitk_writes_is_read_as_the_same_nifti(
    ending: str, compress: bool, affine: NDArray[np.float64], tmp_path: Path
) -> None:
    path = tmp_path / f"brain.{ending}"
    sitk.WriteImage(to_itk(make_values((4, 5, 6)), affine), str(path), compress)
    assert shown(path) == pytest.approx(as_nifti(make_values((4, 5, 6)), affine, tmp_path), abs=1e-6)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
@pytest.mark.parametrize("ending", ["mha", "nrrd"])
def test_voxels_of_every_type_are_those_that_simpleitk_reads(ending: str, dtype: str, tmp_path: Path) -> None:
    path = tmp_path / f"brain.{ending}"
    values = make_values((4, 5, 6)).astype(dtype)
    sitk.WriteImage(to_itk(values, np.eye(4)), str(path))
    read = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(float)
    assert shown(path) == pytest.approx(read[:, ::-1, ::-1] / read.max(), abs=1e-6)


@pytest.mark.parametrize("space", ["left-posterior-superior", "RAS", "left-anterior-superior"])
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("detached", [False, True])
def test_what_pynrrd_writes_is_read_as_the_same_nifti(
    detached: bool, encoding: str, space: str, tmp_path: Path
) -> None:
    values = make_values((4, 5, 6))
    signs = {"left-posterior-superior": (-1, -1, 1), "RAS": (1, 1, 1), "left-anterior-superior": (-1, 1, 1)}[space]
    header = {"space": space, "space directions": (np.diag(signs) @ OBLIQUE[:3, :3]).T, "encoding": encoding}
    path = tmp_path / ("brain.nhdr" if detached else "brain.nrrd")
    nrrd.write(str(path), values, header)
    assert shown(path) == pytest.approx(as_nifti(values, OBLIQUE, tmp_path), abs=1e-6)


@pytest.mark.parametrize("affine", [FLIPPED, OBLIQUE, orthogonal(20)], ids=["flipped", "oblique", "20"])
@pytest.mark.parametrize("ending", ["mgh", "mgz"])
def test_what_nibabel_writes_for_freesurfer_is_read_as_the_same_nifti(
    ending: str, affine: NDArray[np.float64], tmp_path: Path
) -> None:
    path = tmp_path / f"brain.{ending}"
    image: Any = nibabel.MGHImage(make_values((4, 5, 6)), affine)
    nibabel.save(image, path)
    assert shown(path) == pytest.approx(as_nifti(make_values((4, 5, 6)), affine, tmp_path), abs=1e-6)
    assert find_format(path.read_bytes()).name == "MGH"  # type: ignore[union-attr]


def save_pair(folder: Path, kind: str, order: str = "<") -> Path:
    values = make_values((4, 5, 6))
    if kind == "nifti":
        nibabel.save(nibabel.Nifti1Pair(values, OBLIQUE), folder / "brain.img")
    elif kind == "nifti-2":
        nibabel.save(nibabel.Nifti2Pair(values, OBLIQUE), folder / "brain.img")
    else:
        header: Any = nibabel.AnalyzeHeader(endianness=order)
        header.set_data_dtype(np.int16)
        header.set_data_shape(values.shape)
        header.set_zooms((1, 2, 3))
        (folder / "brain.hdr").write_bytes(header.binaryblock)
        (folder / "brain.img").write_bytes(values.astype(f"{order}i2").tobytes("F"))
    return folder / "brain.hdr"


def read_by_nibabel(path: Path, folder: Path) -> NDArray[np.float32]:
    image: Any = nibabel.load(path)
    return as_nifti(np.asarray(image.dataobj), image.affine, folder)


@pytest.mark.parametrize("kind", ["nifti", "nifti-2", "analyze", "analyze-big"])
def test_a_pair_is_found_from_either_file_and_read_as_nibabel_does(kind: str, tmp_path: Path) -> None:
    (tmp_path / "pair").mkdir()
    header = save_pair(tmp_path / "pair", kind.removesuffix("-big"), ">" if kind.endswith("big") else "<")
    expected = read_by_nibabel(header, tmp_path)
    voxels = header.with_suffix(".img")
    for given in ([header], [voxels], [header, voxels], [voxels, header], [tmp_path / "pair"]):
        assert shown(*given) == pytest.approx(expected, abs=1e-6), given


def test_a_pair_in_an_archive_is_one_volume(tmp_path: Path) -> None:
    header = save_pair(tmp_path, "nifti")
    data = zip_bytes({f"a/{path.name}": path.read_bytes() for path in (header, header.with_suffix(".img"))})
    (tmp_path / "all.zip").write_bytes(data)
    assert shown(tmp_path / "all.zip") == pytest.approx(read_by_nibabel(header, tmp_path), abs=1e-6)


def test_a_packed_pair_is_one_volume(tmp_path: Path) -> None:
    expected = read_by_nibabel(save_pair(tmp_path, "nifti"), tmp_path)
    (tmp_path / "gz").mkdir()
    for name in ("brain.hdr", "brain.img"):
        (tmp_path / "gz" / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    assert shown(tmp_path / "gz") == pytest.approx(expected, abs=1e-6)


def test_half_a_volume_names_the_other_half(tmp_path: Path) -> None:
    header = save_pair(tmp_path, "nifti")
    voxels = header.with_suffix(".img")
    kept = voxels.read_bytes()
    voxels.unlink()
    with refused(Problem.HALF_A_VOLUME) as caught:
        shown(header)
    assert "brain.img" in caught.value.message
    header.unlink()
    voxels.write_bytes(kept)
    with refused(Problem.HEADER_MISSING) as caught:
        shown(voxels)
    assert "brain.hdr" in caught.value.message


@pytest.mark.parametrize("name", ["../secret.raw", "/etc/passwd", "sub/secret.raw", "..\\secret.raw"])
@pytest.mark.parametrize("ending", ["mhd", "nhdr"])
def test_no_header_reads_what_lies_outside_its_folder(ending: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "in" / "sub"):
        (folder / "secret.raw").write_bytes(bytes(60))
    path = tmp_path / "in" / f"brain.{ending}"
    path.write_text(
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\nDimSize = 3 4 5\nElementType = MET_UCHAR\n"
        f"ElementDataFile = {name}\n"
        if ending == "mhd"
        else f"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 4 5\nencoding: raw\ndata file: {name}\n\n"
    )
    with refused(Problem.HALF_A_VOLUME):
        shown(path)


def text_volume(**fields: object) -> bytes:
    given = {
        "ObjectType": "Image", "NDims": 3, "BinaryData": True, "DimSize": "3 4 5", "ElementType": "MET_UCHAR",
        **fields, "ElementDataFile": "LOCAL",
    }  # fmt: skip
    return "".join(f"{key} = {value}\n" for key, value in given.items()).encode() + bytes(range(60))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"DimSize": "30000 30000 30000"}, Problem.VOLUME_TOO_LARGE),
        ({"DimSize": "3 4 6"}, Problem.MISSING_VOXELS),
        ({"DimSize": "3 4"}, Problem.BAD_DIMENSIONS),
        ({"DimSize": "3 4 -5"}, Problem.BAD_DIMENSIONS),
        ({"DimSize": "3 4 x"}, Problem.DAMAGED),
        ({"ElementType": "MET_OTHER"}, Problem.BAD_VOXEL_TYPE),
        ({"BinaryData": False}, Problem.DATA_ELSEWHERE),
        ({"CompressedData": True}, Problem.DAMAGED),
        ({"ElementNumberOfChannels": 10**9}, Problem.VOLUME_TOO_LARGE),
    ],
)
def test_a_header_that_promises_too_much_is_refused(fields: dict[str, object], problem: Problem) -> None:
    with refused(problem):
        next(open_series([SourceFile("b.mha", lambda: text_volume(**fields))], FULL)).slices[0].read()


def test_a_header_without_end_is_refused() -> None:
    data = b"NRRD0004\n" + b"# a comment\n" * 2**18
    with refused(Problem.DAMAGED):
        next(open_series([SourceFile("b.nrrd", lambda: data)], FULL)).slices[0].read()


def test_compressed_voxels_that_would_grow_without_end_are_read_as_far_as_announced() -> None:
    bomb = gzip.compress(bytes(2**26), 1)
    data = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 4 5\nencoding: gzip\n\n" + bomb
    series = next(open_series([SourceFile("b.nrrd", lambda: data)], FULL))
    assert len(series.slices) == 5 and not series.slices[0].read().pixels.any()


@pytest.mark.parametrize("ending", ["nrrd", "mha"])
def test_of_interleaved_volumes_the_first_is_read(ending: str, tmp_path: Path) -> None:
    values = np.stack([make_values((4, 5, 6)), np.zeros((4, 5, 6), np.int16)], axis=-1)
    image = sitk.GetImageFromArray(values.transpose(2, 1, 0, 3), isVector=True)
    path = tmp_path / f"brain.{ending}"
    sitk.WriteImage(image, str(path))
    (series,) = opened(path)
    assert series.name.endswith(" volume 1 of 2")
    assert shown(path) == pytest.approx(as_nifti(make_values((4, 5, 6)), np.diag([-1, -1, 1, 1]), tmp_path), abs=1e-6)


def test_colours_of_an_nrrd_become_luma(tmp_path: Path) -> None:
    values = np.zeros((3, 4, 5, 6), np.uint8)
    values[0] = 255
    path = tmp_path / "brain.nrrd"
    nrrd.write(str(path), values, {"kinds": ["RGB-color", "domain", "domain", "domain"]})
    scan = opened(path)[0].slices[0].read()
    assert scan.chroma == 1 and scan.pixels == pytest.approx(0.299, abs=0.01)


def four_dimensional() -> bytes:
    values = np.stack([np.zeros((4, 5, 6)), make_values((4, 5, 6)), make_values((4, 5, 6))[::-1]], axis=-1)
    return nifti_bytes(values.astype(np.int16))


def volumes_of(data: bytes, volume: Any) -> list[Series]:
    options = ReadOptions(Plane.AXIAL, WindowMode.FULL, volume=volume)
    return list(open_series([SourceFile("b.nii", lambda: data)], options))


def test_the_first_volume_that_is_not_blank_is_read() -> None:
    (series,) = volumes_of(four_dimensional(), None)
    assert (series.name, series.volume) == ("b.nii volume 2 of 3", 2)
    assert series.slices[0].read().pixels.max() > 0


def test_a_volume_that_was_asked_for_is_read() -> None:
    (series,) = volumes_of(four_dimensional(), 3)
    assert (series.name, series.volume) == ("b.nii volume 3 of 3", 3)


def test_all_volumes_are_series_of_their_own_and_their_slices_have_numbers_of_their_own() -> None:
    found = volumes_of(four_dimensional(), "all")
    assert [series.volume for series in found] == [1, 2, 3]
    assert [slice_.number for series in found for slice_ in series.slices] == list(range(1, 19))


def test_a_file_of_one_volume_is_read_whichever_was_asked_for() -> None:
    (series,) = volumes_of(nifti_bytes(), 3)
    assert (series.name, series.volume) == ("b.nii", None)


def test_a_volume_that_is_not_there_is_refused() -> None:
    with refused(Problem.NO_SUCH_VOLUME):
        volumes_of(four_dimensional(), 4)[0].slices[0].read()


def test_where_sform_and_pixdim_disagree_voxels_have_the_size_of_pixdim() -> None:
    data = nifti_bytes(make_values((4, 5, 6)), np.eye(4), pixdim=[1, 1, 2, 3, 1, 1, 1, 1])
    source = SourceFile("b.nii", lambda: data)
    (series,) = open_series([source], ReadOptions(Plane.SAGITTAL, WindowMode.FULL))
    assert series.slices[0].read().spacing_mm == (2.0, 2.0)  # square, as small as the finer of 2 and 3 mm
    assert series.slices[0].read().pixels.shape == (9, 5)


def test_a_slice_says_where_its_greys_come_from() -> None:
    values = np.linspace(0, 1000, 20 * 20 * 20).reshape(20, 20, 20).astype(np.int16)
    for fields, use in (
        ({}, WindowUse.ROBUST),
        ({"cal_max": 900}, WindowUse.FILE),
        ({"cal_max": 9000}, WindowUse.UNFIT),
    ):
        data = nifti_bytes(values, **fields)
        series = next(open_series([SourceFile("b.nii", partial(bytes, data))], ReadOptions()))
        assert series.slices[10].read().window is use
