"""Worse images than the test set's: what becomes of the answers, and does anything warn the reader?"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tqdm import tqdm

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.evaluation.corruptions import STRENGTHS, Corruption, corrupt
from brain_tumor.evaluation.labelled import ImageFile
from brain_tumor.evaluation.metrics import Estimate, count_confusions, macro_f1, proportion_ci
from brain_tumor.input.files import read_file
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Scan
from brain_tumor.labels import LABELS, Label

# The middle one stands for a corruption where one figure must do.
MIDDLE_STRENGTH = 3

LabelledFile = tuple[ImageFile, Label]


class ScanClassifier(Protocol):
    """What this measurement needs of a Classifier."""

    def classify_scan(self, scan: Scan, name: str) -> Result:
        """Answer one scan."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the sample was answered in one state of its images."""

    images: int
    macro_f1: Estimate
    silent_errors: Estimate | None  # share accepted, classified without doubt, and wrong: nothing warns the reader
    not_analysed: Estimate | None


@dataclass(frozen=True, slots=True)
class Robustness:
    """The same sample, clean and corrupted."""

    drawn_from: int  # images
    sample: dict[Label, int]  # images of each class
    clean: Condition
    corrupted: dict[Corruption, tuple[Condition, ...]]  # one for each of STRENGTHS

    def drop_points(self, condition: Condition) -> float:
        """By how many points, hundredths, the macro F1 lies below that of the clean sample."""
        return 100 * (self.clean.macro_f1.value - condition.macro_f1.value)

    @property
    def mean_drop_points(self) -> float:
        """The drop at MIDDLE_STRENGTH, averaged over the corruptions."""
        middle = STRENGTHS.index(MIDDLE_STRENGTH)
        return float(np.mean([self.drop_points(steps[middle]) for steps in self.corrupted.values()]))


def measure_robustness(
    classifier: ScanClassifier, files: Sequence[LabelledFile], limit: int, classes: Sequence[Label] = LABELS
) -> Robustness:
    """Answer a sample of the files clean and under every corruption, with a progress bar.

    Args:
        classifier: answers the scans.
        files: at least one.
        limit: at most so many of them.
        classes: of the model.

    Raises:
        ScanError: one of them cannot be read.
    """
    states = [None, *((corruption, strength) for corruption in Corruption for strength in STRENGTHS)]
    sample = draw_sample(files, limit)
    verdicts: list[list[Verdict]] = [[] for _ in states]
    for file, _ in tqdm(sample, desc=f"corruptions, {len(states)} passes", unit="image", disable=None):
        scan = read_scan(read_file(str(file.path)), file.name)
        for state, given in zip(states, verdicts, strict=True):
            seen = corrupt(scan, *state, file.name) if state else scan
            given.append(classifier.classify_scan(seen, file.name).verdict)
    labels = [label for _, label in sample]
    clean, *corrupted = (_measure(labels, given, classes) for given in verdicts)
    steps = iter(corrupted)
    return Robustness(
        drawn_from=len(files),
        sample={label: labels.count(label) for label in classes},
        clean=clean,
        corrupted={corruption: tuple(next(steps) for _ in STRENGTHS) for corruption in Corruption},
    )


def draw_sample(files: Iterable[LabelledFile], limit: int) -> tuple[LabelledFile, ...]:
    """At most so many files, with each class's share of them, in an order that depends on their names only.

    A smaller sample is the beginning of a larger one.
    """
    by_class: dict[Label, list[LabelledFile]] = {}
    for file in sorted(files, key=lambda file: _shuffled(file[0].name)):
        by_class.setdefault(file[1], []).append(file)
    # Each class is spread evenly over the line, so that every beginning of it holds the classes in proportion.
    line = [
        ((index + 0.5) / len(members), _shuffled(file[0].name), file)
        for members in by_class.values()
        for index, file in enumerate(members)
    ]
    return tuple(file for _, _, file in sorted(line, key=lambda item: item[:2])[:limit])


def _shuffled(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _measure(labels: Sequence[Label], verdicts: Sequence[Verdict], classes: Sequence[Label]) -> Condition:
    # A model without a class that is no finding names NO_CLASS what it does not analyse.
    order = tuple(dict.fromkeys([*classes, *(verdict.label for verdict in verdicts)]))
    truth = np.array([order.index(label) for label in labels])
    final = np.array([order.index(verdict.label) for verdict in verdicts])
    classified = np.array([verdict.status is Status.CLASSIFIED for verdict in verdicts])
    rejected = sum(not verdict.is_analysed for verdict in verdicts)
    return Condition(
        images=len(labels),
        macro_f1=macro_f1(count_confusions(truth, final, len(order))),
        silent_errors=proportion_ci(int((classified & (truth != final)).sum()), len(labels)),
        not_analysed=proportion_ci(rejected, len(labels)),
    )
