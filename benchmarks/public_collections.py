"""Public scans that packages bring along, and drawn ones in the shapes of others: what each reader makes of them.

Readers are dcm2niix, SimpleITK (GDCM) and nibabel, then this package. Packages are not installed for this; they lie in
folders, unpacked by ``pip install --no-deps --target FOLDER``.
"""

import argparse
import gzip
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk  # noqa: N813 - as everybody does

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.decision.series import decide_series
from brain_tumor.input.files import open_paths
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.series import Series
from brain_tumor.presentation.wording import headline
from tests.dicom_factory import make_item, make_sequence
from tests.mr_series import sample_pixels, write_enhanced, write_series

_VOLUMES = (".nii", ".nii.gz", ".mgz")


@dataclass(frozen=True, slots=True)
class Collection:
    """Some files of a package."""

    package: str
    path: str  # pattern below a folder with packages
    what: str


COLLECTIONS = (
    Collection("heudiconv 1.5.1", "heudiconv/tests/data/axasc35.dcm", "Siemens XA30, enhanced, a head"),
    Collection("heudiconv 1.5.1", "heudiconv/tests/data/b0dwiForFmap/*.dcm", "Siemens XA30, enhanced, three volumes"),
    Collection("heudiconv 1.5.1", "heudiconv/tests/data/01-fmap_acq-3mm/*.dcm", "Siemens, one slice of a field map"),
    Collection("heudiconv 1.5.1", "heudiconv/tests/data/01-anat-scout/*.dcm", "Siemens, one slice of a scout"),
    Collection("heudiconv 1.5.1", "heudiconv/tests/data/Phoenix/*/*.dcm", "Siemens, one image and a Phoenix document"),
    Collection("heudiconv 1.5.1", "heudiconv/tests/data/MRI_102TD_PHA_S*.dcm", "Siemens XA, enhanced, two reformats"),
    Collection("nibabel 5.4", "nibabel/nicom/tests/data/siemens_dwi_*.dcm.gz", "Siemens mosaics, b 0 and b 1000"),
    Collection("nibabel 5.4", "nibabel/nicom/tests/data/[01].dcm", "Siemens mosaics, made too small for 48 tiles"),
    Collection("nibabel 5.4", "nibabel/nicom/tests/data/philips_mprage.dcm.gz", "Philips, enhanced, pixels blanked"),
    Collection("nibabel 5.4", "nibabel/tests/data/anatomical.nii", "T1, 2 x 2 x 2.2 mm"),
    Collection("nibabel 5.4", "nibabel/tests/data/functional.nii", "functional, 20 volumes"),
    Collection("nibabel 5.4", "nibabel/tests/data/example4d.nii.gz", "diffusion, two volumes"),
    Collection("pydicom 3.0", "pydicom/data/test_files/MR_small*.dcm", "one slice, in eight encodings"),
    Collection("pydicom 3.0", "pydicom/data/test_files/dicomdirtests", "a disc: CR, CT and MR of three patients"),
    Collection("pydicom-data 1.0", "data_store/data/emri_small*.dcm", "enhanced MR, six encodings"),
    Collection("pydicom-data 1.0", "data_store/data/MR2_*.dcm", "one sagittal slice, in four encodings"),
    Collection("pydicom-data 1.0", "data_store/data/MR-SIEMENS-DICOM-WithOverlays.dcm", "Siemens, one slice, overlays"),
    Collection("dipy 1.12", "dipy/data/files/S0_10slices.nii.gz", "diffusion b0, ten slices"),
    Collection("nilearn 0.14", "nilearn/datasets/data/mni_icbm152_t1_*.nii.gz", "MNI152, mean T1 of healthy heads"),
)  # fmt: skip


def _slices(count: int = 7) -> list[np.ndarray]:
    return [np.clip(sample_pixels().astype(int) - 40 * index, 0, 4095).astype(np.uint16) for index in range(count)]


def draw_enhanced(folder: Path) -> None:
    """As dcm_qa_enh: magnitude and phase in one enhanced file."""
    frames = [
        make_item(
            FrameContentSequence=make_sequence(StackID="1", InStackPositionNumber=index + 1),
            PlanePositionSequence=make_sequence(ImagePositionPatient=[-100.0, -100.0, 5.0 * index]),
            MRImageFrameTypeSequence=make_sequence(
                FrameType=["ORIGINAL", "PRIMARY", part[0], "NONE"], ComplexImageComponent=part
            ),
        )
        for part in ("MAGNITUDE", "PHASE")
        for index in range(7)
    ]
    write_enhanced(folder / "1.dcm", _slices() * 2, PerFrameFunctionalGroupsSequence=frames)


def draw_philips(folder: Path) -> None:
    """As dcm_qa_philips: two echoes, magnitude and phase, under one SeriesInstanceUID."""
    for echo in (1, 2):
        for part in "MP":
            write_series(
                folder / f"{echo}{part}", _slices(), EchoNumbers=echo, EchoTime=5.0 * echo,
                ImageType=["ORIGINAL", "PRIMARY", f"{part}_FFE", part, "FFE"],
                SOPInstanceUID=None, Manufacturer="Philips Medical Systems",
            )  # fmt: skip


def draw_xa30(folder: Path) -> None:
    """As dcm_qa_xa30: one enhanced file per volume, of a functional series."""
    for number in (1, 2, 3):
        write_enhanced(
            folder / f"{number}.dcm", _slices(), SOPInstanceUID=f"1.2.826.0.1.3680043.8.498.7.9.{number}",
            InstanceNumber=number, SeriesDescription="fMRI_rest", ImageType=["ORIGINAL", "PRIMARY", "FMRI", "NONE"],
        )  # fmt: skip


DRAWN: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("drawn as dcm_qa_enh: magnitude and phase in an enhanced file", draw_enhanced),
    ("drawn as dcm_qa_philips: two echoes, magnitude and phase, one series", draw_philips),
    ("drawn as dcm_qa_xa30: a functional series, one enhanced file a volume", draw_xa30),
)


def gather(collection: Collection, packages: Sequence[Path], folder: Path) -> None:
    """Copy a collection's files, gzipped DICOM files unpacked."""
    count = 0
    for found in (path for top in packages for path in sorted(top.glob(collection.path))):
        for path in sorted(found.rglob("*")) if found.is_dir() else [found]:
            if not path.is_file():
                continue
            target = folder / (path.relative_to(found.parent) if found.is_dir() else f"{count}-{path.name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.name.endswith(".dcm.gz"):
                target.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            else:
                shutil.copyfile(path, target)
            count += 1


def convert(folder: Path, dcm2niix: Path) -> str:
    """What dcm2niix writes: volumes by their slices, and what it adds to their names."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [dcm2niix, "-z", "n", "-b", "n", "-f", "%n_%s_%d", "-o", out, folder],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        found = [_describe_nifti(path) for path in sorted(Path(out).glob("*.nii"))]
    return _count(found) if found else f"nothing (ends with {done.returncode})"


def _describe_nifti(path: Path) -> str:
    image: Any = nibabel.load(path)
    shape = image.shape
    size = " x ".join(map(str, shape[:3]))
    volumes = f", {shape[3]} volumes" if len(shape) > 3 and shape[3] > 1 else ""
    part = next((f" {word}" for word in ("_ph", "_real", "_imaginary") if word in path.stem), "")
    return f"{size}{volumes}{part}"


def read_with_itk(folder: Path) -> str:
    """Series by GDCM's identifiers, or the sizes of volumes."""
    reader: Any = sitk.ImageSeriesReader()  # type: ignore[no-untyped-call]
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    found = []
    for each in folders:
        for uid in reader.GetGDCMSeriesIDs(str(each)):
            names = reader.GetGDCMSeriesFileNames(str(each), uid)
            found.append(f"{len(names)} file{'s' if len(names) > 1 else ''}")
    return _count(found) if found else "nothing"


def read_with_nibabel(folder: Path) -> str:
    """The shapes of volumes."""
    paths = [path for path in sorted(folder.rglob("*")) if path.name.endswith(_VOLUMES)]
    return _count(_describe_nifti(path) for path in paths)


def open_ours(folder: Path) -> tuple[list[Series], LeftOut]:
    """The series that this package makes of a folder."""
    left_out = LeftOut()
    return list(open_paths([str(folder)], left_out=left_out)), left_out


def describe_ours(series: Sequence[Series], left_out: LeftOut) -> str:
    """Series by their slices and kind, and what was counted as no image."""
    found = _count(
        f"{len(each.slices)} slice{'s' if len(each.slices) > 1 else ''}{f', {each.kind.value}' if each.kind else ''}"
        for each in series
    )
    copies = sum(each.duplicates for each in series)
    return (
        found + (f"; {copies} copies" if copies else "") + (f"; {left_out.files} no images" if left_out.files else "")
    )


def answer_ours(series: Sequence[Series], classifier: Classifier) -> str:
    """How often each answer was given."""
    answers = []
    for each in series:
        if not each.is_answered:
            answers.append("not answered")
            continue
        results = [outcome.result for outcome in classifier.classify_many(each.slices)]
        if not any(results):
            answers.append("not read")
        elif not each.is_stack:
            answers.append(headline(results[0].verdict if results[0] else None))
        else:
            findings = [
                result.to_finding(slice_.position_mm) if result else None
                for result, slice_ in zip(results, each.slices, strict=True)
            ]
            verdict = decide_series(findings, classifier.card.rules.classes)
            answers.append(f"{headline(verdict)} ({verdict.reason.value})")
    return _count(answers)


def _count(found: Iterable[str]) -> str:
    return "; ".join(f"{count} x {what}" if count > 1 else what for what, count in Counter(found).items())


def rows(packages: Sequence[Path], dcm2niix: Path, classifier: Classifier) -> Iterator[tuple[str, ...]]:
    """A row a collection."""
    todo: list[tuple[str, str, Callable[[Path], None]]] = [
        (item.package, item.what, partial(gather, item, packages)) for item in COLLECTIONS
    ]
    todo += [("this repository", what, draw) for what, draw in DRAWN]
    for package, what, fill in todo:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "in"
            folder.mkdir()
            fill(folder)
            if not any(folder.iterdir()):
                continue  # the package is not there
            holds_volumes = any(path.name.endswith(_VOLUMES) for path in folder.rglob("*"))
            others = (
                f"nibabel: {read_with_nibabel(folder)}"
                if holds_volumes
                else f"dcm2niix: {convert(folder, dcm2niix)}. GDCM: {read_with_itk(folder)}"
            )
            series, left_out = open_ours(folder)
            yield package, what, others, describe_ours(series, left_out), answer_ours(series, classifier)


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", type=Path, nargs="+", help="folders with packages, such as a site-packages")
    parser.add_argument("--dcm2niix", type=Path, required=True, help="the program")
    arguments = parser.parse_args()
    print("| from | files | other readers | series here | answer |\n|---|---|---|---|---|")
    for row in rows(arguments.packages, arguments.dcm2niix, load_classifier()):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
