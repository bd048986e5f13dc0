"""Slices that are sent to another process: how large they are, and that they are read there as here."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.files import open_paths
from brain_tumor.input.series import ReadOptions, Slice, WindowMode
from tests.dicom_factory import make_dicom
from tests.factories import png_bytes
from tests.input.volumes import nifti_bytes


def slice_of_series(number: int) -> bytes:
    return make_dicom(
        np.arange(4096, dtype=np.uint16).reshape(64, 64) * (number + 1),
        SOPInstanceUID=f"1.2.3.{number + 1}",
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[0, 0, 5.0 * number],
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture, a volume, a DICOM series, a file of several frames, and an archive of all."""
    values = np.arange(64 * 64 * 5).reshape(64, 64, 5).astype(np.int16)
    contents = {
        "picture.png": png_bytes(),
        "volume.nii": nifti_bytes(values),
        "frames.dcm": make_dicom(np.arange(3 * 4096, dtype=np.uint16).reshape(3, 64, 64), NumberOfFrames=3),
        **{f"series/{number}.dcm": slice_of_series(number) for number in range(4)},
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"in/{name}", content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


NAMES = ["picture.png", "volume.nii", "frames.dcm", "series", "all.zip", "."]


@pytest.mark.parametrize("window", [WindowMode.FILE, WindowMode.ROBUST])
@pytest.mark.parametrize("name", NAMES)
def test_a_slice_is_sent_in_under_a_kilobyte_and_read_as_here(folder: Path, name: str, window: WindowMode) -> None:
    sent = 0
    for series in open_paths([name], ReadOptions(window=window)):
        for here in series.slices:
            content = pickle.dumps(here)
            assert len(content) < 1024
            there: Slice = pickle.loads(content)  # noqa: S301 - made two lines above
            assert (there.name, there.position_mm, there.dicom) == (here.name, here.position_mm, here.dicom)
            np.testing.assert_array_equal(there.read().pixels, here.read().pixels)
            sent += 1
    assert sent


def test_a_slice_knows_its_archive_and_its_place_in_it(folder: Path) -> None:
    found = {slice_.file: slice_.ref for series in open_paths(["."]) for slice_ in series.slices}
    located = {file: (ref.path, ref.member) for file, ref in found.items() if ref is not None}  # type: ignore[attr-defined]
    assert located["./picture.png"] == ("./picture.png", None)
    assert located["./all.zip/in/picture.png"] == ("./all.zip", "in/picture.png")


def test_a_dicom_slice_still_has_its_whole_file(folder: Path) -> None:
    (series,) = open_paths(["series"])
    for here in series.slices:
        there: Slice = pickle.loads(pickle.dumps(here))  # noqa: S301 - as above
        assert there.content and there.content() == (folder / here.file).read_bytes()


def test_another_process_reads_it(folder: Path) -> None:
    (series,) = open_paths(["volume.nii"])
    (folder / "slice").write_bytes(pickle.dumps(series.slices[2]))
    program = "import pickle; print(pickle.load(open('slice', 'rb')).read().pixels.sum())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder)
    assert float(done.stdout) == pytest.approx(float(series.slices[2].read().pixels.sum()))


def test_a_slice_whose_file_went_says_so(folder: Path) -> None:
    (series,) = open_paths(["picture.png"])
    content = pickle.dumps(series.slices[0])
    (folder / "picture.png").unlink()
    with pytest.raises(ScanError):
        pickle.loads(content).read()  # noqa: S301 - as above
