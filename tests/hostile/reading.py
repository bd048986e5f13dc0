"""Reads files as every front of this program does, and tells what came out; as a program, many files and their cost.

    python -m tests.hostile.reading LIST

LIST: a JSON file of [name, path of the bytes] pairs. Each file gives a line of JSON: its answers, seconds of processor
time, and the peak memory of this process so far and of its children, in MB. The first line stands for good files of
every kind, which load all libraries.
"""

import json
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
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.sources import open_series
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
    """What each slice of a file comes to: READS, or the message of its ScanError.

    Everything else that is raised goes through. Asserts that pixels are finite and 0 to 1, and that a message names
    the file, says what to do, and tells nothing of a patient or of this program's inside.
    """
    slices = (one for series in open_series([file], options or ReadOptions()) for one in series.slices)
    classifier = make_classifier()
    return [_answer(classifier, file.name, one) for one in slices]


def _answer(classifier: Classifier, name: str, one: Slice) -> str:
    assert one.file.startswith(name)
    try:
        result = classifier.classify_slice(replace(one, read=partial(_read, one)))
    except ScanError as error:
        message = str(error)
        assert message.startswith(name), message
        said = message.removeprefix(name)
        assert ";" in said or "read:" in said or "read (" in said, message
        assert not any(word in said for word in _NEVER_SAID), message
        return message
    assert result.probabilities
    return READS


def _read(one: Slice) -> Scan:
    scan = one.read()
    assert scan.pixels.dtype == np.float32 and scan.pixels.ndim == 2 and scan.pixels.size
    assert np.isfinite(scan.chroma)
    # Not isfinite: it would take memory of its own.
    assert 0.0 <= scan.pixels.min() <= scan.pixels.max() <= 1.0
    return scan


def good_files() -> bytes:
    """An archive of one file of each kind; reading it loads every library."""
    return pack({"a.png": png_bytes(), "b.nii.gz": nifti_gz_bytes(), "c.dcm": dicom_bytes()})


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


def children_mb() -> float:
    """What the processes that this one has started hold now: GDCM's."""
    return sum(child.memory_info().rss for child in psutil.Process().children()) / 1e6


def measure(listed: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Name, answers and cost of each file."""
    for name, path in listed:
        yield _measured(SourceFile(name, partial(read_file, path), partial(open_file, path)))


def _measured(file: SourceFile) -> dict[str, Any]:
    start = time.process_time()
    answers = answers_of(file)
    return {
        "name": file.name,
        "answers": answers,
        "processor_s": time.process_time() - start,
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
