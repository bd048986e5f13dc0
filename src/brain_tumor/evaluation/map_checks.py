"""Do the heat maps show what matters? Pure functions on maps and boxes.

A map is (rows, columns), 0 or more, and its cells tile the image. Figures over no images are None.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.evaluation.boxes import area_of, grow, holds, overlap
from brain_tumor.evaluation.metrics import Estimate, Values, bootstrap_mean, proportion_ci, rank_correlation
from brain_tumor.input.scan import Box, FloatArray

# The source allows 15 pixels around every object. A share of the sides does not make small boxes easy to hit.
GROWTH = 0.1
# Patches a side: one is about as large as a usual tumor, and 49 forward passes an image can be waited for.
PATCHES = 7


@dataclass(frozen=True, slots=True)
class Pointing:
    """How well the peaks and the sums of maps agree with boxes. Source: Zhang et al. 2016, arXiv:1608.00507."""

    near: Estimate  # share of images whose peak lies in the box grown by GROWTH
    inside: Estimate  # the same for the box itself
    mass: Estimate  # mean share of a map's sum that lies in the box
    chance_near: float  # mean share of the image that the grown box covers: what pointing anywhere would reach
    chance_inside: float  # the same for the box itself; also what an even map would reach in mass
    reachable: float  # share of grown boxes that hold the centre of a cell: no map of so few cells could point better


@dataclass(frozen=True, slots=True)
class LocationMeasures:
    """The boxes that the network draws."""

    overlap: Estimate  # mean intersection over union with the marked box; 0 where none is drawn
    on_tumor: Estimate | None  # share of tumor scans with a drawn box
    on_healthy: Estimate | None  # share of scans labelled No Tumor with one


@dataclass(frozen=True, slots=True)
class DeletionMeasures:
    """Mean drop of the true class's probability, -1 to 1, when a box is filled with its surroundings."""

    images: int
    tumor: Estimate  # the marked box
    control: Estimate  # a box of the same size elsewhere inside the same skull
    difference: Estimate  # of the two, image by image


@dataclass(frozen=True, slots=True)
class OcclusionMeasures:
    """Saliency against what the answer truly depends on. Source: Zeiler and Fergus 2014, arXiv:1311.2901."""

    images: int
    agreement: Estimate | None  # mean rank correlation of the two maps, -1 to 1
    undefined: int  # images without one, as one of their maps is the same everywhere
    occlusion: Pointing
    saliency: Pointing


@dataclass(frozen=True, slots=True)
class MapChecks:
    """The evidence for one network's heat maps. What the network does not compute is None."""

    tumor_images: int  # looked at: tumor scans with a box, analysed
    healthy_images: int  # looked at: scans labelled No Tumor, analysed
    not_analysed: int  # tumor scans with a box that the gate rejected, so no map is shown for them
    saliency: Pointing | None  # of the final class
    location: Pointing | None
    drawn: LocationMeasures | None
    deletion: DeletionMeasures | None
    occlusion: OcclusionMeasures | None


def peak_of(heat: FloatArray) -> tuple[float, float] | None:
    """The highest point, (x, y) in fractions; None where nothing is above 0.

    The centre of the highest cell: bilinear enlarging leaves the maximum there.
    """
    if not heat.max() > 0:
        return None
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return (float(column) + 0.5) / heat.shape[1], (float(row) + 0.5) / heat.shape[0]


def mass_inside(heat: FloatArray, box: Box) -> float:
    """The share of the map's sum that lies in the box, 0 to 1; cells count as far as they do. 0 for an empty map."""
    total = float(heat.sum(dtype=np.float64))
    return float((heat * _coverage(heat.shape, box)).sum()) / total if total > 0 else 0.0


def to_patches(heat: FloatArray, patches: int = PATCHES) -> FloatArray:
    """The map on a grid of patches x patches, each the sum of what lies in it."""
    rows, columns = (_overlaps(side, patches) for side in heat.shape)
    coarse: FloatArray = (rows.T @ heat @ columns).astype(np.float32)
    return coarse


def measure_pointing(maps: Sequence[FloatArray], boxes: Sequence[Box]) -> Pointing | None:
    """How well maps agree with the boxes of the same images; an empty map points nowhere, so it misses."""
    peaks = [peak_of(heat) for heat in maps]
    grown = [grow(box, GROWTH) for box in boxes]
    near = proportion_ci(
        sum(peak is not None and holds(box, peak) for peak, box in zip(peaks, grown, strict=True)), len(maps)
    )
    inside = proportion_ci(
        sum(peak is not None and holds(box, peak) for peak, box in zip(peaks, boxes, strict=True)), len(maps)
    )
    mass = bootstrap_mean([mass_inside(heat, box) for heat, box in zip(maps, boxes, strict=True)])
    if near is None or inside is None or mass is None:
        return None
    chance_near, chance_inside = (float(np.mean([area_of(box) for box in some])) for some in (grown, boxes))
    reachable = np.mean([_holds_centre(heat.shape, box) for heat, box in zip(maps, grown, strict=True)])
    return Pointing(near, inside, mass, chance_near, chance_inside, float(reachable))


def measure_location(
    drawn: Sequence[Box | None], boxes: Sequence[Box], on_healthy: Sequence[Box | None]
) -> LocationMeasures | None:
    """Compare the drawn boxes of tumor scans with the marked ones, and count those on healthy scans."""
    ratios = [overlap(found, box) if found else 0.0 for found, box in zip(drawn, boxes, strict=True)]
    if (ratio := bootstrap_mean(ratios)) is None:
        return None
    counted = [proportion_ci(sum(found is not None for found in some), len(some)) for some in (drawn, on_healthy)]
    return LocationMeasures(ratio, *counted)


def measure_deletion(drops: Sequence[tuple[float, float]]) -> DeletionMeasures | None:
    """Sum up what filling a box costs the true class.

    Args:
        drops: per image, how far the probability fell without the tumor box and without the control box.
    """
    tumor, control = bootstrap_mean([drop for drop, _ in drops]), bootstrap_mean([other for _, other in drops])
    difference = bootstrap_mean([drop - other for drop, other in drops])
    if tumor is None or control is None or difference is None:
        return None
    return DeletionMeasures(len(drops), tumor, control, difference)


def measure_occlusion(
    occlusion: Sequence[FloatArray], saliency: Sequence[FloatArray], boxes: Sequence[Box]
) -> OcclusionMeasures | None:
    """Compare occlusion maps, (PATCHES, PATCHES), drops of a score, with saliency maps of the same images and class.

    For pointing a patch counts as 0 where the score rose. The ranks are those of the drops as they are.
    """
    found = [
        rank_correlation(drop.ravel().astype(np.float64), to_patches(heat, len(drop)).ravel().astype(np.float64))
        for drop, heat in zip(occlusion, saliency, strict=True)
    ]
    first = measure_pointing([np.maximum(drop, 0) for drop in occlusion], boxes)
    second = measure_pointing(saliency, boxes)
    if first is None or second is None:
        return None
    defined = [item for item in found if item is not None]
    return OcclusionMeasures(len(found), bootstrap_mean(defined), len(found) - len(defined), first, second)


def _holds_centre(shape: tuple[int, ...], box: Box) -> bool:
    x0, y0, x1, y1 = box
    down, across = ((np.arange(cells) + 0.5) / cells for cells in shape)
    return bool(((x0 <= across) & (across <= x1)).any() and ((y0 <= down) & (down <= y1)).any())


def _coverage(shape: tuple[int, ...], box: Box) -> Values:
    """How much of each cell lies in the box, (rows, columns), 0 to 1."""
    x0, y0, x1, y1 = box
    return np.outer(_covered(shape[0], y0, y1), _covered(shape[1], x0, x1))


def _covered(cells: int, low: float, high: float) -> Values:
    edges = np.arange(cells + 1)
    covered: Values = np.clip(np.minimum(edges[1:], high * cells) - np.maximum(edges[:-1], low * cells), 0, 1)
    return covered


def _overlaps(cells: int, patches: int) -> Values:
    return np.stack([_covered(cells, patch / patches, (patch + 1) / patches) for patch in range(patches)], axis=1)
