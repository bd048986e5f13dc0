from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import numpy as np
from PIL import Image

from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.example_view import change_content, draw_mask, load_view, share_per_cell
from brain_tumor_training.examples import Example
from tests.factories import encode
from tests.training.drawn import SMALL_FINETUNE, UNCHANGED


@pytest.mark.parametrize("cells", [2, 3, 7, 14])
def test_the_covered_shares_add_up_to_the_area_of_the_box(cells: int) -> None:
    mask = np.zeros((48, 48), np.float32)
    mask[5:31, 17:40] = 1
    edges = np.rint(np.linspace(0, 48, cells + 1))
    areas = np.outer(np.diff(edges), np.diff(edges))
    assert (share_per_cell(mask, cells) * areas).sum() == pytest.approx(26 * 23, rel=1e-5)


def test_a_box_over_one_quarter_covers_one_of_four_cells() -> None:
    # x runs over the columns, y over the rows: the right upper quarter.
    example = Example("a", Label.GLIOMA, "g", "s", "train", (0.5, 0.0, 1.0, 0.5))
    assert share_per_cell(draw_mask(example, 32), 2).tolist() == [[0, 1], [0, 0]]


def test_the_smallest_box_is_a_pixel() -> None:
    example = Example("a", Label.GLIOMA, "g", "s", "train", (0.501, 0.501, 0.502, 0.502))
    assert draw_mask(example, 32).sum() == 1


def draw_head(side: int = 128) -> FloatArray:
    """A disc of grey tissue in the middle, on black."""
    rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    tissue = np.random.default_rng(0).uniform(0.4, 0.6, (side, side))
    return np.where(np.hypot(rows, columns) < 0.9, tissue, 0).astype(np.float32)


NOBODY = Example("a", Label.NO_TUMOR, "a", "here", "train", None)


def changed(example: Example, seed: int = 0, **shares: float) -> tuple[FloatArray, Example]:
    """What becomes of a drawn head with these shares of changes."""
    augmentation = replace(UNCHANGED, **shares)  # type: ignore[arg-type]
    return change_content(draw_head(), example, augmentation, np.random.default_rng(seed))


def test_a_drawn_lesion_is_a_tumor_of_unknown_type_with_a_box() -> None:
    image, known = changed(NOBODY, lesion=1.0)
    assert not np.array_equal(image, draw_head())
    assert (known.label, sum(map(known.allows, LABELS))) == (None, 3)
    assert known.box is not None


def test_where_no_lesion_fits_the_image_stays_without_a_tumor() -> None:
    empty = np.zeros((64, 64), np.float32)
    augmentation = replace(UNCHANGED, lesion=1.0)
    image, known = change_content(empty, NOBODY, augmentation, np.random.default_rng(0))
    assert np.array_equal(image, empty) and known == NOBODY


@pytest.mark.parametrize("label", [Label.GLIOMA, None])
def test_a_tumor_gets_no_second_one(label: Label | None) -> None:
    image, known = changed(replace(NOBODY, label=label), lesion=1.0)
    assert np.array_equal(image, draw_head()) and known.label is label


def test_a_skull_is_removed_once() -> None:
    image, known = changed(NOBODY, seed=1, no_skull=1.0)
    assert 0.5 < (image > 0).sum() / (draw_head() > 0).sum() < 0.95
    assert known == NOBODY
    image, _ = changed(replace(NOBODY, skull_stripped=True), seed=1, no_skull=1.0)
    assert np.array_equal(image, draw_head())


def test_the_box_of_a_cropped_image_covers_the_same_tissue(tmp_path: Path) -> None:
    # Tissue in the right lower quarter, and the tumor in its middle.
    pixels = np.zeros((200, 200), np.uint8)
    pixels[100:200, 100:200] = np.random.default_rng(0).integers(80, 160, (100, 100))
    pixels[140:160, 140:160] = 255
    (tmp_path / "a.png").write_bytes(encode(Image.fromarray(pixels), "PNG"))
    example = Example("a.png", Label.GLIOMA, "a", "here", "validation", (0.7, 0.7, 0.8, 0.8))
    contract = replace(SMALL_FINETUNE.input, crop="head")
    image, _, covered = load_view(example, tmp_path, contract, UNCHANGED, None)
    assert np.argwhere(covered == covered.max()).tolist() == [[1, 1]]  # of three by three cells
    assert image[24, 24, 0] > 0.9
    _, _, whole = load_view(example, tmp_path, replace(contract, crop="none"), UNCHANGED, None)
    assert np.argwhere(whole == whole.max()).tolist() == [[2, 2]]
