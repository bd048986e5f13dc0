import numpy as np
import pytest

from brain_tumor.evaluation.kspace import add_ghosts, add_motion

SIDE = 64


def disc() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    return np.where(np.hypot(rows, columns) < 0.7, 0.5, 0.0).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_without_moved_lines_the_picture_stays(seed: int) -> None:
    assert np.allclose(add_motion(disc(), 0.0, np.random.default_rng(seed)), disc(), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_without_a_lost_signal_the_picture_stays(seed: int) -> None:
    assert np.allclose(add_ghosts(disc(), 0.0, np.random.default_rng(seed)), disc(), atol=1e-6)


def test_more_moved_lines_change_the_picture_more() -> None:
    changes = [np.abs(add_motion(disc(), share, np.random.default_rng(1)) - disc()).mean() for share in (0.1, 0.3, 0.5)]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_more_lost_signal_changes_the_picture_more() -> None:
    changes = [np.abs(add_ghosts(disc(), lost, np.random.default_rng(1)) - disc()).mean() for lost in (0.2, 0.6, 1.0)]
    assert 0 < changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("seed", range(6))
def test_the_middle_lines_are_never_touched(seed: int) -> None:
    # The sum of a complex picture is its middle line's; the ghosts' comb would take it otherwise.
    ghosts = np.fft.fft2(disc())
    rng = np.random.default_rng(seed)
    axis, spacing = rng.integers(2), rng.choice((2, 3, 4))
    lines = np.flatnonzero(np.abs(np.fft.fftfreq(SIDE)) > 0.02)
    np.moveaxis(ghosts, axis, 0)[lines[lines % spacing == 0]] = 0
    assert ghosts[0, 0] == pytest.approx(disc().sum())
    found = add_ghosts(disc(), 1.0, np.random.default_rng(seed))
    assert np.allclose(found, np.abs(np.fft.ifft2(ghosts)), atol=1e-6)


def test_the_same_draw_gives_the_same_picture() -> None:
    first, second = (add_motion(disc(), 0.3, np.random.default_rng(2)) for _ in range(2))
    assert np.array_equal(first, second)
