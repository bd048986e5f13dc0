from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.input.volumes import make_image
from tools.cut_volumes import is_head, main


@pytest.mark.parametrize(("bright", "expected"), [(0, False), (9, False), (10, True), (100, True)])
def test_a_head_is_more_than_a_tenth_tissue(bright: int, expected: bool) -> None:
    pixels = np.zeros(100, np.float32)
    pixels[:bright] = 0.5
    assert is_head(pixels.reshape(10, 10)) is expected


def cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("sys.argv", ["cut_volumes", str(folder), str(folder / "out")])
    main()
    return sorted(path.name for path in (folder / "out").iterdir())


def save_volume(path: Path) -> None:
    """A ball in a cube of 40 mm."""
    distance = np.linalg.norm(np.indices((40, 40, 40)) - 19.5, axis=0)
    values = np.where(distance < 18, 500 + distance, 0).astype(np.int16)
    nibabel.save(make_image(values), path)


def test_slices_are_named_by_their_subject_6_mm_apart_without_air(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_volume(tmp_path / "Subj5_T1.nii.gz")
    names = cut(tmp_path, monkeypatch)
    axial = [int(name.removeprefix("s05_t1_ax").removesuffix(".png")) for name in names if "_ax" in name]
    assert axial and set(np.diff(axial)) == {6}
    assert axial[0] > 1 and axial[-1] < 40
    assert {name[:9] for name in names} == {"s05_t1_ax", "s05_t1_co", "s05_t1_sa"}


def test_a_volume_of_an_unknown_subject_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "brain.nii.gz").touch()
    with pytest.raises(SystemExit, match=r"brain.nii.gz: is not called SubjN_SEQUENCE.nii.gz"):
        cut(tmp_path, monkeypatch)
