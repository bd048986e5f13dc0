import numpy as np
import pytest
from PIL import Image, ImageDraw

from brain_tumor.input.reader import read_scan
from brain_tumor_training.duplicates import (
    LOOK_ALIKE,
    MIN_AGREEMENT,
    SAME_BYTES,
    SAME_PIXELS,
    TRANSFORMS,
    find_pairs,
    transform_frames,
)
from brain_tumor_training.fingerprint import to_fingerprint
from tests.factories import encode
from tests.training.heads import CHANGES, draw_head, look


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("seed", range(3))
def test_a_changed_copy_is_found_with_its_turn(name: str, seed: int) -> None:
    change, transform = CHANGES[name]
    original = draw_head(seed)
    (pair,) = find_pairs([look(original), look(change(original))])
    assert pair.is_copy and pair.kind == LOOK_ALIKE
    assert pair.transform == transform


def test_neighbouring_slices_are_compared_and_kept_apart() -> None:
    pairs = find_pairs([look(draw_head(0, depth)) for depth in range(6)])
    assert {(pair.first, pair.second) for pair in pairs} >= {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)}
    assert not [pair for pair in pairs if pair.is_copy]


def test_different_heads_are_no_copies_however_they_are_changed() -> None:
    prints = [look(change(draw_head(seed))) for seed, (change, _) in enumerate(CHANGES.values())]
    assert not [pair for pair in find_pairs(prints) if pair.is_copy]


def test_exact_copies_are_distinguished_by_what_is_the_same() -> None:
    image = draw_head(0)
    files = [encode(image, "PNG"), encode(image, "PNG"), encode(image, "BMP")]
    pairs = find_pairs([to_fingerprint(data, read_scan(data, "head")) for data in files])
    kinds = {(pair.first, pair.second): pair.kind for pair in pairs}
    assert kinds == {(0, 1): SAME_BYTES, (0, 2): SAME_PIXELS, (1, 2): SAME_PIXELS}


def test_copies_of_exact_copies_are_all_named_with_the_turn_of_the_second() -> None:
    head, turned = draw_head(1), draw_head(1).transpose(Image.Transpose.ROTATE_90)
    pairs = find_pairs([look(head), look(turned), look(head)])
    transforms = {(pair.first, pair.second): pair.transform for pair in pairs}
    assert transforms == {
        (0, 1): "turned right by 90 degrees",
        (0, 2): "not turned",
        (1, 2): "turned left by 90 degrees",
    }


def test_blank_pictures_of_two_greys_are_not_one_picture() -> None:
    prints = [look(Image.new("L", (40, 40), grey)) for grey in (0, 90)]
    assert find_pairs(prints) == []


def test_nothing_to_compare_gives_no_pairs() -> None:
    assert find_pairs([]) == []
    assert find_pairs([look(draw_head(0))]) == []


def test_every_turn_is_undone_by_its_opposite() -> None:
    frames = np.arange(12).reshape(1, 3, 4)
    turned = {transform_frames(frames, transform_index).tobytes() for transform_index in range(len(TRANSFORMS))}
    assert len(turned) == 8
    assert transform_frames(transform_frames(frames, 5), 6).tolist() == frames.tolist()


def test_a_bright_rim_cannot_make_one_picture_of_two() -> None:
    rim = Image.new("L", (160, 160))
    ImageDraw.Draw(rim).ellipse((10, 5, 150, 155), outline=255, width=4)
    heads = [Image.blend(draw_head(seed).crop((40, 40, 120, 120)), Image.new("L", (80, 80)), 0.8) for seed in (1, 2)]
    pictures = []
    for head in heads:
        pictures.append(rim.copy())
        pictures[-1].paste(head, (40, 40))
    (pair,) = find_pairs([look(picture) for picture in pictures])
    assert pair.agreement > MIN_AGREEMENT and not pair.is_copy
