"""A data folder and a classifier whose answers a test can foresee."""

from pathlib import Path

import numpy as np

from brain_tumor.classifier import Result
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.evaluation.labelled import find_labelled
from brain_tumor.evaluation.run import Evaluation, ModelFacts, evaluate
from brain_tumor.evaluation.sources import find_sources
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Scan
from brain_tumor.labels import LABELS, Label
from tests.factories import make_output, png_bytes

MODEL = ModelFacts("fake-1", "fake.tfliteA", "ab" * 32, "cd" * 32)


class FakeClassifier:
    """Reads the file, then believes its name: `pituitary-90-x.png` is Pituitary with 90 per cent.

    Below 50 per cent it is uncertain; `reject-x.png` is not a brain MRI.
    """

    def classify(self, data: bytes, name: str) -> Result:
        """As Classifier.classify."""
        return self.classify_scan(read_scan(data, name), name)

    def classify_scan(self, scan: Scan, name: str) -> Result:
        """As Classifier.classify_scan."""
        word, _, rest = Path(name).name.partition("-")
        if word == "reject":
            verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.NOT_A_BRAIN)
            return Result(name, scan, make_output((0.1, 0.1, 0.1, 0.7)), verdict, LABELS, MODEL.model_id)
        label, top = next(label for label in LABELS if label.slug == word), int(rest[:2]) / 100
        probabilities = np.full(len(LABELS), (1 - top) / 3)
        probabilities[LABELS.index(label)] = top
        verdict = Verdict(label, Status.CLASSIFIED if top >= 0.5 else Status.UNCERTAIN, None)
        return Result(name, scan, make_output(probabilities.tolist()), verdict, LABELS, MODEL.model_id)


def fill(folder: Path, *names: str) -> Path:
    """Put a readable image under each name; folders are made."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_bytes())
    return folder


def make_evaluation(folder: Path) -> Evaluation:
    """Ten labelled files: 6 right, 1 wrong, 1 uncertain, 1 rejected, 1 unreadable; and two gate families."""
    data = fill(
        folder / "data",
        *(f"Glioma/glioma-9{number}.png" for number in range(3)),
        "Glioma/reject-1.png",
        "Glioma/meningioma-95-<img src=x>.png",
        "meningioma_tumor/meningioma-80.png",
        "meningioma_tumor/meningioma-40.png",
        "notumor/no_tumor-90.png",
        "Pituitary/pituitary-90.png",
    )
    (data / "Pituitary/<b>broken.png").write_bytes(b"not an image")
    other = fill(folder / "other", "cats/glioma-95.png", "cats/reject-1.png", "cats/reject-2.png", "ct/glioma-60.png")
    return evaluate(FakeClassifier(), MODEL, find_labelled(data), find_sources(other, False), "2026-01-31")
