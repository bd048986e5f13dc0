"""Heat maps as PNG files in a folder of their own."""

from collections import Counter
from pathlib import Path

from brain_tumor.atomic_write import NewFolder, add_ending
from brain_tumor.classifier import Result
from brain_tumor.presentation.heatmap import MapKind, missing_maps, to_heat_maps
from brain_tumor.presentation.overlay import draw_sides, render_overlay, render_png, to_square_pixels
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, describe_map, render_missing


class MapFolder:
    """A new folder that is filled with ``NAME.saliency.png`` and ``NAME.location.png``, image by image."""

    def __init__(self, path: Path, strength: float, shown_as: str = "", goes_on: bool = False) -> None:
        """Take a folder that is empty or not there yet.

        Args:
            path: of the folder.
            strength: of the colour, 0 to 1.
            shown_as: as for NewFolder.
            goes_on: as for NewFolder.

        Raises:
            BrainTumorError: it is anything else; maps of an earlier run would pass for this run's.
        """
        self.path = path
        self._folder = NewFolder(path, "heat maps", shown_as, goes_on)
        self._strength = strength
        self._written: Counter[MapKind] = Counter()
        self._missing: tuple[MapKind, ...] = ()

    def write(self, result: Result) -> list[str]:
        """Write the maps of one image, each file whole or not at all.

        NAME is the image's path as it was given, without its ending, in subfolders of the same names, and the number
        of the slice (``-slice-12``) where a file has several; a number is added where two images would share it.
        Pixels that are not square are drawn at their true proportions. The sides of the patient are marked where the
        file says which they are.

        Returns:
            The files' names below the folder.

        Raises:
            BrainTumorError: a file cannot be written.
        """
        self._missing = missing_maps(result.output)
        maps = to_heat_maps(result)
        if not maps:
            return []
        image = Path(result.name)
        name = str(image.with_suffix("") if image.name else image)  # a root has no name
        if result.slice_number is not None:
            name = f"{name}-slice-{result.slice_number}"
        stem = self._folder.free_stem(name, map(_to_ending, MapKind))
        scan, names = to_square_pixels(result.scan), []
        for shown in maps:
            pixels = render_overlay(scan, shown.heat, self._strength, shown.box, shown.region)
            file = add_ending(stem, _to_ending(shown.kind))
            self._folder.write(file, render_png(draw_sides(pixels, scan.sides), describe_map(shown.kind)))
            names.append(self._folder.name_of(file))
            self._written[shown.kind] += 1
        return names

    def merge(self, other: "MapFolder") -> None:
        """Count what another process wrote for the same run."""
        self._written += other._written
        self._missing = self._missing or other._missing

    def summary(self) -> list[str]:
        """Lines: how many maps of each kind were written and where, which the model file lacks, what each shows."""
        counts = ", ".join(f"{self._written[kind]} {kind}" for kind in MapKind)
        first = f"Heat maps written to {self.path}: {counts}." if self._written else "No heat maps written."
        lacking = render_missing(self._missing)
        return [f"{first} {lacking}".rstrip(), *(MAP_EXPLANATIONS[kind] for kind in MapKind if self._written[kind])]


def _to_ending(kind: MapKind) -> str:
    return f"{kind}.png"
