"""Reads files as every front of this program does, and tells what came out; as a program, many files and their cost.

    python -m tests.hostile.reading LIST

LIST: a JSON file of [name, path of the bytes] pairs. Each file gives a line of JSON: its answers, seconds of processor
time, and the peak memory of this process so far and of its children, in MB. The first line stands for good files of
every kind, which load all libraries.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from brain_tumor.classifier import Classifier
from brain_tumor.errors import ScanError
from brain_tumor.input.files import open_file, read_file
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.input.series import ReadOptions, Slice
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.model.output import ModelOutput
from tests.factories import make_card, make_output, png_bytes
from tests.hostile.archives import pack
from tests.hostile.bad_file import PATIENT, READS
from tests.input.slices import dicom_bytes
from tests.input.volumes import nifti_gz_bytes

# What is counted in: KiB on Linux, bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_NEVER_SAID = (PATIENT, "CANARY", "Traceback", "site-packages", "object at 0x")


class EvenEngine:
    """Stands in for the network: checks what it is given, and answers always the same."""

    def run(self, tensor: FloatArray) -> ModelOutput:
        """As LiteRTEngine.run."""
        assert np.isfinite(tensor).all() and 0 <= tensor.min() <= tensor.max() <= 1
        return make_output()


def make_classifier() -> Classifier:
    """The real reader, preprocessing and decision around an engine that costs nothing."""
    return Classifier(EvenEngine(), replace(make_card(), input=InputContract(side_px=32)))  # type: ignore[arg-type]


def answers_of(file: SourceFile, options: ReadOptions | None = None) -> list[str]:
    """What each slice of a file comes to: READS, or the problem of its ScanError.

    Everything else that is raised goes through. Asserts that pixels are finite and 0 to 1, and that a message names
    the file, says what to do, and tells nothing of a patient or of this program's inside.
    """
    slices = (slice_ for series in open_series([file], options or ReadOptions()) for slice_ in series.slices)
    classifier = make_classifier()
    return [_answer(classifier, file.name, slice_) for slice_ in slices]


def _answer(classifier: Classifier, name: str, slice_: Slice) -> str:
    assert slice_.file.startswith(name)
    try:
        # Not classify_slice: it makes a ScanError of whatever a reader raises, of what is found here as well.
        scan = slice_.read()
    except ScanError as error:
        _check_error(error, name)
        return error.problem
    _check(scan)
    assert classifier.classify_scan(scan, slice_.file).probabilities
    return READS


def _check_error(error: ScanError, name: str) -> None:
    assert error.name.startswith(name)
    assert ";" in error.message or "read:" in error.message, error.message
    assert not any(word in error.message for word in _NEVER_SAID), error.message


def _check(scan: Scan) -> None:
    assert scan.pixels.dtype == np.float32 and scan.pixels.ndim == 2 and scan.pixels.size
    assert np.isfinite(scan.chroma)
    # Not isfinite: it would take memory of its own.
    assert 0.0 <= scan.pixels.min() <= scan.pixels.max() <= 1.0


def good_files() -> bytes:
    """An archive of one file of each kind; reading it loads every library."""
    return pack({"a.png": png_bytes(), "b.nii.gz": nifti_gz_bytes(), "c.dcm": dicom_bytes()})


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


def children_mb() -> float:
    """The most memory that a process started by this one has held: GDCM's, those that have ended as well."""
    peaks = [resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _RSS_UNIT]
    for child in psutil.Process().children():
        status = Path(f"/proc/{child.pid}/status")  # on Linux; elsewhere what it holds now must do
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        peaks.append(int(found[1]) * 1024 if found else child.memory_info().rss)
    return max(peaks) / 1e6


def processor_s() -> float:
    """Seconds of processor time that this process has taken, and those that it started."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = [child.cpu_times() for child in psutil.Process().children()]
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(item.user + item.system for item in running)


def measure(listed: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Name, answers and cost of each file."""
    for name, path in listed:
        yield _measured(SourceFile(name, partial(read_file, path), partial(open_file, path)))


def _measured(file: SourceFile) -> dict[str, Any]:
    start = processor_s()
    answers = answers_of(file)
    return {
        "name": file.name,
        "answers": answers,
        "processor_s": processor_s() - start,
        "peak_mb": peak_mb(),
        "children_mb": children_mb(),
    }


def main(listed: Path) -> None:
    """Read a list of files and print what they came to."""
    print(json.dumps(_measured(SourceFile("good files", good_files))), flush=True)
    for line in measure(json.loads(listed.read_text(encoding="utf-8"))):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
