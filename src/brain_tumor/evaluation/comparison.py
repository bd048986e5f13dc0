"""Two evaluations of the same images -> how they differ, as numbers, words and pictures."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.figures import Tile, render_errors
from brain_tumor.evaluation.labelled import Dataset, ImageFile
from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.evaluation.paired import PairedAccuracy, PairedArea, compare_accuracy, compare_areas
from brain_tumor.evaluation.run import Answer, Outcome, load_thumbnail
from brain_tumor.evaluation.summary import format_share
from brain_tumor.labels import Label
from brain_tumor.presentation.wording import format_percent

# Five rows of four still print on one page; disagreements.csv has the others.
SHOWN = 20
_TILE_CHARS = 28


@dataclass(frozen=True, slots=True)
class PairedAnswer:
    """An image, and what each of two models answers."""

    file: ImageFile
    label: Label  # the true class
    first: Answer
    second: Answer


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two models on the same images."""

    names: tuple[str, str]  # A and B, and their model ids
    dataset: Dataset
    images: int  # that both could read
    accuracies: tuple[Estimate | None, Estimate | None]
    accuracy: PairedAccuracy
    areas: dict[str, PairedArea]  # class against the rest; "a finding" of all findings together
    disagreements: tuple[PairedAnswer, ...]  # images that they name differently, the most confident first


def compare(
    dataset: Dataset,
    first: Sequence[Outcome],
    second: Sequence[Outcome],
    names: tuple[str, str],
    classes: Sequence[Label],
) -> Comparison:
    """Compare the answers of two models, image by image.

    Args:
        dataset: what was answered.
        first: the answers of the first model, in the order of dataset.files.
        second: those of the second.
        names: of the models.
        classes: of both, in the order of their probabilities.

    Raises:
        DatasetError: there is no image that both answered.
    """
    answered = [
        PairedAnswer(file, label, by_first.answer, by_second.answer)
        for (file, label), by_first, by_second in zip(dataset.files, first, second, strict=True)
        if by_first.answer and by_second.answer
    ]
    if not answered:
        raise DatasetError(f"{dataset.name}: none of its {len(dataset.files)} files could be read")
    truth = np.array([classes.index(pair.label) for pair in answered])
    named = [np.array([classes.index(_final(answer, classes)) for answer in side]) for side in _sides(answered)]
    scores = [np.array([answer.probabilities for answer in side], np.float64) for side in _sides(answered)]
    areas = {}
    findings = np.array([label.is_finding for label in classes])
    if findings.any() and not findings.all():
        areas["a finding"] = compare_areas(findings[truth], *(model[:, findings].sum(axis=1) for model in scores))
    for index, label in enumerate(classes):
        areas[label.value] = compare_areas(truth == index, *(model[:, index] for model in scores))
    different = [pair for pair, a, b in zip(answered, *named, strict=True) if a != b]
    different.sort(key=lambda pair: max(pair.first.confidence or 0.0, pair.second.confidence or 0.0), reverse=True)
    return Comparison(
        names=names,
        dataset=dataset,
        images=len(answered),
        accuracies=tuple(proportion_ci(int((model == truth).sum()), len(truth)) for model in named),  # type: ignore[arg-type]
        accuracy=compare_accuracy(truth, *named),
        areas={name: area for name, area in areas.items() if area},
        disagreements=tuple(different),
    )


def render_text(comparison: Comparison) -> str:
    """What a terminal shows."""
    return "\n".join(_lines(comparison))


def render_files(comparison: Comparison) -> dict[str, bytes]:
    """The files of the report by name; reads the images of the first disagreements once more."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "label", "first", "first_confidence", "second", "second_confidence"))
    for pair in comparison.disagreements:
        sides = [(answer.verdict.label, answer.confidence) for answer in (pair.first, pair.second)]
        writer.writerow((pair.file.name, pair.label, *sides[0], *sides[1]))
    sheet = render_errors([_tile(pair) for pair in comparison.disagreements[:SHOWN]], "no image on which they disagree")
    return {
        "disagreements.csv": text.getvalue().encode(),
        "disagreements.png": sheet,
        "comparison.txt": f"{render_text(comparison)}\n".encode(),
        "comparison.json": f"{json.dumps(_document(comparison), indent=2)}\n".encode(),
    }


def _sides(answered: Sequence[PairedAnswer]) -> tuple[list[Answer], list[Answer]]:
    return [pair.first for pair in answered], [pair.second for pair in answered]


def _final(answer: Answer, classes: Sequence[Label]) -> Label:
    # A model without a class for images that were not analysed names none of them; then its likeliest class counts.
    label = answer.verdict.label
    return label if label in classes else classes[int(np.argmax(answer.probabilities))]


def _lines(comparison: Comparison) -> Iterator[str]:
    paired, (first, second) = comparison.accuracy, comparison.names
    yield f"A is {first}, B is {second}; {comparison.images:,} images of {comparison.dataset.name}"
    yield from comparison.dataset.notes
    for name, share in zip("AB", comparison.accuracies, strict=True):
        yield f"accuracy {name}    {format_share(share)}"
    low, high = 100 * paired.difference.low, 100 * paired.difference.high
    yield f"B minus A     {100 * paired.difference.value:+.1f} points ({low:+.1f} to {high:+.1f})"
    yield (
        f"both right {paired.both_right:,}, only A {paired.only_first:,}, only B {paired.only_second:,}, "
        f"neither {paired.neither:,}; McNemar p = {paired.p_value:.3g}"
    )
    for name, area in comparison.areas.items():
        by = area.difference
        yield (
            f"AUC, {name}: A {area.first.value:.3f}, B {area.second.value:.3f}, B minus A {by.value:+.3f} "
            f"({by.low:+.3f} to {by.high:+.3f}); DeLong p = {area.p_value:.3g}"
        )
    yield f"disagree on   {len(comparison.disagreements):,} images"


def _document(comparison: Comparison) -> dict[str, Any]:
    return {
        "first": comparison.names[0],
        "second": comparison.names[1],
        "folder": comparison.dataset.name,
        "notes": comparison.dataset.notes,
        "images": comparison.images,
        "accuracy_first": asdict(comparison.accuracies[0]) if comparison.accuracies[0] else None,
        "accuracy_second": asdict(comparison.accuracies[1]) if comparison.accuracies[1] else None,
        "accuracy": asdict(comparison.accuracy),
        "areas": {name: asdict(area) for name, area in comparison.areas.items()},
        "disagreements": len(comparison.disagreements),
    }


def _tile(pair: PairedAnswer) -> Tile:
    name = pair.file.path.name
    short = name if len(name) <= _TILE_CHARS else f"...{name[3 - _TILE_CHARS :]}"
    return Tile(
        load_thumbnail(pair.file), (f"true {pair.label}", f"A {_words(pair.first)}", f"B {_words(pair.second)}", short)
    )


def _words(answer: Answer) -> str:
    if answer.confidence is None:
        return "not analysed"
    return f"{answer.verdict.label}, {format_percent(answer.confidence)}"
