import io
import sys
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from brain_tumor.input.formats import find_format
from brain_tumor.input.matlab import may_hold_slice
from brain_tumor.input.no_images import is_no_image
from brain_tumor.input.reader import read_scan
from brain_tumor.input.series import ReadOptions, WindowMode
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem
from tests.refused import refused

IMAGE = np.arange(-100, 1100, dtype=np.int16).reshape(30, 40)
MARK = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Sat Nov 28 2026 HDF5 schema 1.00 ."


def hdf5_bytes(image: Any = IMAGE, **options: Any) -> bytes:
    """As MATLAB writes it: its own text in the user block, columns first."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        structure = file.create_group("cjdata")
        structure["label"] = [[1.0]]
        structure["PID"] = np.frombuffer(b"CANARY", np.uint8)
        if image is not None:
            structure.create_dataset("image", data=np.asarray(image).T, **options)
    return MARK.ljust(512, b" ") + buffer.getvalue()[512:]


def older_bytes(image: Any = IMAGE, compress: bool = True) -> bytes:
    buffer: Any = io.BytesIO()
    savemat(buffer, {"cjdata": {"label": 1, "image": image}}, do_compression=compress)
    return bytes(buffer.getvalue())


@pytest.mark.parametrize(
    "data", [hdf5_bytes(), hdf5_bytes(compression="gzip"), older_bytes(), older_bytes(compress=False)]
)
def test_the_image_is_read_upright_and_stretched_from_black_to_white(data: bytes) -> None:
    scan = read_scan(data, "1.mat")
    assert scan.pixels == pytest.approx((IMAGE + 100) / 1199, abs=1e-6)
    assert (scan.file_format, scan.value_range) == ("MATLAB", (-100, 1099))


def test_an_older_file_holds_what_scipy_reads() -> None:
    content: Any = io.BytesIO(older_bytes())
    image = loadmat(content)["cjdata"]["image"][0, 0]
    assert np.array_equal(image, IMAGE)


def test_a_robust_window_leaves_out_the_hundredth_part_on_both_ends() -> None:
    scan = read_scan(hdf5_bytes(), "1.mat", ReadOptions(window=WindowMode.ROBUST))
    assert scan.value_range == pytest.approx((-88, 1087), abs=1)


def link_bytes(link: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        file.create_group("cjdata")["image"] = link
    return MARK.ljust(512, b" ") + buffer.getvalue()[512:]


def external_bytes() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        group = file.create_group("cjdata")
        group.create_dataset("image", (8, 8), "u1", external=[("/etc/passwd", 0, 64)])
    return MARK.ljust(512, b" ") + buffer.getvalue()[512:]


@pytest.mark.parametrize(
    "data",
    [
        hdf5_bytes(None),
        hdf5_bytes(np.zeros((3, 4, 5))),
        hdf5_bytes(np.zeros((3, 4), complex)),
        link_bytes(h5py.ExternalLink("/etc/passwd", "/image")),
        link_bytes(h5py.SoftLink("/cjdata")),
        external_bytes(),
        older_bytes(np.zeros((3, 4, 5))),
    ],
)
def test_what_is_no_slice_of_that_set_and_what_leads_to_other_files_is_refused(data: bytes) -> None:
    with refused(Problem.NO_CJDATA):
        read_scan(data, "1.mat")


def test_an_image_that_is_announced_only_is_refused_before_it_takes_memory() -> None:
    with refused(Problem.TOO_MANY_PIXELS):
        read_scan(_announced((100_000, 100_000), (100, 100)), "1.mat")


def _announced(shape: tuple[int, int], chunks: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        file.create_group("cjdata").create_dataset("image", shape, "u1", chunks=chunks, compression="gzip")
    return MARK.ljust(512, b" ") + buffer.getvalue()[512:]


def test_an_older_file_that_unpacks_without_end_is_refused() -> None:
    with refused(Problem.INFLATED_PACKED):
        read_scan(older_bytes(np.zeros((9000, 9000), np.uint8)), "1.mat")


@pytest.mark.parametrize("data", [hdf5_bytes(), older_bytes()])
def test_a_file_that_is_cut_off_is_damaged(data: bytes) -> None:
    for size in (600, len(data) // 2, len(data) - 10):
        with refused(Problem.DAMAGED):
            read_scan(data[: min(size, len(data) - 10)], "1.mat")


def test_without_the_extra_a_file_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = hdf5_bytes()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with refused(Problem.NEEDS_EXTRA):
        read_scan(data, "1.mat")


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f4", "f8"])
def test_values_of_every_type_are_those_that_scipy_wrote(dtype: str) -> None:
    image = np.arange(300).reshape(15, 20).astype(dtype)
    assert read_scan(older_bytes(image), "1.mat").pixels == pytest.approx(image / image.max(), abs=1e-6)


def variables_bytes(compress: bool = True, **variables: Any) -> bytes:
    buffer: Any = io.BytesIO()
    savemat(buffer, variables, do_compression=compress)
    return bytes(buffer.getvalue())


def other_hdf5_bytes() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        file["weights"] = np.eye(3)
    return MARK.ljust(512, b" ") + buffer.getvalue()[512:]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (hdf5_bytes(), True),
        (older_bytes(), True),
        (older_bytes(compress=False), True),
        (variables_bytes(other=np.zeros((2000, 9)), cjdata={"image": IMAGE}), True),
        (variables_bytes(weights=np.eye(200)), False),
        (variables_bytes(False, weights=np.eye(3), names="cjdata"), False),
        (other_hdf5_bytes(), False),
        (older_bytes()[:150], True),  # cut off: reading it says so
    ],
)
def test_whether_a_file_may_hold_a_slice_is_recognised_by_its_variables(data: bytes, expected: bool) -> None:
    assert may_hold_slice(data, find_format(data)) is expected
    assert is_no_image(SourceFile("of/1.mat", lambda: data, is_found=True)) is not expected
