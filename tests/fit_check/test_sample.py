import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import NoReturn

import nibabel as nib
import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.fit_check.sample import choose_slices, draw_evenly
from brain_tumor.input.files import find_files, to_source
from brain_tumor.input.formats import HEAD_BYTES
from brain_tumor.input.series import ReadOptions, Slice
from brain_tumor.input.series_builder import unpack_archives
from brain_tumor.input.source_file import SourceFile
from tests.dicom_factory import make_dicom
from tests.factories import png_bytes


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_volume(name: str, slices: int) -> None:
    voxels = np.arange(64 * 64 * slices, dtype=np.int16).reshape(64, 64, slices)
    nib.save(nib.Nifti1Image(voxels, np.diag([1.0, 1.0, 5.0, 1.0])), name)  # type: ignore[no-untyped-call]


def choose(count: int, *names: str) -> list[tuple[Slice, ...]]:
    return list(choose_slices([to_source(name) for name in names], count, ReadOptions()))


def test_all_is_drawn_where_there_is_no_more() -> None:
    assert draw_evenly(lambda: "abc", 3) == (["a", "b", "c"], 3)
    assert draw_evenly(lambda: "abc", 5) == (["a", "b", "c"], 3)
    assert draw_evenly(lambda: "", 5) == ([], 0)


@pytest.mark.parametrize("found", [200, 201, 250, 399, 400, 401, 7020])
def test_as_many_are_drawn_as_were_asked_for(found: int) -> None:
    assert len(draw_evenly(lambda: range(found), 200)[0]) == 200


def test_what_is_drawn_is_spread_and_keeps_its_order() -> None:
    drawn, found = draw_evenly(lambda: range(1000), 100)
    assert ([index // 10 for index in drawn], found) == (list(range(100)), 1000)  # one of every ten


@pytest.mark.parametrize("length", [16, 21, 24, 32, 34, 100, 155])
def test_series_of_equal_length_give_slices_of_all_heights(length: int) -> None:
    # A fixed step of that length would draw the first slice of every series.
    drawn, _ = draw_evenly(lambda: range(200 * length), 200)
    quarters = Counter(4 * (index % length) // length for index in drawn)
    assert all(35 <= quarters[quarter] <= 65 for quarter in range(4)), quarters


def test_single_images_give_one_slice_each() -> None:
    for name in "abc":
        Path(f"{name}.png").write_bytes(png_bytes())
    assert [[slice_.file for slice_ in slices] for slices in choose(200, "a.png", "b.png", "c.png")] == [
        ["a.png"],
        ["b.png"],
        ["c.png"],
    ]


def test_volumes_share_what_single_images_leave() -> None:
    Path("a.png").write_bytes(png_bytes())
    write_volume("b.nii", 30)
    write_volume("c.nii.gz", 30)
    Path("d.png").write_bytes(png_bytes())
    assert [(slices[0].file, len(slices)) for slices in choose(22, "a.png", "b.nii", "c.nii.gz", "d.png")] == [
        ("a.png", 1),
        ("d.png", 1),
        ("b.nii", 10),
        ("c.nii.gz", 10),
    ]


def test_a_small_volume_leaves_its_share_to_the_next() -> None:
    write_volume("a.nii", 3)
    write_volume("b.nii", 30)
    assert [len(slices) for slices in choose(20, "a.nii", "b.nii")] == [3, 17]


def test_slices_of_a_volume_are_evenly_apart() -> None:
    write_volume("a.nii", 30)
    (slices,) = choose(10, "a.nii")
    numbers = [slice_.number or 0 for slice_ in slices]
    assert np.diff(numbers).tolist() == [3] * 9


def test_one_slice_a_volume_is_of_another_height_each_time() -> None:
    names = [f"{number}.nii" for number in range(8)]
    for name in names:
        write_volume(name, 40)
    numbers = sorted(slices[0].number or 0 for slices in choose(8, *names))
    assert numbers[0] <= 10 and numbers[-1] >= 30
    assert len(set(numbers)) == 8


def test_of_an_image_only_the_head_is_read_before_its_slice_is_asked_for() -> None:
    def refuse() -> NoReturn:
        raise AssertionError("read whole")

    file = SourceFile("a.png", refuse, lambda: io.BytesIO(png_bytes()[:HEAD_BYTES]))
    ((slice_,),) = choose_slices([file], 1, ReadOptions())
    with pytest.raises(AssertionError, match="read whole"):
        slice_.read()


def test_files_of_one_dicom_series_are_drawn_file_by_file() -> None:
    for number in range(6):
        pixels = np.full((64, 64), number, np.uint16)
        Path(f"{number}.dcm").write_bytes(make_dicom(pixels, InstanceNumber=number))
    files, found = draw_evenly(lambda: map(to_source, find_files(["."])), 3)
    chosen = [slice_.file for slices in choose_slices(files, 3, ReadOptions()) for slice_ in slices]
    assert (found, len(chosen), len(set(chosen))) == (6, 3, 3)


def test_files_in_archives_are_files_like_others() -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        for number in range(30):
            archive.writestr(f"{number:02}.png", png_bytes())
    Path("b.png").write_bytes(png_bytes())
    files, found = draw_evenly(lambda: unpack_archives(map(to_source, find_files(["."]))), 10)
    assert found == 31
    assert sum(file.name.startswith("./a.zip/") for file in files) in (9, 10)
    assert all(slice_.read().pixels.shape == (64, 64) for (slice_,) in choose_slices(files, 10, ReadOptions()))


def test_a_file_that_cannot_be_opened_is_a_slice_that_says_why() -> None:
    Path("bad.nii").write_bytes(b"\x1f\x8bnothing")
    Path("note.txt").write_text("no image")
    for slices in choose(3, "bad.nii", "note.txt", "missing.png"):
        with pytest.raises(ScanError, match=r"bad\.nii|note\.txt|missing\.png"):
            slices[0].read()
