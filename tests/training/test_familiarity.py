from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the training extra is not installed")

from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray
from brain_tumor_training.familiarity import DIRECTIONS, PROTOTYPES, Familiarity


def rows_of(seed: int, images: int = 400, features: int = 100) -> FloatArray:
    """Features of length 1 that lie around three looks."""
    rng = np.random.default_rng(seed)
    looks = np.eye(features)[rng.integers(0, 3, images)]
    return to_unit(looks + rng.normal(scale=0.02, size=looks.shape))


def to_unit(rows: NDArray[np.float64]) -> FloatArray:
    unit: FloatArray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture(scope="module")
def fitted() -> Familiarity:
    return Familiarity.fit(rows_of(0))


# One feature, one direction, prototypes at 0 and at 4.
BY_HAND = Familiarity(
    np.array([1.0, 0.0], np.float32), np.array([[1.0], [0.0]], np.float32), np.array([[0.0], [4.0]], np.float32)
)


@pytest.mark.parametrize(("value", "score"), [(1.0, 0.0), (5.0, 0.0), (2.0, -1.0), (4.5, -0.25), (7.0, -4.0)])
def test_the_score_is_the_squared_distance_to_the_nearest_prototype(value: float, score: float) -> None:
    # The second feature is no direction in which the training images differ.
    assert BY_HAND.score(np.array([[value, 9.0]], np.float32)).tolist() == [score]


def test_a_prototype_scores_0(fitted: Familiarity) -> None:
    # The directions are orthogonal, so what projects onto a prototype is known.
    inverse = np.linalg.pinv(fitted.directions)
    rows = (fitted.prototypes @ inverse + fitted.centre).astype(np.float32)
    assert fitted.score(rows) == pytest.approx(np.zeros(len(rows)), abs=1e-4)


def test_a_training_image_is_more_familiar_than_noise(fitted: Familiarity) -> None:
    noise = to_unit(np.abs(np.random.default_rng(2).normal(size=(200, 100))))
    assert np.quantile(fitted.score(rows_of(0)), 0.05) > np.quantile(fitted.score(noise), 0.95)


def test_a_new_image_of_a_known_look_is_more_familiar_than_one_of_a_new_look(fitted: Familiarity) -> None:
    new_look = rows_of(1)[:, ::-1]
    assert fitted.score(rows_of(1)).min() > fitted.score(new_look).max()


def test_no_score_is_above_0(fitted: Familiarity) -> None:
    assert fitted.score(rows_of(1)).max() <= 0


def test_usual_images_score_about_minus_1_to_0(fitted: Familiarity) -> None:
    assert -2 < np.median(fitted.score(rows_of(1))) < 0


def test_there_are_as_many_directions_and_prototypes_as_named(fitted: Familiarity) -> None:
    assert fitted.centre.shape == (100,)
    assert fitted.directions.shape == (100, DIRECTIONS)
    assert fitted.prototypes.shape == (PROTOTYPES, DIRECTIONS)


def test_of_a_few_images_each_is_a_prototype() -> None:
    rows = rows_of(0, images=5)
    few = Familiarity.fit(rows)
    assert few.prototypes.shape == (5, 5)
    assert few.score(rows) == pytest.approx(np.zeros(5), abs=1e-3)


@pytest.mark.parametrize("images", [0, 1])
def test_too_few_images_are_refused(images: int) -> None:
    with pytest.raises(DatasetError, match=f"{images} training images are too few"):
        Familiarity.fit(rows_of(0)[:images])


def test_the_same_images_give_the_same_numbers(fitted: Familiarity) -> None:
    again = Familiarity.fit(rows_of(0))
    assert np.array_equal(fitted.score(rows_of(1)), again.score(rows_of(1)))


def test_it_reads_as_it_was_written(fitted: Familiarity, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    found = Familiarity.load(tmp_path)
    for name in ("centre", "directions", "prototypes"):
        assert np.array_equal(getattr(found, name), getattr(fitted, name))
        assert getattr(found, name).dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == ["familiarity.npz"]


def test_a_run_without_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run brain-tumor-train fit-decision first"):
        Familiarity.load(tmp_path)
