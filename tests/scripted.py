"""A classifier without a network: the real reader and rules, with probabilities told by the file's name."""

from dataclasses import dataclass, field

import numpy as np

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import decide
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import Label
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.model.output import ModelOutput

RULES = Rules(tuple(Label), min_gate_score=0.0, max_chroma=0.1, min_probability=0.5, min_margin=0.1)
CARD = Card(
    model_id="scripted-1",
    created="2026-01-01",
    flatbuffer_sha256="",
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


@dataclass
class ScriptedClassifier:
    """Answers a clear glioma; too close a call for a name with "doubt", a certain glioma for one with "sure"."""

    card: Card = CARD
    calls: list[str] = field(default_factory=list)

    def classify(self, data: bytes, name: str) -> Result:
        """As Classifier.classify."""
        self.calls.append(name)
        scan = read_scan(data, name)
        chosen = CLOSE if "doubt" in name else SURE if "sure" in name else CLEAR
        probabilities = np.array(chosen, dtype=np.float32)
        output = ModelOutput(np.log(probabilities), probabilities, np.ones(1, dtype=np.float32))
        return Result(name, scan, output, decide(scan, output, RULES), RULES.order, CARD.model_id)
