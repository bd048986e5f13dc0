"""Fingerprints -> pairs of copies: exact, turned, resized, re-encoded, with other contrast or other margins.

Neighbouring slices of one patient share their outline, so a coarse likeness only proposes a pair. What decides is
the fine detail: a copy's is a function of the original's grey values, a neighbour's is not.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from brain_tumor_training.agreement import agreement, blur, flat_unit
from brain_tumor_training.fingerprint import SIDE_PX, ByteArray, Fingerprint

IntArray = NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)

SAME_BYTES, SAME_PIXELS, LOOK_ALIKE = KINDS = ("same bytes", "same pixels", "look-alike")

# How the second picture is turned to match the first: swap rows and columns, then reverse rows, then columns.
# The second half is the first half, swapped.
TRANSFORMS = (
    "not turned",
    "upside down",
    "mirrored",
    "turned by 180 degrees",
    "mirrored at the diagonal",
    "turned left by 90 degrees",
    "turned right by 90 degrees",
    "mirrored at the other diagonal",
)
# Turning back: only the two quarter turns are not their own opposite.
_OPPOSITE = (0, 1, 2, 3, 4, 6, 5, 7)

# Chosen on the figshare slices of folds 0 to 2 of the index and on changed copies of them. Neighbouring slices reach
# 0.938 over the whole frame and 0.852 in its centre; copies with another gamma (0.6 to 1.8), clipped contrast (x 1.5),
# JPEG quality 20 or half the size keep 0.965 and 0.96. Skull-stripped slices of one template space reach 0.952.
# The centre counts on its own, because a bright rim around the head can outweigh all that it encloses.
# benchmarks/audit.py measures on the other folds.
MIN_AGREEMENT, MIN_CENTRE_AGREEMENT = 0.955, 0.9
# With 0.6 there are five times as many proposals on the 7,019 images and not one more copy.
_MIN_LIKENESS = 0.75
_COARSE_PX = 32
_COARSE_BLUR_PX = 2.0
# Blocks that keep the working memory near 100 MB for ten thousand images.
_ROWS, _PAIRS = 512, 256


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two images compared closely; first and second are positions in the list of images, first is lower."""

    first: int
    second: int
    kind: str  # one of KINDS
    transform: str  # of TRANSFORMS: how the second is turned to match the first
    agreement: float  # how far one's detail is a function of the other's, as a correlation, 0 to 1
    centre: float  # the same in the middle half of both sides

    @property
    def is_copy(self) -> bool:
        """Whether the two are one picture; the others were compared, and are evidence against a group."""
        return self.kind != LOOK_ALIKE or _is_copy(self.agreement, self.centre)


def find_pairs(prints: Sequence[Fingerprint]) -> list[Pair]:
    """Every pair that was worth a close look, copies or not, sorted; each pair once.

    Time grows with the square of the number of images, memory with the number: about 15 KB an image.
    """
    if not prints:
        return []
    same: dict[str, list[int]] = defaultdict(list)
    for position, print_ in enumerate(prints):
        same[print_.pixels_sha256].append(position)
    pairs = [
        Pair(first, second, _exact_kind(prints[first], prints[second]), TRANSFORMS[0], 1.0, 1.0)
        for positions in same.values()
        for first, second in combinations(positions, 2)
    ]
    # Of pictures with the same pixels, one stands for all.
    classes = list(same.values())
    best: dict[tuple[int, int], tuple[bool, float, float, int]] = {}
    frames = np.stack([prints[positions[0]].frames for positions in classes])
    for frame in range(frames.shape[1]):
        settled = {classes_pair for classes_pair, found in best.items() if found[0]}
        for classes_pair, transform_index, whole, centre in _compare(frames[:, frame], settled):
            found = (_is_copy(whole, centre), whole, centre, transform_index)
            best[classes_pair] = max(best.get(classes_pair, found), found)
    for (first_class, second_class), (_, whole, centre, transform_index) in best.items():
        for first, second in product(classes[first_class], classes[second_class]):
            # The classes are in order of their first members; others may come the other way round.
            name = TRANSFORMS[_OPPOSITE[transform_index] if first > second else transform_index]
            pairs.append(Pair(min(first, second), max(first, second), LOOK_ALIKE, name, whole, centre))
    return sorted(pairs)


def transform_frames(frames: NDArray[Number], transform_index: int) -> NDArray[Number]:
    """Frames, (images, side, side), turned by the TRANSFORMS of this number."""
    turned = frames.transpose(0, 2, 1) if transform_index >= len(TRANSFORMS) // 2 else frames
    return turned[:, :: -1 if transform_index & 1 else 1, :: -1 if transform_index & 2 else 1]


def _is_copy(whole: float, centre: float) -> bool:
    return whole >= MIN_AGREEMENT and centre >= MIN_CENTRE_AGREEMENT


def _exact_kind(first: Fingerprint, second: Fingerprint) -> str:
    return SAME_BYTES if first.bytes_sha256 == second.bytes_sha256 else SAME_PIXELS


def _compare(frames: ByteArray, settled: set[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], int, float, float]]:
    """((first, second), transform, agreement, the centre's) of every proposal whose pair is not settled yet."""
    blocks = [np.zeros((0, 3), np.int64), *_propose(frames)]
    proposals = np.array([row for row in np.concatenate(blocks).tolist() if (row[0], row[1]) not in settled])
    for start in range(0, len(proposals), _PAIRS):
        firsts, seconds, transform_indices = proposals[start : start + _PAIRS].T
        turned = frames[seconds]
        for number in range(1, len(TRANSFORMS)):
            chosen = transform_indices == number
            turned[chosen] = transform_frames(turned[chosen], number)
        for first, second, number, values in zip(
            firsts, seconds, transform_indices, agreement(frames[firsts], turned), strict=True
        ):
            yield (int(first), int(second)), int(number), float(values[0]), float(values[1])


def _propose(frames: ByteArray) -> Iterator[IntArray]:
    """Blocks of (first, second, transform) whose coarse detail is alike, positively or negatively; first < second."""
    factor = SIDE_PX // _COARSE_PX
    coarse = frames.reshape(len(frames), _COARSE_PX, factor, _COARSE_PX, factor).mean(axis=(2, 4), dtype=np.float32)
    coarse = flat_unit(coarse - blur(coarse, _COARSE_BLUR_PX))
    for transform_index in range(len(TRANSFORMS)):
        turned = transform_frames(coarse.reshape(-1, _COARSE_PX, _COARSE_PX), transform_index).reshape(len(coarse), -1)
        for start in range(0, len(coarse), _ROWS):
            firsts, seconds = np.nonzero(np.abs(coarse[start : start + _ROWS] @ turned[start:].T) >= _MIN_LIKENESS)
            wanted = firsts < seconds
            yield np.stack(
                [firsts[wanted] + start, seconds[wanted] + start, np.full(wanted.sum(), transform_index)],
                axis=1,
            )
