"""The frames of one DICOM series -> its volumes, each in the order of its slices: pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from brain_tumor.input.dicom_facts import FrameFacts
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.series_kind import SeriesKind

# Closer than this are equal positions: they are decimal strings, and no slice is as thin.
_SAME_POSITION_MM = 0.05
# Facts in the order in which they are tried where several frames lie at one position.
_SPLITTING = tuple(field.name for field in fields(FrameFacts) if field.name != "kind")
# Those that say something of a whole volume even where nobody knows the positions.
_SPLITTING_UNPLACED = (
    "echo_number",
    "echo_time_ms",
    "b_value",
    "direction",
    "time_index",
    "inversion_time_ms",
    "flip_angle",
)
_ALWAYS_SPLITTING = ("stack", "echo_number")
# Those that tell the images of a single slice apart; a time may count slices by mistake.
_SPLITTING_ONE_POSITION = ("echo_number", "echo_time_ms", "b_value")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class VolumeFrame:
    """What decides to which volume a frame belongs, and where in it; None where the file does not say."""

    source: Any  # whatever the caller knows it by
    name: str  # of its file
    facts: FrameFacts
    position_mm: float | None
    slice_location: float | None = None
    instance_number: int | None = None  # of a file; of a frame of several, its place in its stack
    sop_instance_uid: str | None = None
    pixel_digest: bytes | None = None  # of the pixel data as stored
    content_time: str | None = None  # no fact that splits: most files have a time of their own


@dataclass(frozen=True, slots=True)
class FrameVolume:
    """One volume of a series."""

    frames: tuple[VolumeFrame, ...]  # in the order of its slices
    is_placed: bool  # whether the positions say something: known, and not all the same
    differs: tuple[tuple[str, str], ...] = ()  # the facts that tell it from the other volumes of the series


def drop_duplicates(frames: Iterable[VolumeFrame]) -> tuple[list[VolumeFrame], int]:
    """The frames without those that are there already, and how many were dropped.

    A frame is a duplicate when another one of the same facts lies at the same place and has the same pixels, or the
    same SOP Instance UID and number. Without a place, all three must agree.
    """
    kept: list[VolumeFrame] = []
    seen: set[Hashable] = set()
    count = 0
    for frame in frames:
        keys = list(_identities(frame))
        if any(key in seen for key in keys):
            count += 1
            continue
        seen.update(keys)
        kept.append(frame)
    return kept, count


def split_volumes(frames: Sequence[VolumeFrame], options: ReadOptions) -> list[FrameVolume]:
    """The volumes of frames that share series, orientation and size, in the order of their first frames.

    Kinds of images, stacks and numbered echoes are volumes of their own. Beyond that, frames are separated only where
    several lie at one position: by the first fact that explains it (echo time, b-value, direction, time point and so
    on), else by their order. Images of kinds that are not answered are separated by kind alone.

    Args:
        frames: in the order given.
        options: which kinds are answered.
    """
    found: list[FrameVolume] = []
    for differs, part in _parts(frames, ("kind",), ()):
        if not options.answers(part[0].facts.kind):
            found.append(_to_volume(part, differs))
            continue
        for known, stack in _parts(part, _ALWAYS_SPLITTING, differs):
            found += [_to_volume(volume, more) for more, volume in _split_repeats(stack, known)]
    order = {id(frame): index for index, frame in enumerate(frames)}
    return sorted(found, key=lambda volume: min(order[id(frame)] for frame in volume.frames))


_Differences = tuple[tuple[str, str], ...]
_Part = tuple[_Differences, list[VolumeFrame]]


def _identities(frame: VolumeFrame) -> Iterable[Hashable]:
    position: tuple[float | None, ...] = (frame.position_mm,)
    if frame.position_mm is None:
        position = (frame.slice_location, frame.instance_number)
    uid, digest = frame.sop_instance_uid, frame.pixel_digest
    if position.count(None) == len(position):
        if uid is not None and digest is not None:
            yield frame.facts, uid, digest
        return
    if uid is not None:
        yield frame.facts, position, uid, frame.instance_number
    if digest is not None:
        yield frame.facts, position, digest


def _parts(frames: Sequence[VolumeFrame], names: Sequence[str], differs: _Differences) -> list[_Part]:
    """Separated by each of these facts, unless that leaves a frame alone."""
    parts: list[_Part] = [(differs, list(frames))]
    for name in names:
        split: list[_Part] = []
        for known, part in parts:
            groups = _group(part, name)
            is_meant = len(groups) > 1 and (name == "kind" or min(map(len, groups.values())) > 1)
            split += _with_fact(groups, name, known) if is_meant else [(known, part)]
        parts = split
    return parts


def _split_repeats(frames: list[VolumeFrame], differs: _Differences) -> list[_Part]:
    position_indices = _position_indices(frames)
    if position_indices is None:
        return _split_unplaced(frames, differs)
    most = max(Counter(position_indices).values())
    if most == 1:
        return [(differs, frames)]
    repeats = len(position_indices) - len(set(position_indices))
    index_of = {id(frame): index for frame, index in zip(frames, position_indices, strict=True)}
    for name in _SPLITTING:
        groups = _group(frames, name)
        # A label of volumes has at most as many values as frames lie at one position; more are values per slice.
        if not 1 < len(groups) <= most:
            continue
        left = sum(len(group) - len({index_of[id(frame)] for frame in group}) for group in groups.values())
        if left < repeats:
            parts = _with_fact(groups, name, differs)
            return [volume for known, part in parts for volume in _split_repeats(part, known)]
    return _split_by_order(frames, position_indices, differs)


def _split_unplaced(frames: list[VolumeFrame], differs: _Differences) -> list[_Part]:
    share_a_position = _cluster([frame.position_mm for frame in frames]) is not None
    for name in _SPLITTING_UNPLACED:
        groups = _group(frames, name)
        sizes = set(map(len, groups.values()))
        least = 1 if share_a_position and name in _SPLITTING_ONE_POSITION else 2
        if len(groups) > 1 and len(sizes) == 1 and min(sizes) >= least:
            parts = _with_fact(groups, name, differs)
            return [volume for known, part in parts for volume in _split_unplaced(part, known)]
    return [(differs, frames)]


def _split_by_order(frames: list[VolumeFrame], position_indices: list[int], differs: _Differences) -> list[_Part]:
    """The first frame at each position, the second, and so on."""
    seen: Counter[int] = Counter()
    volumes: defaultdict[int, list[VolumeFrame]] = defaultdict(list)
    for frame, position_index in sorted(
        zip(frames, position_indices, strict=True), key=lambda each: _taken_at(each[0])
    ):
        volumes[seen[position_index]].append(frame)
        seen[position_index] += 1
    return [((*differs, ("repeat", str(index + 1))), volume) for index, volume in volumes.items()]


def _position_indices(frames: Sequence[VolumeFrame]) -> list[int] | None:
    """A number for each position; None where nothing says which frames lie at the same one."""
    for values in ([frame.position_mm for frame in frames], [frame.slice_location for frame in frames]):
        position_indices = _cluster(values)
        if position_indices is not None and len(set(position_indices)) > 1:
            return position_indices
    numbers = [frame.instance_number for frame in frames]
    if None not in numbers and 1 < len(set(numbers)) < len(numbers):
        return [number or 0 for number in numbers]
    return None


def _cluster(values: Sequence[float | None]) -> list[int] | None:
    known = sorted({value for value in values if value is not None})
    if None in values or not known:
        return None
    index_of = {known[0]: 0}
    for before, value in pairwise(known):
        index_of[value] = index_of[before] + (value - before > _SAME_POSITION_MM)
    return [index_of[value] for value in values if value is not None]


def _group(frames: Sequence[VolumeFrame], name: str) -> dict[Hashable, list[VolumeFrame]]:
    groups: defaultdict[Hashable, list[VolumeFrame]] = defaultdict(list)
    for frame in frames:
        value = getattr(frame.facts, name)
        # The b-value tells diffusion weighting apart, where it has to be.
        groups[SeriesKind.MAGNITUDE if value is SeriesKind.DIFFUSION else value].append(frame)
    return groups


def _with_fact(groups: dict[Hashable, list[VolumeFrame]], name: str, differs: _Differences) -> list[_Part]:
    # The kind has a column of its own.
    own = [() if name == "kind" else ((name, _write(value)),) for value in groups]
    return [((*differs, *fact), group) for fact, group in zip(own, groups.values(), strict=True)]


def _write(value: Hashable) -> str:
    if isinstance(value, tuple):
        return "/".join(map(str, value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _to_volume(frames: Sequence[VolumeFrame], differs: _Differences) -> FrameVolume:
    positions = _cluster([frame.position_mm for frame in frames if frame.position_mm is not None])
    is_placed = positions is not None and (len(set(positions)) > 1 or len(frames) == 1)
    goes_by_position = is_placed and None not in {frame.position_mm for frame in frames}
    ordered = sorted(frames, key=lambda frame: _order(frame, goes_by_position))
    known = [frame.position_mm for frame in ordered if frame.position_mm is not None]
    if is_placed and known[0] > known[-1]:
        ordered.reverse()  # some positions are missing, and numbers run the other way
    return FrameVolume(tuple(ordered), is_placed, differs)


def _order(frame: VolumeFrame, goes_by_position: bool) -> tuple[Any, ...]:
    return (
        *_last_if_none(frame.position_mm if goes_by_position else None),
        *_last_if_none(frame.slice_location),
        *_last_if_none(frame.instance_number),
        natural_order(frame.name),
    )


def _taken_at(frame: VolumeFrame) -> tuple[Any, ...]:
    facts = frame.facts
    return (
        *_last_if_none(facts.acquisition),
        facts.acquisition_time or "",
        *_last_if_none(frame.instance_number),
        frame.content_time or "",
        natural_order(frame.name),
    )


def natural_order(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key of a file's name in which 2 comes before 10."""
    # A number is longer than a smaller one; int() refuses names of thousands of digits.
    parts = ((part.lstrip("0"), part) for part in _DIGITS.split(name))
    return tuple((len(bare) if part.isdecimal() else 0, bare if part.isdecimal() else part) for bare, part in parts)


def _last_if_none(value: float | None) -> tuple[bool, float]:
    return value is None, value or 0.0
