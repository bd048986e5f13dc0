"""Evaluation and boxes -> MapChecks: a sample of the images goes through the network again, whole and in part."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from tqdm import tqdm

from brain_tumor.classifier import Result
from brain_tumor.decision.location import find_location
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.boxes import in_region
from brain_tumor.evaluation.fill import control_box, fill_box
from brain_tumor.evaluation.labelled import Dataset, ImageFile
from brain_tumor.evaluation.map_checks import (
    PATCHES,
    MapChecks,
    measure_deletion,
    measure_location,
    measure_occlusion,
    measure_pointing,
)
from brain_tumor.evaluation.robustness import ScanClassifier
from brain_tumor.evaluation.run import Evaluation
from brain_tumor.input.files import read_file
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Box, FloatArray, Scan
from brain_tumor.labels import Label
from brain_tumor.model.card import Card

# Of a tumor outside the region that the network looked at: no map can point there, so every one misses it.
_OUTSIDE: Box = (0.0, 0.0, 0.0, 0.0)


class MapClassifier(ScanClassifier, Protocol):
    """What the checks need of a Classifier."""

    @property
    def card(self) -> Card:
        """The card of the model file."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tumor:
    """What one tumor scan with a box gave."""

    box: Box
    seen_box: Box  # the same in fractions of the region that the network looked at and its maps cover
    saliency: FloatArray | None  # (rows, columns), of the final class
    location: FloatArray | None  # (rows, columns)
    drawn: Box | None
    drops: tuple[float, float] | None  # without the tumor box, without the control box; None without room for one
    occlusion: FloatArray | None  # (PATCHES, PATCHES)


def keep_marked(dataset: Dataset, boxes: Mapping[str, Box]) -> dict[str, Box]:
    """The boxes of the data set's tumor scans, by name; raises DatasetError when there are none."""
    kept = {file.name: boxes[file.name] for file, label in dataset.files if is_marked(file.name, label, boxes)}
    if not kept:
        raise DatasetError(
            f"{dataset.name}: none of its scans with a finding has a box; paths in the list of boxes must be relative "
            f"to this folder, like {dataset.files[0][0].name}"
        )
    return kept


def check_maps(
    classifier: MapClassifier,
    evaluation: Evaluation,
    boxes: Mapping[str, Box],
    images: int,
    occlusion_images: int = 0,
) -> MapChecks:
    """Check the maps on tumor scans with a box and, for the drawn boxes, on as many healthy scans.

    The samples depend on the names alone. Images that the gate rejected are left out, since no map is shown for them.

    Args:
        classifier: answers the scans.
        evaluation: of the same images.
        boxes: as keep_marked gives them.
        images: how many tumor scans.
        occlusion_images: how many of those get an occlusion map, at PATCHES x PATCHES forward passes each.

    Raises:
        ScanError: a file has become unreadable since the evaluation.
    """
    answered = [
        (file, label, outcome.answer.verdict.is_analysed)
        for (file, label), outcome in zip(evaluation.dataset.files, evaluation.outcomes, strict=True)
        if outcome.answer
    ]
    marked = [(file, label, seen) for file, label, seen in answered if file.name in boxes]
    truth = {file.name: (file, label) for file, label, seen in marked if seen}
    healthy = {file.name: file for file, label, seen in answered if seen and not label.is_finding}
    names = sample(truth, images)
    tumors = [
        _look(classifier, *truth[name], boxes[name], index < occlusion_images)
        for index, name in enumerate(tqdm(names, desc="heat maps", unit="image", disable=None))
    ]
    others = [
        _draw(classifier, classifier.classify_scan(_load(healthy[name]), name))
        for name in tqdm(sample(healthy, images), desc="healthy scans", unit="image", disable=None)
    ]
    return _measure(tumors, others, len(marked) - len(truth), classifier.card.rules.min_location is not None)


def is_marked(name: str, label: Label, boxes: Mapping[str, Box]) -> bool:
    """Whether the image shows a tumor whose place is known."""
    return label.is_finding and name in boxes


def sample(names: Iterable[str], limit: int) -> list[str]:
    """At most so many of the names, as if drawn by lot, but always the same of the same names.

    A name's place in the lot does not depend on the others, so samples of two data sets that share images agree.
    """
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:limit]


def occlude(classifier: MapClassifier, result: Result) -> FloatArray:
    """How far the final class's logit falls without each patch of the region looked at, (PATCHES, PATCHES).

    The logit, as the probability of a certain answer hardly moves. Each patch is filled with its surroundings.
    """
    index = result.order.index(result.verdict.label)
    drops = np.zeros((PATCHES, PATCHES), np.float32)
    for row, column in np.ndindex(drops.shape):
        left, top, right, bottom = result.region
        wide, high = (right - left) / PATCHES, (bottom - top) / PATCHES
        corner = left + column * wide, top + row * high
        patch = (*corner, corner[0] + wide, corner[1] + high)
        output = classifier.classify_scan(_without(result.scan, patch), result.name).output
        drops[row, column] = result.output.logits[index] - output.logits[index]
    return drops


def _look(classifier: MapClassifier, file: ImageFile, label: Label, box: Box, occluded: bool) -> _Tumor:
    result = classifier.classify_scan(_load(file), file.name)
    maps, drops = result.output.saliency, None
    if control := control_box(result.scan.pixels, box, file.name):
        left = [
            classifier.classify_scan(_without(result.scan, gone), file.name).probabilities[label]
            for gone in (box, control)
        ]
        drops = result.probabilities[label] - left[0], result.probabilities[label] - left[1]
    return _Tumor(
        box,
        in_region(box, result.region) or _OUTSIDE,
        None if maps is None else maps[:, :, result.order.index(result.verdict.label)],
        result.output.location,
        _draw(classifier, result),
        drops,
        occlude(classifier, result) if occluded and maps is not None else None,
    )


def _measure(tumors: list[_Tumor], healthy: list[Box | None], not_analysed: int, draws: bool) -> MapChecks:
    saliency = [(tumor.saliency, tumor.seen_box) for tumor in tumors if tumor.saliency is not None]
    location = [(tumor.location, tumor.seen_box) for tumor in tumors if tumor.location is not None]
    occluded = [
        (tumor.occlusion, tumor.saliency, tumor.seen_box)
        for tumor in tumors
        if tumor.occlusion is not None and tumor.saliency is not None
    ]
    return MapChecks(
        tumor_images=len(tumors),
        healthy_images=len(healthy),
        not_analysed=not_analysed,
        saliency=measure_pointing([heat for heat, _ in saliency], [box for _, box in saliency]),
        location=measure_pointing([heat for heat, _ in location], [box for _, box in location]),
        drawn=measure_location([tumor.drawn for tumor in tumors], [tumor.box for tumor in tumors], healthy)
        if draws
        else None,
        deletion=measure_deletion([tumor.drops for tumor in tumors if tumor.drops is not None]),
        occlusion=measure_occlusion(
            [drop for drop, _, _ in occluded], [heat for _, heat, _ in occluded], [box for _, _, box in occluded]
        ),
    )


def _draw(classifier: MapClassifier, result: Result) -> Box | None:
    location = find_location(result.output, classifier.card.rules)
    return location.placed_in(result.region).box if location else None


def _load(file: ImageFile) -> Scan:
    return read_scan(read_file(str(file.path)), file.name)


def _without(scan: Scan, box: Box) -> Scan:
    return replace(scan, pixels=fill_box(scan.pixels, box))
