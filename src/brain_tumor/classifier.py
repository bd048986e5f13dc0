"""The table of contents: one line per stage."""

import copy
import os
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from brain_tumor.decision.location import Location, find_location
from brain_tumor.decision.series import Finding, SeriesVerdict, decide_series
from brain_tumor.decision.verdict import Verdict, decide
from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.input.array import read_array
from brain_tumor.input.files import open_paths, to_source
from brain_tumor.input.pairs import join_pairs
from brain_tumor.input.preprocess import NetworkInput, to_input
from brain_tumor.input.reader import read_scan, read_source
from brain_tumor.input.scan import Box, Scan
from brain_tumor.input.series import ReadOptions, Series, Slice
from brain_tumor.labels import Label, in_display_order
from brain_tumor.model.card import Card
from brain_tumor.model.choice import EngineName, load_engine
from brain_tumor.model.engine import Engine
from brain_tumor.model.model_file import ModelFile, default_model_path, load_model_file
from brain_tumor.model.output import ModelOutput
from brain_tumor.model.scheduling import answer_in_order
from brain_tumor.problems import Problem


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
    region: Box = (0.0, 0.0, 1.0, 1.0)  # the part of the picture that the network looked at and its maps cover
    slice_number: int | None = None  # counted from 1 within the file; None for a file of one slice
    elapsed_s: float | None = None  # for reading and answering; None where nobody measured

    @property
    def probabilities(self) -> dict[Label, float]:
        """The network's own softmax, in the order of `Rules.classes`; not meaningful of what is not a brain MRI."""
        found = dict(zip(self.order, map(float, self.output.probabilities), strict=True))
        return {label: found[label] for label in in_display_order(found)}

    @property
    def finding_probability(self) -> float:
        """How likely a tumor or another finding is: all that the classes without one leave, 0 to 1."""
        return 1 - sum(value for label, value in self.probabilities.items() if not label.is_finding)

    @property
    def confidence(self) -> float | None:
        """Probability of the final class, 0 to 1; None when the image was not analysed."""
        if not self.verdict.is_analysed:
            return None
        return self.probabilities[self.verdict.label]

    def to_finding(self, position_mm: float | None) -> Finding:
        """What the answer of a whole series needs of this slice.

        Args:
            position_mm: along the normal of its plane; None where unknown.
        """
        located = None if self.output.location is None else self.location is not None
        return Finding(self.verdict, self.probabilities, position_mm, located)


@dataclass(frozen=True, slots=True, eq=False)
class SliceOutcome:
    """What became of one slice: a result, or the reason why there is none."""

    slice: Slice
    result: Result | None
    error: ScanError | None  # exactly where result is None
    elapsed_s: float  # for reading and answering, without the time in a queue


@dataclass(frozen=True, slots=True, eq=False)
class SeriesOutcome:
    """The answer for a whole series, and what became of each of its slices."""

    series: Series
    verdict: SeriesVerdict
    outcomes: tuple[SliceOutcome, ...]  # in the order of the series


class Classifier:
    """Answers one image at a time; safe to share between threads."""

    def __init__(self, engine: Engine, card: Card) -> None:
        self._engine = engine
        self.card = card

    @classmethod
    def from_model_file(cls, model: ModelFile, threads: int | None = None, engine: EngineName = "auto") -> Self:
        """Build a classifier on a checked model file.

        Args:
            model: of `load_model_file`.
            threads: for one forward pass; None chooses for the machine.
            engine: what runs the network, see `load_classifier`.

        Raises:
            ModelFileError: the engine refuses the network, or answers the golden input otherwise.
            MissingExtraError: the engine is not installed.
        """
        return cls(load_engine(model, threads, engine), model.card)

    def classify(self, data: bytes, name: str) -> Result:
        """Classify one image file's content.

        Args:
            data: the whole file.
            name: of the file; it only appears in the result and in messages.

        Raises:
            ScanError: the file cannot be read as one image.
            TypeError: a path was given instead of the content.
        """
        if isinstance(data, str | os.PathLike):
            raise TypeError(
                f"classify takes a file's content as bytes, and {os.fspath(data)!r} is a path: call classify_path(path)"
            )
        start = time.perf_counter()
        return _timed(self.classify_scan(read_scan(data, name), name), start)

    def classify_path(self, path: str | os.PathLike[str]) -> Result:
        """Classify a file that holds one image.

        Args:
            path: of the file; the result has it as its name.

        Raises:
            ScanError: the file cannot be read as one image.
        """
        start, name = time.perf_counter(), os.fspath(path)
        (file,) = join_pairs([to_source(name)])
        return _timed(self.classify_scan(read_source(file, ReadOptions()), name), start)

    def classify_series(self, series: Series | str | os.PathLike[str]) -> SeriesOutcome:
        """Classify all slices of a volume or a series, and answer it as a whole.

        The slices' pixels stay in memory with their results; of large archives, `classify_many` keeps none.

        Args:
            series: of `open_paths`, or the path of a file, folder or archive that holds one series.

        Raises:
            BrainTumorError: the path holds several series, or none.
            ScanError: the series is of a kind that is not answered, such as phase images.
        """
        if not isinstance(series, Series):
            name = os.fspath(series)
            found = list(islice(open_paths([name]), 2))
            if len(found) != 1:
                raise BrainTumorError(
                    f"{name}: holds {'several series' if found else 'no files'}, one is needed; "
                    "open_paths() gives them one by one"
                )
            series = found[0]
        if not series.is_answered:
            series.slices[0].read()  # says which kind it is
        outcomes = tuple(self.classify_many(series.slices))
        findings = [
            outcome.result.to_finding(outcome.slice.position_mm) if outcome.result else None for outcome in outcomes
        ]
        return SeriesOutcome(series, decide_series(findings, self.card.rules.classes), outcomes)

    def classify_scan(self, scan: Scan, name: str) -> Result:
        """Classify a scan that is in memory already, perhaps a changed one; `name` only appears in the result."""
        start = time.perf_counter()
        return _timed(self._answer(scan, to_input(scan, self.card.input), name, self._engine), start)

    def classify_array(self, pixels: NDArray[np.generic], name: str = "array") -> Result:
        """Classify pixels in memory; `brain_tumor.input.array.read_array` says how values become 0 to 1.

        Args:
            pixels: (rows, columns) or (rows, columns, 3), of any integer or float type.
            name: only appears in the result and in messages.

        Raises:
            ScanError: another shape or type, NaN or infinity.
        """
        start = time.perf_counter()
        return _timed(self.classify_scan(read_array(pixels, name), name), start)

    def classify_slice(self, slice: Slice) -> Result:  # noqa: A002 - the word of the field
        """Classify one slice of a file or series.

        Raises:
            ScanError: it cannot be read.
        """
        answered = self._answer_read(slice, self._read(slice), self._engine)
        if answered.error:
            raise answered.error
        assert answered.result  # noqa: S101 - there is one where there is no error
        return answered.result

    def classify_many(self, slices: Iterable[Slice], at_once: int | None = None) -> Generator[SliceOutcome, None, None]:
        """Classify slices, in their order; the next few are read while the network runs.

        Memory does not grow with the number of slices, as long as the caller does not keep the results. Closing the
        generator, or dropping it, ends its threads.

        Args:
            slices: taken one by one, when one is needed.
            at_once: how many are read or answered at a time, each with up to 100 MB of pixels; None for as many as the
                cores have use for. In a long batch the engine's threads take a slice each, for the same answers
                sooner; at_once must exceed them for that.

        Yields:
            One outcome a slice. A slice that cannot be read, whatever its reader raises, has an error.
        """
        return answer_in_order(slices, self._read, self._answer_read, self._engine, at_once)

    def _read(self, slice_: Slice) -> "_Read":
        start = time.perf_counter()
        try:
            scan = slice_.read()
            return _Read(time.perf_counter() - start, (scan, to_input(scan, self.card.input)))
        except Exception as error:
            # A batch of thousands must not end because a decoder raises a type that nobody expected. The error is
            # a new one, because the traceback of the old one would keep the file's content in memory.
            if isinstance(error, ScanError):
                kept = copy.copy(error)
            else:
                kept = ScanError(slice_.name, Problem.UNEXPECTED, found=f"{type(error).__name__}: {error}")
            return _Read(time.perf_counter() - start, kept)

    def _answer_read(self, slice_: Slice, read: "_Read", engine: Engine) -> SliceOutcome:
        if isinstance(read.found, ScanError):
            return SliceOutcome(slice_, None, read.found, read.elapsed_s)
        start = time.perf_counter()
        result = self._answer(*read.found, slice_.file, engine)
        elapsed_s = read.elapsed_s + time.perf_counter() - start
        return SliceOutcome(slice_, replace(result, slice_number=slice_.number, elapsed_s=elapsed_s), None, elapsed_s)

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


def _timed(result: Result, start: float) -> Result:
    return replace(result, elapsed_s=time.perf_counter() - start)


def load_classifier(
    path: str | Path | None = None, threads: int | None = None, engine: EngineName = "auto"
) -> Classifier:
    """Load a .tfliteA, by default the shipped one; keep the classifier and reuse it, it is safe to share.

    Args:
        path: of the model file; None for the shipped one.
        threads: for one forward pass; None chooses for the machine.
        engine: "auto" is LiteRT, with which the published figures were measured; "openvino" needs the extra of that
            name. Measure which is faster on your machine.

    Raises:
        ModelFileError: the file is missing, damaged, or of a kind that this version cannot use.
        MissingExtraError: the engine is not installed.
    """
    model = load_model_file(Path(path) if path is not None else default_model_path())
    return Classifier.from_model_file(model, threads, engine)
