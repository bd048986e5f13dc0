from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.input.volumes import make_image
from tools.strip_volumes import main, strip_volume


def save(path: Path, values: np.ndarray, spacing: float = 1) -> None:
    nibabel.save(make_image(values.astype(np.int16), np.diag([spacing, spacing, spacing, 1])), path)


def test_a_mask_of_another_grid_goes_through_both_affines(tmp_path: Path) -> None:
    mask = np.zeros((4, 4, 4))
    mask[:2] = 1  # of 2 mm: the first 3 voxels of 1 mm are nearest to these
    save(tmp_path / "a.nii.gz", np.full((8, 8, 8), 7))
    save(tmp_path / "mask.nii.gz", mask, spacing=2)
    strip_volume(tmp_path / "a.nii.gz", tmp_path / "mask.nii.gz", tmp_path / "out.nii.gz")
    image: Any = nibabel.load(tmp_path / "out.nii.gz")
    values = np.asarray(image.dataobj)
    assert (values[:3, :7, :7] == 7).all() and (values[4:] == 0).all()
    assert np.array_equal(image.affine, np.eye(4))


@pytest.mark.parametrize("name", ["Subj5_T2.nii.gz", "brain.nii.gz"])
def test_a_volume_without_a_mask_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("volumes", "masks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "volumes" / name).touch()
    monkeypatch.setattr("sys.argv", ["strip_volumes", *(str(tmp_path / name) for name in ("volumes", "masks", "out"))])
    with pytest.raises(SystemExit, match=f"^{name}: has no mask .* make one with deepbet"):
        main()
