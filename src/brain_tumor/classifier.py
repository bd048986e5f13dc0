"""The table of contents: one line per stage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from brain_tumor.decision.location import Location, find_location
from brain_tumor.decision.series import Finding
from brain_tumor.decision.verdict import Status, Verdict, decide
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Scan
from brain_tumor.labels import Label
from brain_tumor.model.card import Card
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile, default_model_path, load_model_file
from brain_tumor.model.output import ModelOutput


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The answer for one image. For research and education only, never for diagnosis."""

    name: str
    scan: Scan
    output: ModelOutput
    verdict: Verdict
    order: tuple[Label, ...]  # class of each probability
    model_id: str
    location: Location | None = None  # where the tumor is; only of a verdict that names one

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


class Classifier:
    """Answers one image at a time; safe to share between threads."""

    def __init__(self, engine: LiteRTEngine, card: Card) -> None:
        self._engine = engine
        self.card = card

    @classmethod
    def from_model_file(cls, model: ModelFile, threads: int | None = None) -> Self:
        """Build a classifier on a checked model file; raises ModelFileError when the network does not run."""
        return cls(LiteRTEngine(model, threads), model.card)

    def classify(self, data: bytes, name: str) -> Result:
        """Classify one image file's content; `name` only appears in messages. Raises ScanError."""
        return self.classify_scan(read_scan(data, name), name)

    def classify_scan(self, scan: Scan, name: str) -> Result:
        """Classify a scan that is in memory already, changed perhaps; `name` only appears in the result."""
        output = self._engine.run(to_tensor(scan, self.card.input))
        verdict = decide(scan, output, self.card.rules)
        location = find_location(output, self.card.rules) if verdict.names_tumor else None
        return Result(name, scan, output, verdict, self.card.rules.order, self.card.model_id, location)


def load_classifier(path: str | Path | None = None, threads: int | None = None) -> Classifier:
    """Load a .tfliteA, by default the shipped one; keep the classifier and reuse it, it is safe to share.

    threads: for one forward pass; None chooses for the machine. Raises ModelFileError.
    """
    model = load_model_file(Path(path) if path is not None else default_model_path())
    return Classifier.from_model_file(model, threads)
