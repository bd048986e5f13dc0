"""Takes the skull off NIfTI volumes: ``python -m tools.strip_volumes VOLUMES MASKS FOLDER``.

``MASKS`` holds a brain mask per subject, ``Subj5_T1.nii.gz``, as deepbet makes it of the T1 volume
(``deepbet.run_bet(volumes, mask_paths=masks, threshold=0.5)``, in an environment of its own: it needs PyTorch). The
subject's other volumes are masked through both affines. ``tools.cut_volumes`` cuts the result into slices, so that a
training list has heads without a skull and without a tumor.
"""

import argparse
import re
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.processing import resample_from_to


def strip_volume(volume: Path, mask: Path, out: Path) -> None:
    """Write a volume with everything outside of the mask set to zero; the mask may have another grid."""
    image: Any = nibabel.load(volume)  # nibabel's types know no affine
    grid = image.shape[:3], image.affine
    on_grid: Any = resample_from_to(nibabel.load(mask), grid, order=0)  # type: ignore[no-untyped-call]
    values = np.asarray(image.dataobj) * (np.asarray(on_grid.dataobj) > 0)
    masked = nibabel.Nifti1Image(values.astype(np.float32), image.affine)  # type: ignore[no-untyped-call]
    nibabel.save(masked, out)


def main() -> None:
    """Write one masked volume per volume whose subject has a mask."""
    parser = argparse.ArgumentParser(description="Take the skull off NIfTI volumes, by masks.")
    parser.add_argument("volumes", type=Path, help="folder with SubjN_SEQUENCE.nii.gz")
    parser.add_argument("masks", type=Path, help="folder with a mask SubjN_T1.nii.gz per subject")
    parser.add_argument("folder", type=Path, help="where the masked volumes go")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(arguments.volumes.glob("*.nii.gz")):
        subject = re.match(r"Subj\d+", path.name)
        mask = arguments.masks / f"{subject[0]}_T1.nii.gz" if subject else None
        if mask is None or not mask.exists():
            raise SystemExit(f"{path.name}: has no mask SubjN_T1.nii.gz in {arguments.masks}; make one with deepbet")
        strip_volume(path, mask, arguments.folder / path.name)


if __name__ == "__main__":
    main()
