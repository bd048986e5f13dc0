"""Labelled files -> Evaluation: every image goes through the Classifier that users call, one at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tqdm import tqdm

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import DatasetError, ScanError
from brain_tumor.evaluation.labelled import Dataset, ImageFile
from brain_tumor.evaluation.map_checks import MapChecks
from brain_tumor.evaluation.measures import Measures, measure
from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.evaluation.robustness import Robustness
from brain_tumor.evaluation.sources import Source
from brain_tumor.input.files import read_file
from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, NO_CLASS, Label
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.tables.rows import Row, to_error_row, to_row

# A tumor named with this confidence on a picture that shows no brain is what a person would believe.
SURE = 0.9
_THUMBNAIL = InputContract(side_px=192)


class AnyClassifier(Protocol):
    """What an evaluation needs of a Classifier."""

    def classify(self, data: bytes, name: str) -> Result:
        """Answer one image file's content; raises ScanError."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model was measured."""

    model_id: str
    file_name: str
    file_sha256: str
    network_sha256: str  # of the flatbuffer alone, as in the card
    subject: str = BRAIN_MRI  # what the model looks at, as in the card


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of a Result: no pixels, so memory does not grow with the size of the images."""

    verdict: Verdict
    probabilities: tuple[float, ...]  # in the order of the data set's classes
    confidence: float | None  # as in Result


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file and what came of it."""

    file: ImageFile
    row: Row  # as `brain-tumor predict --csv` writes it
    answer: Answer | None  # None when the file could not be read; the row says why


@dataclass(frozen=True, slots=True)
class Misclassification:
    """A wrong answer."""

    file: ImageFile
    label: Label  # the true one
    answer: Answer


@dataclass(frozen=True, slots=True)
class SourceResult:
    """How the gate took the images of one source."""

    source: Source
    outcomes: tuple[Outcome, ...]  # in the order of source.files
    accepted: Estimate | None  # share taken for brain MRI; None when no file could be read
    called_tumor: Estimate | None  # share accepted and called a tumor with SURE confidence or more

    @property
    def name(self) -> str:
        """The source's own."""
        return self.source.name

    @property
    def is_brain_mri(self) -> bool:
        """What the images truly are."""
        return self.source.is_brain_mri


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that a report states."""

    model: ModelFacts
    measured_on: str  # date, ISO 8601
    dataset: Dataset
    outcomes: tuple[Outcome, ...]  # in the order of dataset.files
    measures: Measures
    source_results: tuple[SourceResult, ...]
    robustness: Robustness | None = None  # None when it was not measured
    maps: MapChecks | None = None  # None where no boxes were given

    @property
    def answered(self) -> tuple[tuple[ImageFile, Label], ...]:
        """The labelled files that could be read."""
        pairs = zip(self.outcomes, self.dataset.files, strict=True)
        return tuple(labelled for outcome, labelled in pairs if outcome.answer)

    @property
    def unreadable(self) -> tuple[Outcome, ...]:
        """The files without an answer, of the data folder and of the gate's folders."""
        everything = [*self.outcomes, *(outcome for result in self.source_results for outcome in result.outcomes)]
        return tuple(outcome for outcome in everything if outcome.answer is None)

    def worst_errors(self, limit: int) -> tuple[Misclassification, ...]:
        """Wrong answers, the most confident first, then those that were not analysed."""
        wrong = [
            Misclassification(outcome.file, label, outcome.answer)
            for outcome, (_, label) in zip(self.outcomes, self.dataset.files, strict=True)
            if outcome.answer and outcome.answer.verdict.label is not label
        ]
        wrong.sort(key=lambda error: error.answer.confidence or 0.0, reverse=True)
        return tuple(wrong[:limit])


def classify_files(
    classifier: AnyClassifier,
    files: Iterable[ImageFile],
    model_id: str,
    title: str,
    classes: Iterable[Label] = LABELS,
) -> tuple[Outcome, ...]:
    """Answer every file in order, with a progress bar named title; an unreadable file has no answer."""
    known = tuple(classes)
    return tuple(
        _classify(classifier, file, model_id, known) for file in tqdm(files, desc=title, unit="image", disable=None)
    )


def evaluate(
    classifier: AnyClassifier,
    model: ModelFacts,
    dataset: Dataset,
    sources: Iterable[Source],
    measured_on: str,
) -> Evaluation:
    """Classify the data set and the images of other sources, and measure both.

    Args:
        classifier: that answers.
        model: what the report says of the model.
        dataset: labelled images.
        sources: of further images.
        measured_on: the date, as the report states it.

    Raises:
        DatasetError: not one labelled file could be read.
    """
    outcomes = classify_files(
        classifier, [file for file, _ in dataset.files], model.model_id, dataset.name, dataset.classes
    )
    if not any(outcome.answer for outcome in outcomes):
        raise DatasetError(
            f"{dataset.name}: none of its {len(outcomes)} files could be read; "
            f"{outcomes[0].file.name} {outcomes[0].row['reason']}"
        )
    tested = tuple(_test_gate(classifier, model.model_id, source, dataset.classes) for source in sources)
    return Evaluation(model, measured_on, dataset, outcomes, _measure(dataset, outcomes), tested)


def _measure(dataset: Dataset, outcomes: tuple[Outcome, ...]) -> Measures:
    answered = [
        (label, outcome.answer) for outcome, (_, label) in zip(outcomes, dataset.files, strict=True) if outcome.answer
    ]
    named = {answer.verdict.label for _, answer in answered}
    # A model without a class that is no finding names NO_CLASS what it does not analyse.
    order = (*dataset.classes, NO_CLASS) if NO_CLASS in named else dataset.classes
    unnamed = np.zeros((len(answered), len(order) - len(dataset.classes)))
    statuses = [answer.verdict.status for _, answer in answered]
    return measure(
        truth=np.array([order.index(label) for label, _ in answered]),
        predicted=np.array([order.index(answer.verdict.label) for _, answer in answered]),
        probabilities=np.hstack([[answer.probabilities for _, answer in answered], unnamed]).astype(np.float32),
        analysed=np.array([status is not Status.NOT_A_BRAIN_MRI for status in statuses]),
        classified=np.array([status is Status.CLASSIFIED for status in statuses]),
        names=order,
    )


def load_thumbnail(file: ImageFile) -> FloatArray | None:
    """The image as the network sees it, (side, side), 0 to 1; None when it can no longer be read."""
    try:
        return to_tensor(read_scan(read_file(str(file.path)), file.name), _THUMBNAIL)[0, :, :, 0]
    except ScanError:
        return None


def _classify(classifier: AnyClassifier, file: ImageFile, model_id: str, classes: Sequence[Label]) -> Outcome:
    try:
        result = classifier.classify(read_file(str(file.path)), file.name)
    except ScanError as error:
        # A report says which file below the data folder it was, never where that folder lies.
        return Outcome(file, to_error_row(file.name, error, model_id, classes), None)
    probabilities = tuple(result.probabilities.values())
    # A report of the same images repeats, the time that they took does not.
    row = to_row(result) | {"elapsed_s": None}
    return Outcome(file, row, Answer(result.verdict, probabilities, result.confidence))


def _test_gate(classifier: AnyClassifier, model_id: str, source: Source, classes: Sequence[Label]) -> SourceResult:
    outcomes = classify_files(classifier, source.files, model_id, source.name, classes)
    answers = [outcome.answer for outcome in outcomes if outcome.answer]
    # The confidence is None exactly where the gate rejected the image.
    accepted = [answer for answer in answers if answer.confidence is not None]
    sure = [answer for answer in accepted if answer.verdict.label.is_finding and (answer.confidence or 0) >= SURE]
    return SourceResult(
        source, outcomes, proportion_ci(len(accepted), len(answers)), proportion_ci(len(sure), len(answers))
    )
