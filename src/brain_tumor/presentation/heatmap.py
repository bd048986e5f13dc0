"""Result -> the heat maps that may be shown of it, each under its own name."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from brain_tumor.classifier import Result
from brain_tumor.input.scan import Box, FloatArray
from brain_tumor.labels import Label
from brain_tumor.model.output import ModelOutput


class MapKind(StrEnum):
    """The two maps; the value is the name in file names and in the network's outputs."""

    SALIENCY = "saliency"  # why: what drove the answer
    LOCATION = "location"  # where: trained with tumor boxes


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """One map of one image, as coarse as the network computes it: a kilobyte or two."""

    kind: MapKind
    heat: (
        FloatArray  # (rows, columns), 0 to 1; of a saliency map relative to its own maximum, of a location as computed
    )
    box: Box | None  # around the located tumor
    region: Box  # the part of the picture that the map covers
    label: Label | None = None  # the class that a saliency map speaks of


def to_heat_maps(result: Result, label: Label | None = None) -> tuple[HeatMap, ...]:
    """The maps to show: saliency of one class of an analysed image, location where the final class is a tumor.

    Args:
        result: the answer.
        label: class whose saliency is meant; None for the final class, which an answer is about.

    Returns:
        Empty when the image was not analysed, and without the maps that the model file lacks.
    """
    maps = []
    saliency, location = result.output.saliency, result.output.location
    if saliency is not None and result.verdict.is_analysed:
        label = label or result.verdict.label
        heat: FloatArray = np.maximum(saliency[:, :, result.order.index(label)], 0)
        # A map of zeros has no strongest part; it stays as it is.
        relative = heat / heat.max() if heat.any() else heat
        maps.append(HeatMap(MapKind.SALIENCY, relative, None, result.region, label))
    if location is not None and result.verdict.names_tumor:
        box = result.location.box if result.location else None
        # A quantised network may overshoot by a rounding error.
        maps.append(HeatMap(MapKind.LOCATION, np.clip(location, 0, 1), box, result.region))
    return tuple(maps)


def missing_maps(output: ModelOutput) -> tuple[MapKind, ...]:
    """The kinds of map that the network which gave this output does not compute."""
    maps = {MapKind.SALIENCY: output.saliency, MapKind.LOCATION: output.location}
    return tuple(kind for kind, found in maps.items() if found is None)
