"""A classifier without a network: the real reader and rules, with probabilities read from the file's name."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace

from brain_tumor.classifier import Result, SliceOutcome
from brain_tumor.decision.location import find_location
from brain_tumor.decision.verdict import decide
from brain_tumor.errors import ScanError
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Slice
from brain_tumor.labels import LABELS
from brain_tumor.model.card import Card, Golden, Rules
from tests.factories import make_location, make_output, make_saliency

RULES = Rules(LABELS, min_gate_score=0.0, max_chroma=0.1, min_probability=0.5, min_margin=0.1, min_location=0.5)
CARD = Card(
    model_id="scripted-1",
    created="2026-01-01",
    flatbuffer_sha256="5c" * 32,
    flatbuffer_bytes=0,
    input=InputContract(),
    outputs={},
    temperature=1.0,
    rules=RULES,
    golden=Golden("", (), (), 0.0),
    about={},
)
CLEAR = (0.93, 0.04, 0.01, 0.02)  # glioma
CLOSE = (0.40, 0.35, 0.15, 0.10)
SURE = (0.99997, 0.00001, 0.00001, 0.00001)
HEALTHY = (0.02, 0.04, 0.93, 0.01)
ANSWERS = {"doubt": CLOSE, "sure": SURE, "healthy": HEALTHY}


@dataclass
class ScriptedClassifier:
    """Answers a clear glioma; too close a call for a name with "doubt", a certain glioma for one with "sure".

    "healthy" is a clear No Tumor. A name with "mapped" comes with both heat maps, one with "faint" too, but with a
    location map under the limit.
    """

    card: Card = CARD
    calls: list[str] = field(default_factory=list)
    default: tuple[float, float, float, float] = CLEAR  # where the name tells nothing

    def classify(self, data: bytes, name: str) -> Result:
        """As Classifier.classify."""
        self.calls.append(name)
        return self._answer(read_scan(data, name), name)

    def classify_many(self, slices: Iterable[Slice], at_once: int | None = None) -> Generator[SliceOutcome, None, None]:
        """As Classifier.classify_many, without threads."""
        for slice_ in slices:
            self.calls.append(slice_.file)
            try:
                result = replace(self._answer(slice_.read(), slice_.file), slice_number=slice_.number, elapsed_s=0.25)
            except ScanError as error:
                yield SliceOutcome(slice_, None, error, 0.25)
            else:
                yield SliceOutcome(slice_, result, None, 0.25)

    def _answer(self, scan: Scan, name: str) -> Result:
        chosen = next((answer for word, answer in ANSWERS.items() if word in name), self.default)
        maps = (make_saliency(), make_location(0.8)) if "mapped" in name else (None, None)
        if "faint" in name:
            maps = (make_saliency(), make_location(0.2))
        output = make_output(chosen, saliency=maps[0], location=maps[1])
        verdict = decide(scan, output, RULES)
        location = find_location(output, RULES) if verdict.names_tumor else None
        return Result(name, scan, output, verdict, RULES.order, self.card.model_id, location)
