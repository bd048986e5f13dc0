from itertools import combinations

import numpy as np
import pytest

from brain_tumor_training.agreement import agreement, blur, flat_unit
from brain_tumor_training.duplicates import MIN_AGREEMENT
from brain_tumor_training.fingerprint import ByteArray
from tests.training.heads import draw_head, look


def frames_of(seeds: range) -> ByteArray:
    return np.stack([look(draw_head(seed)).frames[0] for seed in seeds])


def test_agreement_is_the_same_both_ways_and_full_with_itself() -> None:
    frames = frames_of(range(4))
    assert agreement(frames, frames) == pytest.approx(1.0, abs=1e-4)
    for first, second in combinations(range(4), 2):
        forth, back = agreement(frames[[first]], frames[[second]]), agreement(frames[[second]], frames[[first]])
        assert forth == pytest.approx(back)
        assert forth.max() < MIN_AGREEMENT


def test_a_change_of_the_grey_values_costs_nothing_while_they_stay_apart() -> None:
    frames = frames_of(range(3))
    assert agreement(frames, 255 - frames) == pytest.approx(1.0, abs=1e-4)
    assert agreement(frames, 40 + frames // 2).min() > 0.995


def test_a_picture_without_detail_agrees_with_none() -> None:
    frames = frames_of(range(1))
    assert agreement(np.full_like(frames, 90), frames).max() < 0.01


def test_a_blur_keeps_the_mean_and_flat_pictures() -> None:
    spot = np.zeros((1, 9, 9), np.float32)
    spot[0, 4, 4] = 1
    blurred = blur(spot, 1.0)
    assert blurred.sum() == pytest.approx(1.0, abs=1e-5) and blurred.max() < 0.2
    assert blur(np.full((1, 8, 8), 3, np.float32), 1.0) == pytest.approx(3.0, abs=1e-5)


def test_unit_pictures_have_mean_zero_and_length_one_unless_they_are_flat() -> None:
    unit = flat_unit(np.array([[[1, 3]], [[5, 5]]], np.float32))
    assert unit == pytest.approx(np.array([[-(0.5**0.5), 0.5**0.5], [0, 0]]))
