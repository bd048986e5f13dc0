"""MapChecks -> JSON, and the rows that the terminal and the page show."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from brain_tumor.evaluation.map_checks import PATCHES, MapChecks, Pointing
from brain_tumor.evaluation.metrics import Estimate


@dataclass(frozen=True, slots=True)
class MapRow:
    """One figure as people read it."""

    name: str  # at most 12 characters, the width of the terminal's first column
    estimate: Estimate | None
    kind: Literal["share", "number"]
    meaning: str


def to_map_rows(maps: MapChecks) -> tuple[MapRow, ...]:
    """Every figure with what it means and what it is to be compared with."""
    return tuple(_rows(maps))


def maps_to_document(value: Any) -> Any:
    """The checks for JSON: dataclasses as objects, what does not apply to an estimate left out, else null."""
    if is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        absent = isinstance(value, Estimate)
        return {name: maps_to_document(pair) for name, pair in pairs if not (absent and pair is None)}
    return value


def _rows(maps: MapChecks) -> Iterator[MapRow]:
    if maps.saliency:
        yield from _pointing("saliency", maps.saliency)
    if maps.location:
        yield from _pointing("location", maps.location)
    if maps.drawn:
        yield MapRow("box overlap", maps.drawn.overlap, "number", "mean IoU of the drawn and the marked box, none is 0")
        yield MapRow("box, finding", maps.drawn.on_tumor, "share", "of scans with a finding, those with a drawn box")
        yield MapRow(
            "box, healthy", maps.drawn.on_healthy, "share", "of scans without a finding, those with a drawn box"
        )
    if deletion := maps.deletion:
        drop = f"mean drop of the true class's probability, {deletion.images:,} scans"
        yield MapRow("box filled", deletion.tumor, "number", drop)
        yield MapRow("other filled", deletion.control, "number", "the same for a box of the same size inside the skull")
        yield MapRow("difference", deletion.difference, "number", "of the two, scan by scan")
    if occlusion := maps.occlusion:
        scans = f"of saliency and occlusion, {PATCHES} x {PATCHES} patches, {occlusion.images:,} scans"
        yield MapRow("rank corr.", occlusion.agreement, "number", f"mean rank correlation {scans}")
        yield from _pointing("occlusion", occlusion.occlusion)
        yield from _pointing("saliency", occlusion.saliency, " (scans of the occlusion test)")


def _pointing(name: str, pointing: Pointing, scans: str = "") -> Iterator[MapRow]:
    near, inside, reach = (
        f"{100 * value:.1f} %" for value in (pointing.chance_near, pointing.chance_inside, pointing.reachable)
    )
    grown = f"of peaks in the marked box grown by a tenth; chance {near}, best possible {reach}"
    yield MapRow(name, pointing.near, "share", grown + scans)
    yield MapRow(name, pointing.inside, "share", f"of peaks in the box itself; chance {inside}{scans}")
    yield MapRow(name, pointing.mass, "number", f"mean share of the map inside the box; even map {inside}{scans}")
