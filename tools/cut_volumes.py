"""Cuts NIfTI volumes into slices for training: ``python -m tools.cut_volumes VOLUMES FOLDER``.

``Subj5_T1.nii.gz`` becomes ``s05_t1_ax012.png`` and so on: the name begins with the subject, by which a training list
keeps all slices of one person in one part. Slices are read as the program reads them.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from PIL import Image

from brain_tumor.input.scan import FloatArray
from brain_tumor.input.series import Plane, ReadOptions
from brain_tumor.input.volume_file import read_volume

# Above the head there is only air; a slice with so little in it says nothing about a brain.
MIN_TISSUE_SHARE = 0.1
_TISSUE = 0.1  # of the volume's window
EVERY_MM = 6.0  # closer slices look alike


def is_head(pixels: FloatArray) -> bool:
    """Whether enough of a slice, (rows, columns), 0 to 1, is more than air."""
    return float((pixels > _TISSUE).mean()) >= MIN_TISSUE_SHARE


def main() -> None:
    """Write one PNG per slice that shows a head."""
    parser = argparse.ArgumentParser(description="Cut NIfTI volumes into slices for training.")
    parser.add_argument("volumes", type=Path, help="folder with SubjN_SEQUENCE.nii.gz")
    parser.add_argument("folder", type=Path, help="where the slices go")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(arguments.volumes.glob("*.nii.gz")):
        if not (name := re.fullmatch(r"Subj(\d+)_(\w+)\.nii\.gz", path.name)):
            raise SystemExit(f"{path.name}: is not called SubjN_SEQUENCE.nii.gz, so its subject is unknown")
        subject, sequence = f"s{int(name[1]):02}", name[2].lower()
        for plane in Plane:
            last_mm = -np.inf
            for slice_ in read_volume(path.read_bytes(), path.name, ReadOptions(plane=plane)).slices:
                if slice_.position_mm is None or slice_.position_mm < last_mm + EVERY_MM:
                    continue
                pixels = slice_.read().pixels
                if is_head(pixels):
                    last_mm = slice_.position_mm
                    picture = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
                    picture.save(arguments.folder / f"{subject}_{sequence}_{plane.value[:2]}{slice_.number:03}.png")


if __name__ == "__main__":
    main()
