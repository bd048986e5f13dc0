"""Heat maps as PNG files in a folder of their own."""

from collections import Counter
from itertools import chain, count
from pathlib import Path

from brain_tumor.atomic_write import NewFolder
from brain_tumor.classifier import Result
from brain_tumor.presentation.heatmap import MapKind, missing_maps, to_heat_maps
from brain_tumor.presentation.overlay import render_overlay, render_png
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, describe_map, render_missing


class MapFolder:
    """A new folder that is filled with ``NAME.saliency.png`` and ``NAME.location.png``, image by image."""

    def __init__(self, path: Path, strength: float) -> None:
        """Take a folder that is empty or not there yet; strength: of the colour, 0 to 1.

        Raises BrainTumorError for anything else: maps of an earlier run would pass for this run's.
        """
        self.path = path
        self._folder = NewFolder(path, "heat maps")
        self._strength = strength
        self._written: Counter[MapKind] = Counter()
        self._missing: tuple[MapKind, ...] = ()

    def write(self, result: Result) -> None:
        """Write the maps of one image, each file whole or not at all; raises BrainTumorError when that fails.

        NAME is the image's path as it was given, without its ending, in subfolders of the same names, and the number
        of the slice (``-slice-12``) where a file has several; a number is added where two images would share it.
        """
        self._missing = missing_maps(result.output)
        maps = to_heat_maps(result)
        if not maps:
            return
        stem = self._free_stem(result)
        for shown in maps:
            pixels = render_overlay(result.scan, shown.heat, self._strength, shown.box, shown.region)
            self._folder.write(_map_path(stem, shown.kind), render_png(pixels, describe_map(shown.kind)))
            self._written[shown.kind] += 1

    def summary(self) -> list[str]:
        """Lines: how many maps of each kind were written and where, which the model file lacks, what each shows."""
        counts = ", ".join(f"{self._written[kind]} {kind}" for kind in MapKind)
        first = f"Heat maps written to {self.path}: {counts}." if self._written else "No heat maps written."
        lacking = render_missing(self._missing)
        return [f"{first} {lacking}".rstrip(), *(MAP_EXPLANATIONS[kind] for kind in MapKind if self._written[kind])]

    def _free_stem(self, result: Result) -> Path:
        # Without the root, a drive and steps upwards, every path stays inside the folder.
        image = Path(result.name)
        parts = [part for part in image.parts if part not in (image.anchor, "..")]
        place = self.path.joinpath(*parts).with_suffix("")
        if result.slice_number is not None:
            place = place.with_name(f"{place.name}-slice-{result.slice_number}")
        # Asking the disk, not a list of names, also tells names apart as this file system does (case, Unicode).
        stems = chain([place], (place.with_name(f"{place.name}-{number}") for number in count(2)))
        return next(stem for stem in stems if not any(_map_path(stem, kind).exists() for kind in MapKind))


def _map_path(stem: Path, kind: MapKind) -> Path:
    return stem.with_name(f"{stem.name}.{kind}.png")
