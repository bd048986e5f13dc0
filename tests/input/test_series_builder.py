import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brain_tumor.input import dicom
from brain_tumor.input.files import find_files, to_source
from brain_tumor.input.scan import WindowUse
from brain_tumor.input.series import Plane, ReadOptions, Series, WindowMode
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem
from tests.dicom_factory import make_item, make_sequence
from tests.factories import png_bytes
from tests.input.slices import AXIAL, CORONAL, SAGITTAL, dicom_bytes
from tests.input.test_archive import zip_bytes
from tests.input.volumes import make_values, nifti_bytes, nifti_gz_bytes
from tests.refused import refused


def opened(files: dict[str, bytes], options: ReadOptions | None = None) -> list[Series]:
    def give(content: bytes) -> Callable[[], bytes]:
        return lambda: content

    sources = [SourceFile(name, give(content)) for name, content in files.items()]
    return list(open_series(sources, options or ReadOptions()))


_count = count()


def frame(z: float | None = None, series: str | None = "1.2", number: int | None = None, **elements: Any) -> bytes:
    """A DICOM file of one axial frame, unlike all others."""
    taken = next(_count)
    elements = {
        "SeriesInstanceUID": series, "InstanceNumber": number, "SOPInstanceUID": f"1.2.3.{taken}", **elements
    }  # fmt: skip
    if z is not None:
        elements |= {"ImageOrientationPatient": AXIAL, "ImagePositionPatient": [0, 0, z]}
    pixels = np.arange(24).reshape(4, 6) + taken
    return dicom_bytes(pixels, **{name: value for name, value in elements.items() if value is not None})


def test_an_image_is_a_series_of_one_slice() -> None:
    (series,) = opened({"in/slice.png": png_bytes()})
    (slice_,) = series.slices
    assert (series.name, slice_.file, slice_.number, series.plane) == ("in/slice.png", "in/slice.png", None, None)
    assert slice_.read().pixels.shape == (64, 64)


def test_a_volume_is_a_series_in_the_plane_asked_for() -> None:
    (series,) = opened({"brain.nii.gz": nifti_gz_bytes()}, ReadOptions(Plane.CORONAL))
    assert (series.name, series.plane, len(series.slices)) == ("brain.nii.gz", Plane.CORONAL, 4)


def test_dicom_files_of_a_folder_are_one_series_in_the_order_of_their_positions() -> None:
    (series,) = opened({"in/a": frame(9), "in/b": frame(-3), "in/c": frame(4)})
    assert (series.name, series.plane) == ("in", Plane.AXIAL)
    assert [slice_.file for slice_ in series.slices] == ["in/b", "in/c", "in/a"]
    assert [slice_.position_mm for slice_ in series.slices] == pytest.approx([-3, 4, 9])


def test_without_positions_the_instance_number_orders_and_then_the_name() -> None:
    (series,) = opened({"in/d": frame(), "in/c": frame(), "in/b": frame(number=2), "in/a": frame(number=10)})
    assert [slice_.file for slice_ in series.slices] == ["in/b", "in/a", "in/c", "in/d"]


def test_at_the_same_position_the_instance_number_orders() -> None:
    (series,) = opened({"in/a": frame(5, number=2), "in/b": frame(5, number=1)})
    assert [slice_.file for slice_ in series.slices] == ["in/b", "in/a"]
    assert [slice_.position_mm for slice_ in series.slices] == [None, None]  # equal ones say nothing


def test_several_series_of_a_folder_are_numbered_in_the_order_of_their_first_files() -> None:
    files = {"in/1": frame(1, "1.9"), "in/2": frame(1, "1.1"), "in/3": frame(2, "1.1"), "in/4": frame(2, "1.9")}
    series = opened(files)
    assert [member.name for member in series] == ["in series 1", "in series 2"]
    assert [[piece.file for piece in member.slices] for member in series] == [["in/1", "in/4"], ["in/2", "in/3"]]


def test_the_planes_of_a_localizer_are_series_of_their_own() -> None:
    across = dicom_bytes(ImageOrientationPatient=CORONAL, ImagePositionPatient=[0, 0, 0], SeriesInstanceUID="1.2")
    files = {"in/1": frame(1), "in/2": across, "in/3": frame(2)}
    assert [(item.name, item.plane, len(item.slices)) for item in opened(files)] == [
        ("in", Plane.AXIAL, 2),
        ("in/2", Plane.CORONAL, 1),
    ]


def test_a_series_is_one_wherever_its_files_lie() -> None:
    archive = zip_bytes({"d/5": frame(5)})
    files = {"in/x/1": frame(1), "in/x/2": frame(2), "in/y/3": frame(3), "in/y/z/4": frame(4), "in/a.zip": archive}
    (series,) = opened(files)
    assert series.name == "in"
    assert [slice_.position_mm for slice_ in series.slices] == [1, 2, 3, 4, 5]


def test_a_folder_per_file_is_one_series() -> None:
    assert [item.name for item in opened({f"in/{index:08X}/IM1": frame(index) for index in range(4)})] == ["in"]


def test_a_file_without_a_series_is_one_of_its_own() -> None:
    files = {"in/1": frame(1, None), "in/2": frame(2, None)}
    assert [(item.name, len(item.slices)) for item in opened(files)] == [("in/1", 1), ("in/2", 1)]


def test_a_series_of_bare_names_is_numbered() -> None:
    assert [item.name for item in opened({"1": frame(1), "2": frame(2)})] == ["series 1"]


def test_no_name_holds_what_the_header_says_of_a_patient() -> None:
    about = {"PatientName": "Doe^Jane", "SeriesDescription": "Doe brain", "SeriesInstanceUID": "1.2"}
    (series,) = opened({"in/1": dicom_bytes(**about), "in/2": dicom_bytes(**about)})
    assert "Doe" not in " ".join([series.name, *(slice_.name for slice_ in series.slices)])


def test_a_dicom_file_of_several_frames_is_a_series() -> None:
    (series,) = opened({"in/1": dicom_bytes(np.zeros((3, 4, 6)), SeriesInstanceUID="1.2")})
    assert (series.name, [slice_.number for slice_ in series.slices]) == ("in/1", [1, 2, 3])


def test_the_planes_of_a_localizer_in_one_file_are_series_of_their_own() -> None:
    positions = [
        (AXIAL, [0, 0, 9]),
        (CORONAL, [0, 8, 0]),
        (AXIAL, [0, 0, 5]),
        (CORONAL, [0, 4, 0]),
        (SAGITTAL, [0, 0, 0]),
    ]
    groups = [
        make_item(
            PlaneOrientationSequence=make_sequence(ImageOrientationPatient=orientation),
            PlanePositionSequence=make_sequence(ImagePositionPatient=position),
        )
        for orientation, position in positions
    ]
    series = opened({"in/1": dicom_bytes(np.zeros((5, 4, 6)), PerFrameFunctionalGroupsSequence=groups)})
    assert [(member.name, member.plane, [piece.number for piece in member.slices]) for member in series] == [
        ("in/1 series 1", Plane.AXIAL, [3, 1]),
        ("in/1 series 2", Plane.CORONAL, [2, 4]),
        ("in/1 slice 5", Plane.SAGITTAL, [5]),
    ]


def test_series_of_dicom_files_come_last() -> None:
    files = {"x/1": frame(1), "x/2.png": png_bytes(), "x/3": frame(2), "y.png": png_bytes()}
    assert [item.name for item in opened(files)] == ["x/2.png", "y.png", "x"]


def test_an_archive_gives_all_that_it_holds() -> None:
    inner = zip_bytes({"1.png": png_bytes()})
    data = zip_bytes({"s/1": frame(1), "s/2": frame(2), "brain.nii": nifti_bytes(), "x/deep.zip": inner})
    assert [(item.name, len(item.slices)) for item in opened({"a.zip": data})] == [
        ("a.zip/brain.nii", 5),
        ("a.zip/x/deep.zip/1.png", 1),
        ("a.zip/s", 2),
    ]


def test_an_archive_between_the_files_of_a_series_does_not_tear_it() -> None:
    files = {"in/1": frame(1), "in/2.zip": zip_bytes({"1.png": png_bytes()}), "in/3": frame(2), "in/4.png": png_bytes()}
    assert [(item.name, len(item.slices)) for item in opened(files)] == [
        ("in/4.png", 1),
        ("in/2.zip/1.png", 1),
        ("in", 2),
    ]


def test_slices_of_an_archive_can_be_read_after_it_was_opened() -> None:
    data = zip_bytes({"s/1": frame(1), "s/2": frame(2), "brain.nii": nifti_bytes()})
    volume, stack = opened({"a.zip": data})
    gc.collect()
    assert [slice_.read().pixels.shape for slice_ in (*volume.slices[:1], *stack.slices)] == [(4, 3), (4, 6), (4, 6)]


def test_options_reach_every_kind_of_file() -> None:
    window = {"WindowCenter": 5, "WindowWidth": 2}
    files = {"1.dcm": dicom_bytes(**window), "x/1.dcm": dicom_bytes(np.zeros((2, 4, 6)), **window)}
    for mode in (WindowMode.FILE, WindowMode.FULL):
        frames, single = opened(files, ReadOptions(window=mode))
        assert single.slices[0].read().window == frames.slices[0].read().window == WindowUse(mode)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"Read me", Problem.UNKNOWN_FORMAT),
        (b"%PDF-1.7", Problem.UNSUPPORTED_FORMAT),
        (bytes(344) + b"n+1\x00", Problem.BAD_DIMENSIONS),
        (bytes(128) + b"DICM", Problem.NO_IMAGE),
        (b"PK\x03\x04", Problem.DAMAGED_ARCHIVE),
    ],
)
def test_a_file_that_cannot_be_read_is_a_series_whose_slice_says_why(data: bytes, problem: Problem) -> None:
    bad, good = opened({"1.png": data, "x/2.png": png_bytes()})
    assert (bad.name, len(bad.slices)) == ("1.png", 1)
    for _ in range(2):
        with refused(problem):
            bad.slices[0].read()
    assert good.slices[0].read().pixels.shape == (64, 64)


def test_a_missing_file_is_a_series_whose_slice_says_so() -> None:
    (series,) = open_series([to_source("missing.png")], ReadOptions())
    with refused(Problem.UNREADABLE, "missing.png"):
        series.slices[0].read()


def test_files_are_opened_one_after_the_other() -> None:
    asked: list[str] = []

    def give(name: str) -> bytes:
        asked.append(name)
        return png_bytes()

    files = [SourceFile(name, partial(give, name)) for name in ("0.png", "1.png", "2.png")]
    first = next(open_series(files, ReadOptions()))
    assert (first.name, set(asked)) == ("0.png", {"0.png"})


def test_memory_grows_by_headers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom, "_MAX_KEPT_BYTES", 0)  # has a limit of its own
    for folder in range(60):
        (tmp_path / f"{folder:03}").mkdir()
        for file in range(5):
            (tmp_path / f"{folder:03}" / f"{file}").write_bytes(frame(file, f"1.2.{folder}"))
    list(open_series([to_source(str(tmp_path / "000" / "0"))], ReadOptions()))  # imports what it needs
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    series = open_series((to_source(file) for file in find_files([str(tmp_path)])), ReadOptions())
    assert len(next(series).slices) == 5
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown / 300 < 3_000  # bytes a file


def test_a_volume_on_disk_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "brain.nii"
    path.write_bytes(nifti_bytes(np.ones((256, 256, 300), np.int16)))  # 39 MB
    next(open_series([to_source(str(path))], ReadOptions()))  # imports what it needs
    tracemalloc.start()
    (series,) = open_series([to_source(str(path))], ReadOptions())
    series.slices[0].read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 35_000_000  # the sample of the window takes most of it


def test_a_four_dimensional_volume_says_which_one_is_shown() -> None:
    (series,) = opened({"in/fmri.nii": nifti_bytes(make_values((3, 4, 5, 2)))})
    assert series.name == "in/fmri.nii volume 1 of 2"
