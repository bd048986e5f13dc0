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
class Disagreement:
    """An image that two models name differently."""

    file: ImageFile
    label: Label  # the true one
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
    disagreements: tuple[Disagreement, ...]  # the most confident first


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
        first: the answers of the one, in the order of dataset.files.
        second: those of the other.
        names: of the models.
        classes: of both, in the order of their probabilities.

    Raises:
        DatasetError: there is no image that both answered.
    """
    answered = [
        Disagreement(file, label, one.answer, two.answer)
        for (file, label), one, two in zip(dataset.files, first, second, strict=True)
        if one.answer and two.answer
    ]
    if not answered:
        raise DatasetError(f"{dataset.name}: none of its {len(dataset.files)} files could be read")
    truth = np.array([classes.index(one.label) for one in answered])
    named = [np.array([classes.index(_final(one, classes)) for one in side]) for side in _sides(answered)]
    scores = [np.array([answer.probabilities for answer in side], np.float64) for side in _sides(answered)]
    areas = {}
    findings = np.array([label.is_finding for label in classes])
    if findings.any() and not findings.all():
        areas["a finding"] = compare_areas(findings[truth], *(one[:, findings].sum(axis=1) for one in scores))
    for index, label in enumerate(classes):
        areas[label.value] = compare_areas(truth == index, *(one[:, index] for one in scores))
    different = [one for one, a, b in zip(answered, *named, strict=True) if a != b]
    different.sort(key=lambda one: max(one.first.confidence or 0.0, one.second.confidence or 0.0), reverse=True)
    return Comparison(
        names=names,
        dataset=dataset,
        images=len(answered),
        accuracies=tuple(proportion_ci(int((one == truth).sum()), len(truth)) for one in named),  # type: ignore[arg-type]
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
    for one in comparison.disagreements:
        sides = [(answer.verdict.label, answer.confidence) for answer in (one.first, one.second)]
        writer.writerow((one.file.name, one.label, *sides[0], *sides[1]))
    sheet = render_errors([_tile(one) for one in comparison.disagreements[:SHOWN]], "no image on which they disagree")
    return {
        "disagreements.csv": text.getvalue().encode(),
        "disagreements.png": sheet,
        "comparison.txt": f"{render_text(comparison)}\n".encode(),
        "comparison.json": f"{json.dumps(_document(comparison), indent=2)}\n".encode(),
    }


def _sides(answered: Sequence[Disagreement]) -> tuple[list[Answer], list[Answer]]:
    return [one.first for one in answered], [one.second for one in answered]


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


def _tile(one: Disagreement) -> Tile:
    name = one.file.path.name
    short = name if len(name) <= _TILE_CHARS else f"...{name[3 - _TILE_CHARS :]}"
    return Tile(
        load_thumbnail(one.file), (f"true {one.label}", f"A {_words(one.first)}", f"B {_words(one.second)}", short)
    )


def _words(answer: Answer) -> str:
    if answer.confidence is None:
        return "not analysed"
    return f"{answer.verdict.label}, {format_percent(answer.confidence)}"
