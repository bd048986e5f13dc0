"""The table of contents: one line per stage."""

import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Self

import numpy as np
from numpy.typing import NDArray

from brain_tumor.decision.location import Location, find_location
from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Status, Verdict, decide
from brain_tumor.errors import ModelFileError, ScanError
from brain_tumor.input.array import read_array
from brain_tumor.input.preprocess import NetworkInput, to_input
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Slice
from brain_tumor.labels import Label
from brain_tumor.model.card import Card
from brain_tumor.model.choice import EngineName, load_engine
from brain_tumor.model.engine import Engine
from brain_tumor.model.model_file import ModelFile, default_model_path, load_model_file
from brain_tumor.model.output import ModelOutput

# Two threads keep up with the network on any file but a huge one.
DECODING_THREADS = 2
# Slices that are read or being read besides those in the network.
READ_AHEAD = 2


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The answer for one image. For research and education only, never for diagnosis."""

    name: str  # of the file
    scan: Scan
    output: ModelOutput
    verdict: Verdict
    order: tuple[Label, ...]  # class of each probability
    model_id: str
    location: Location | None = None  # where in the picture the tumor is; only of a verdict that names one
    # x0, y0, x1, y1: the part of the picture that the network looked at and its maps cover, in fractions.
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    slice_number: int | None = None  # counted from 1 within the file; None for a file of one slice
    elapsed_s: float | None = None  # for reading and answering; None where nobody measured

    @property
    def probabilities(self) -> dict[Label, float]:
        """The network's own softmax, per class; not meaningful when the image is not a brain MRI."""
        return dict(zip(self.order, map(float, self.output.probabilities), strict=True))

    @property
    def confidence(self) -> float | None:
        """Probability of the final class, 0 to 1; None when the image was not analysed."""
        if self.verdict.status is Status.NOT_A_BRAIN_MRI:
            return None
        return self.probabilities[self.verdict.label]

    def to_finding(self, position_mm: float | None) -> Finding:
        """What the answer of a whole series needs of this slice; position_mm: along the normal of its plane."""
        located = None if self.output.location is None else self.location is not None
        return Finding(self.verdict, self.probabilities, position_mm, located)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What became of one slice: a result, or the reason why there is none."""

    slice: Slice
    result: Result | None
    error: ScanError | None  # exactly where result is None
    elapsed_s: float  # for reading and answering, without waiting in line


class Classifier:
    """Answers one image at a time; safe to share between threads."""

    def __init__(self, engine: Engine, card: Card) -> None:
        self._engine = engine
        self.card = card

    @classmethod
    def from_model_file(cls, model: ModelFile, threads: int | None = None, engine: EngineName = "auto") -> Self:
        """Build a classifier on a checked model file; raises what load_engine raises."""
        return cls(load_engine(model, threads, engine), model.card)

    def classify(self, data: bytes, name: str) -> Result:
        """Classify one image file's content; `name` only appears in messages. Raises ScanError."""
        start = time.perf_counter()
        return _timed(self.classify_scan(read_scan(data, name), name), start)

    def classify_scan(self, scan: Scan, name: str) -> Result:
        """Classify a scan that is in memory already, changed perhaps; `name` only appears in the result."""
        start = time.perf_counter()
        return _timed(self._answer(scan, to_input(scan, self.card.input), name, self._engine), start)

    def classify_array(self, pixels: NDArray[np.generic], name: str = "array") -> Result:
        """Classify pixels in memory, (rows, columns) or (rows, columns, 3), of any integer or float type.

        How values become 0 to 1 stands at brain_tumor.input.array.read_array. Raises ScanError for another shape
        or type, for NaN and infinity.
        """
        start = time.perf_counter()
        return _timed(self.classify_scan(read_array(pixels, name), name), start)

    def classify_slice(self, slice: Slice) -> Result:  # noqa: A002 - the word of the field
        """Classify one slice of a file or series; raises ScanError when it cannot be read."""
        answered = self._answer_read(slice, self._read(slice), self._engine)
        if answered.error:
            raise answered.error
        assert answered.result  # noqa: S101 - there is one where there is no error
        return answered.result

    def classify_many(self, slices: Iterable[Slice], at_once: int | None = None) -> Generator[Answered, None, None]:
        """Classify slices, in their order; the next few are read while the network runs.

        at_once: how many are read or answered at a time, each with up to 100 MB of pixels; None: as many as the cores
        have use for. In a long batch the engine's threads take a slice each, for the same answers sooner; at_once must
        exceed them for that. A slice that cannot be read, whatever its reader raises, is an Answered with an error.
        Memory does not grow with the number of slices, as long as the caller does not keep the results. Closing the
        iterator, or dropping it, ends its threads.
        """
        threads, split_after = self._engine.threads, self._engine.split_after
        at_once = at_once or threads + READ_AHEAD
        readers = ThreadPoolExecutor(max(1, min(DECODING_THREADS, at_once - 1)), "brain-tumor-read")
        network = ThreadPoolExecutor(threads, "brain-tumor-answer")
        # At first the one engine, whose passes take all threads; it goes on while the caller has the last answer.
        free: SimpleQueue[Engine] = SimpleQueue()
        free.put(self._engine)
        try:
            ahead: deque[Future[Answered]] = deque()
            coming = enumerate(slices)
            while True:
                for place, one in islice(coming, at_once - len(ahead)):
                    if place == split_after and 1 < threads < at_once:
                        network.submit(_split, free)
                    ahead.append(network.submit(self._finish, one, readers.submit(self._read, one), free))
                if not ahead:
                    return
                yield ahead.popleft().result()
        finally:
            network.shutdown(cancel_futures=True)
            readers.shutdown(cancel_futures=True)

    def _read(self, one: Slice) -> "_Read":
        start = time.perf_counter()
        try:
            scan = one.read()
            return _Read(time.perf_counter() - start, (scan, to_input(scan, self.card.input)))
        except Exception as error:
            # A batch of thousands must not end because a decoder raises a type that nobody expected. The error is
            # a new one, because the traceback of the old one would keep the file's content in memory.
            unexpected = f"{one.name}: cannot be read ({type(error).__name__}: {error}); export it again"
            message = str(error) if isinstance(error, ScanError) else unexpected
            return _Read(time.perf_counter() - start, ScanError(message))

    def _finish(self, one: Slice, reading: "Future[_Read]", free: "SimpleQueue[Engine]") -> Answered:
        read, engine = reading.result(), free.get()
        try:
            return self._answer_read(one, read, engine)
        finally:
            free.put(engine)

    def _answer_read(self, one: Slice, read: "_Read", engine: Engine) -> Answered:
        if isinstance(read.found, ScanError):
            return Answered(one, None, read.found, read.elapsed_s)
        start = time.perf_counter()
        result = self._answer(*read.found, one.file, engine)
        elapsed_s = read.elapsed_s + time.perf_counter() - start
        return Answered(one, replace(result, slice_number=one.number, elapsed_s=elapsed_s), None, elapsed_s)

    def _answer(self, scan: Scan, given: NetworkInput, name: str, engine: Engine) -> Result:
        output = engine.run(given.tensor)
        verdict = decide(scan, output, self.card.rules)
        found = find_location(output, self.card.rules) if verdict.names_tumor else None
        location = found.placed_in(given.region) if found else None
        return Result(name, scan, output, verdict, self.card.rules.order, self.card.model_id, location, given.region)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A slice on its way to the network."""

    elapsed_s: float
    found: tuple[Scan, NetworkInput] | ScanError


def _split(free: "SimpleQueue[Engine]") -> None:
    """Put an engine for each thread in the place of the one that has them all."""
    engine = free.get()
    engines: Sequence[Engine] = [engine]
    try:
        engines = engine.split()
    except ModelFileError:
        pass  # for want of memory, perhaps; the one goes on
    finally:
        for one in engines:
            free.put(one)


def _timed(result: Result, start: float) -> Result:
    return replace(result, elapsed_s=time.perf_counter() - start)


def load_classifier(
    path: str | Path | None = None, threads: int | None = None, engine: EngineName = "auto"
) -> Classifier:
    """Load a .tfliteA, by default the shipped one; keep the classifier and reuse it, it is safe to share.

    threads: for one forward pass; None chooses for the machine. engine: "auto" is LiteRT, with which the published
    figures were measured; "openvino" needs the extra of that name; measure which is faster on your machine. Raises
    ModelFileError, and MissingExtraError for an engine that is not installed.
    """
    model = load_model_file(Path(path) if path is not None else default_model_path())
    return Classifier.from_model_file(model, threads, engine)
