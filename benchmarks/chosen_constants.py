"""Two constants that training images choose: when a window fits, and how few greys make a mask.

Only the folder that is given is looked at: the Training part of a data set with a folder per class.
"""

import argparse
import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.decision.gate import share_of_few_greys
from brain_tumor.decision.verdict import Status
from brain_tumor.evaluation.labelled import find_labelled
from brain_tumor.input.dicom import list_slices, read_header
from brain_tumor.input.raster import to_jpeg_and_back
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import ReadOptions, WindowMode
from brain_tumor.input.voi import fit_of
from brain_tumor.labels import Label

# The pictures have 8 bits; their DICOM files have 12.
_BRIGHTEST = 255 * 16
# The extremes of scans decide, so there are more of them.
_SCANS_PER_MASK = 10
_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.01)


@dataclass(frozen=True, slots=True)
class Window:
    """A window in a file's header, and what else the header says wrongly or rightly."""

    center: float
    width: float
    slope: float = 1.0
    bits: int = 12


def windows() -> dict[str, Window]:
    """Right and wrong windows of a picture whose values run from 0 to 4080."""
    middle = _BRIGHTEST / 2
    found = {
        f"{times:g} times as wide": Window(middle * times, _BRIGHTEST * times) for times in (1, 1.5, 2, 3, 4, 8, 16)
    }
    found |= {f"{share:g} of the width": Window(middle, _BRIGHTEST * share) for share in (0.75, 0.5, 0.25, 0.1)}
    found |= {f"shifted by {share:g} of its width": Window(middle + _BRIGHTEST * share, _BRIGHTEST)
              for share in (-0.5, -0.25, 0.25, 0.5)}  # fmt: skip
    return found | {
        "of CT, 40/80": Window(40, 80),
        "in stored units, slope 0.1": Window(middle, _BRIGHTEST, slope=0.1),
        "in stored units, slope 4": Window(middle, _BRIGHTEST, slope=4),
        "of 12 bits, values of 8": Window(2048, 4096, bits=8),
    }


def to_dicom(grey: NDArray[np.uint8], window: Window) -> bytes:
    """A synthetic MR file around one picture."""
    values = grey.astype("<u2") * (16 if window.bits == 12 else 1)
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = MRImageStorage, UID("1.2.3"), "MR"
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.RescaleSlope, dataset.RescaleIntercept = window.slope, 0
    dataset.WindowCenter, dataset.WindowWidth = window.center, window.width
    dataset.PixelData = values.tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = (
        MRImageStorage,
        dataset.SOPInstanceUID,
    )
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def shown(data: bytes, mode: WindowMode) -> Scan:
    """The one slice of a file."""
    (slice_,) = list_slices(lambda: data, read_header(data, "scan"), "scan", ReadOptions(window=mode))
    return slice_.read()


def _answer(classifier: Classifier, scan: Scan, label: Label) -> str:
    verdict = classifier.classify_scan(scan, "scan").verdict
    if verdict.status is not Status.CLASSIFIED:
        return verdict.status.value
    return "right" if verdict.label is label else "wrong"


def measure_windows(pictures: Sequence[tuple[Path, Label]], classifier: Classifier) -> list[dict[str, Any]]:
    """A row per picture and window: its fit, the answer under it and the answer under robust limits."""
    rows = []
    for path, label in pictures:
        grey = np.asarray(Image.open(path).convert("L"))
        robust = _answer(classifier, shown(to_dicom(grey, Window(1, 2)), WindowMode.ROBUST), label)
        for name, window in windows().items():
            scan = shown(to_dicom(grey, window), WindowMode.STORED)
            filled, middle = fit_of(scan.pixels, grey.astype(np.float64))
            rows.append({"window": name, "filled": filled, "grey": middle, "robust": robust,
                         "stored": _answer(classifier, scan, label)})  # fmt: skip
    return rows


def render_windows(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Of each window and each share: how often the answer is right and sure, in percent, beside robust limits."""

    def line(name: str, chosen: Sequence[dict[str, Any]]) -> str:
        counts = [100 * np.mean([row[key] == word for row in chosen]) for key in ("stored", "robust")
                  for word in ("right", "wrong", "not_a_brain_mri")]  # fmt: skip
        return f"{name:32} {len(chosen):6}" + "".join(f" {count:7.1f}" for count in counts)

    head = f"{'':32} {'n':>6}" + " ".join(
        f"{word:>7}" for word in ("", "right", "wrong", "reject", "right", "wrong", "rej.")
    )
    yield head + "   (three under the window, three under robust limits)"
    for name in windows():
        yield line(name, [row for row in rows if row["window"] == name])
    for key, other, least in (("filled", "grey", 0.5), ("grey", "filled", 0.4)):
        yield f"by {key}, where {other} is at least {least}"
        for low, high in pairwise(_EDGES):
            chosen = [row for row in rows if low <= row[key] < high and row[other] >= least]
            if chosen:
                yield line(f"  {low:.1f} to {min(high, 1):.1f}", chosen)


def masks_of(grey: NDArray[np.uint8], levels: int) -> dict[str, NDArray[np.float32]]:
    """A mask or label map of so many values drawn from a picture: as it is, smoothed at its edges, and as JPEG."""
    # Regions, not pixels: as a person or a program outlines them.
    smooth = np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(4)), np.float32)
    edges = np.percentile(smooth[smooth > smooth.mean() / 2], np.linspace(10, 90, levels))
    labels = (np.digitize(smooth, edges) / levels).astype(np.float32)
    picture = Image.fromarray(labels)
    small = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.BILINEAR)
    return {
        "as it is": labels,
        "smoothed": np.clip(np.asarray(small, np.float32), 0, 1),
        "JPEG 75": to_jpeg_and_back(labels, 75),
    }


def measure_greys(pictures: Sequence[tuple[Path, Label]]) -> dict[str, list[float]]:
    """The share of few greys of scans, and of masks drawn from them."""
    shares: dict[str, list[float]] = {"scans": []}
    for index, (path, _) in enumerate(pictures):
        shares["scans"].append(share_of_few_greys(read_scan(path.read_bytes(), path.name).pixels))
        if index % _SCANS_PER_MASK:
            continue
        grey = np.asarray(Image.open(path).convert("L"))
        for levels in (1, 2, 3, 5):
            for way, mask in masks_of(grey, levels).items():
                shares.setdefault(f"masks of {levels} values, {way}", []).append(share_of_few_greys(mask))
    return shares


def render_greys(shares: dict[str, list[float]]) -> Iterator[str]:
    """Quantiles of each family, and how many of it each limit takes for a mask."""
    limits = (0.9, 0.92, 0.93, 0.94, 0.95, 0.96, 0.98)
    quantiles = (0, 1, 50, 99, 99.9, 100)
    yield (
        f"{'':34}"
        + "".join(f"  q{quantile:g}" for quantile in quantiles)
        + "  taken for masks at "
        + " ".join(map(str, limits))
    )
    for name, found in shares.items():
        taken = " ".join(f"{np.mean(np.array(found) >= limit):6.1%}" for limit in limits)
        yield f"{name:34}" + "".join(f" {value:.3f}" for value in np.percentile(found, quantiles)) + f"  {taken}"


def pick(training: Path, count: int) -> list[tuple[Path, Label]]:
    """So many pictures, evenly over the classes and within each."""
    by_label: dict[Label, list[Path]] = {}
    for image, label in find_labelled(training).files:
        by_label.setdefault(label, []).append(image.path)
    each = count // len(by_label)
    return [
        (paths[index], label)
        for label, paths in by_label.items()
        for index in np.linspace(0, len(paths) - 1, min(each, len(paths))).astype(int)
    ]


def scans_of_list(table: Path, count: int) -> list[Path]:
    """So many brain MRI that trained, evenly over a list with the columns path, label and split."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train" and row["label"] != "not-brain-mri"]
    return [table.parent / rows[index]["path"] for index in np.linspace(0, len(rows) - 1, count).astype(int)]


def main() -> None:
    """Print what one of the constants is chosen by."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("windows", "greys"))
    parser.add_argument("training", type=Path, help="a folder with a folder per class; training images only")
    parser.add_argument("--images", type=int, default=160)
    parser.add_argument("--list", type=Path, help="a list of further training images; for greys")
    parser.add_argument("--out", type=Path, help="keep the figures as JSON")
    arguments = parser.parse_args()
    pictures = pick(arguments.training, arguments.images)
    found: Any
    if arguments.what == "windows":
        found = measure_windows(pictures, load_classifier())
        lines = render_windows(found)
    else:
        found = measure_greys(pictures)
        if arguments.list:
            found["further scans"] = [
                share_of_few_greys(read_scan(path.read_bytes(), path.name).pixels)
                for path in scans_of_list(arguments.list, arguments.images)
            ]
        lines = render_greys(found)
    print("\n".join(lines))
    if arguments.out:
        arguments.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
