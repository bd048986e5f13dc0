"""Does memory stay flat while images of every format are answered, for an hour?

python -m benchmarks.soak --minutes 60 --through python page --out soak.json
"""

import argparse
import gzip
import io
import json
import math
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import psutil
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from brain_tumor import load_classifier
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile

SAMPLE_EVERY_S = 1.0
# Libraries are loaded, caches filled and the allocator's pools grown in the first part of a run.
WARM_UP_SHARE = 0.25
MB = 10**6


@dataclass(frozen=True, slots=True)
class Growth:
    """How resident memory went after the warm-up."""

    through: str
    answers: int  # of slices, the warm-up's and the unreadable ones too
    minutes: float
    start_mb: float  # of the line through all samples
    end_mb: float
    peak_mb: float
    mb_per_hour: float


def main(argv: Sequence[str] | None = None) -> int:
    """Soak, print the table, and write the JSON file where one is asked for."""
    args = _parse(argv)
    found = []
    print(f"{'through':<8}{'answers':>9}{'minutes':>9}{'start MB':>10}{'end MB':>9}{'peak MB':>9}{'MB/hour':>9}")
    for through in args.through:
        seconds = 60 * args.minutes / len(args.through)
        found.append(growth(through, *{"python": soak_python, "page": soak_page}[through](seconds, args.answers)))
        latest = found[-1]
        print(
            f"{through:<8}{latest.answers:>9}{latest.minutes:>9.1f}{latest.start_mb:>10.1f}{latest.end_mb:>9.1f}"
            f"{latest.peak_mb:>9.1f}{latest.mb_per_hour:>+9.1f}",
            flush=True,
        )
    if args.out:
        args.out.write_text(json.dumps([asdict(item) for item in found], indent=2) + "\n", encoding="utf-8")
    return 0


Samples = list[tuple[float, float]]  # (seconds since the beginning, MB)


def soak_python(seconds: float, most: float) -> tuple[int, Samples]:
    """Answers of one shared classifier, in this process, until time or number is over; how many, and the memory."""
    classifier, process = load_classifier(), psutil.Process()
    samples: Samples = []
    begin = last = time.monotonic()
    answers = 0
    for files in draw_rounds():
        sources = [SourceFile(name, partial(bytes, data)) for name, data in files.items()]
        for series in open_series(sources, ReadOptions()):
            for _ in classifier.classify_many(series.slices):
                answers += 1
                now = time.monotonic()
                if now - last >= SAMPLE_EVERY_S:
                    samples.append((now - begin, process.memory_info().rss / MB))
                    last = now
        if answers >= most or time.monotonic() - begin >= seconds:
            break
    return answers, samples


def soak_page(seconds: float, most: float) -> tuple[int, Samples]:
    """Visitors of the page, one after the other, each with files of every format; the memory is the server's."""
    from tools.browser import find_chromium, open_browser, serve_page

    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("the page needs a browser: install Chromium, or leave out --through page")
    samples: Samples = []
    answers = 0
    with serve_page() as server, open_browser(chromium) as browser:
        process, begin = psutil.Process(server.process_id), time.monotonic()
        for files in draw_rounds():
            page = browser.new_page()
            page.goto(server.url)
            uploader = page.locator("input[type=file]").first
            payloads: Any = [
                {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()
            ]
            uploader.set_input_files(payloads, timeout=60_000)
            page.get_by_role("heading", name="Results").wait_for(timeout=120_000)
            page.close()
            answers += SLICES_PER_ROUND
            now = time.monotonic() - begin
            samples.append((now, process.memory_info().rss / MB))
            if answers >= most or now >= seconds:
                break
    return answers, samples


def growth(through: str, answers: int, samples: Samples) -> Growth:
    """The least-squares line through the samples behind the warm-up; at least two must be there."""
    times, sizes = np.array(samples).T
    kept = times >= WARM_UP_SHARE * times[-1]
    if kept.sum() < 2:
        raise SystemExit("too short to see how memory grows; give more --minutes")
    slope, start = np.polyfit(times[kept] - times[kept][0], sizes[kept], 1)
    end = start + slope * (times[-1] - times[kept][0])
    figures = (times[-1] / 60, start, end, sizes.max(), slope * 3600)
    return Growth(through, answers, *(round(float(figure), 2) for figure in figures))


SLICES_PER_ROUND = 15  # as open_series counts them: nine files of one, two of three


def draw_rounds() -> Iterator[dict[str, bytes]]:
    """Without end: a file of every format, by name, with pictures that no round had before; the last is damaged."""
    seed = 0
    while True:
        draw: Callable[[int], np.ndarray] = partial(draw_slice, 16 * seed)
        volume = np.stack([draw(index) for index in range(3)], axis=-1)
        nifti = nibabel.nifti1.Nifti1Image(volume.astype(np.int16), np.eye(4)).to_bytes()  # type: ignore[no-untyped-call]
        pictures = {
            name: _encode(draw(3 + index), file_format)
            for index, (name, file_format) in enumerate(
                {"a.png": "PNG", "b.jpg": "JPEG", "c.bmp": "BMP", "d.tif": "TIFF", "e.webp": "WEBP"}.items()
            )
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside.png", _encode(draw(8), "PNG"))
        yield {
            **pictures,
            "f.dcm": _to_dicom(draw(9)),
            "g.nii": nifti,
            "h.nii.gz": gzip.compress(nifti),
            "i.zip": packed.getvalue(),
            "j.png": pictures["a.png"][:200],
            "k.dcm": _to_dicom(draw(10))[:500],
        }
        seed += 1


def draw_slice(base: int, index: int, side_px: int = 192) -> np.ndarray:
    """A disc with grain, 8 bit."""
    rows, columns = np.mgrid[:side_px, :side_px] - side_px / 2
    grain = np.random.default_rng([base, index]).integers(0, 60, (side_px, side_px))
    return (np.where(np.hypot(rows, columns) < side_px / 2.5, 120, 0) + grain).astype(np.uint8)


def _encode(pixels: np.ndarray, file_format: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, file_format)
    return stream.getvalue()


def _to_dicom(pixels: np.ndarray) -> bytes:
    dataset, meta = Dataset(), FileMetaDataset()
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = dataset.SeriesInstanceUID = UID("1.2.3")
    dataset.Modality, dataset.PhotometricInterpretation = "MR", "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelData = (pixels.astype("<u2") * 16).tobytes()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="all together (default: %(default)s)")
    parser.add_argument(
        "--answers", type=int, default=math.inf, metavar="N", help="end earlier, after so many answers of each way"
    )
    parser.add_argument(
        "--through", nargs="+", choices=("python", "page"), default=["python"], help="one after the other"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
