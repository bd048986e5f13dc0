from pathlib import Path

import numpy as np
import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import Label
from brain_tumor_training.pipeline import View, draw_brightness, load_batches, load_view
from tests.training.drawn import draw_slice

CONTRACT = InputContract(side_px=48)
IMAGE = Path("Training/glioma/1.jpg")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "1.png"
    path.write_bytes(draw_slice(Label.GLIOMA, seed=1))
    return path


def test_a_draw_is_the_same_every_time() -> None:
    assert draw_brightness(IMAGE, 0.2, seed=3, draw=1) == draw_brightness(IMAGE, 0.2, seed=3, draw=1)


def test_draws_fill_their_range() -> None:
    draws = [draw_brightness(IMAGE, 0.2, seed=0, draw=draw) for draw in range(200)]
    assert 0.8 <= min(draws) < 0.82
    assert 1.18 < max(draws) <= 1.2


def test_every_draw_seed_and_name_has_a_factor_of_its_own() -> None:
    others = {
        draw_brightness(IMAGE, 0.2, seed=0, draw=0),
        draw_brightness(IMAGE, 0.2, seed=0, draw=1),
        draw_brightness(IMAGE, 0.2, seed=1, draw=0),
        draw_brightness(IMAGE.with_name("2.jpg"), 0.2, seed=0, draw=0),
        draw_brightness(Path("Training/pituitary/1.jpg"), 0.2, seed=0, draw=0),
    }
    assert len(others) == 5


def test_where_the_data_lies_does_not_change_a_draw() -> None:
    assert draw_brightness(Path("/a") / IMAGE, 0.2, 0, 0) == draw_brightness(Path("/b/c") / IMAGE, 0.2, 0, 0)


def test_without_spread_the_brightness_stays() -> None:
    assert draw_brightness(IMAGE, 0.0, seed=0, draw=5) == 1.0


def test_an_unchanged_view_is_what_the_runtime_classifies(image: Path) -> None:
    served = to_tensor(read_scan(image.read_bytes(), image.name), CONTRACT)[0]
    assert np.array_equal(load_view(View(image), CONTRACT), served)


def test_brightness_multiplies_and_clips(image: Path) -> None:
    plain, brighter = load_view(View(image), CONTRACT), load_view(View(image, 2.0), CONTRACT)
    assert np.allclose(brighter, np.minimum(plain * 2, 1.0))
    assert (brighter == 1.0).any()
    assert (brighter.dtype, brighter.shape) == (np.dtype("float32"), (48, 48, 3))


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    with pytest.raises(ScanError, match=r"^notes\.txt: "):
        load_view(View(tmp_path / "notes.txt"), CONTRACT)


def test_batches_keep_the_order_of_the_views(image: Path) -> None:
    views = [View(image, 1 + 0.1 * number) for number in range(7)]
    batches = list(load_batches(views, CONTRACT, batch_size=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert np.array_equal(np.concatenate(batches), [load_view(view, CONTRACT) for view in views])


def test_no_views_are_no_batches() -> None:
    assert list(load_batches([], CONTRACT, batch_size=3)) == []


def test_a_bad_image_among_others_is_raised_where_it_stands(image: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    batches = load_batches([View(image), View(tmp_path / "bad.png")], CONTRACT, batch_size=1)
    assert next(batches).shape == (1, 48, 48, 3)
    with pytest.raises(ScanError, match=r"^bad\.png: "):
        next(batches)
