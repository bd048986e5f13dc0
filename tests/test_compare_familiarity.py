import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from tools.compare_familiarity import SCORES, compare


@pytest.mark.parametrize("name", SCORES)
def test_every_score_finds_what_is_far_from_both_classes(name: str) -> None:
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(100, 200)).astype(np.float32)  # 100 directions of 200 hold the training images

    def draw(images: int, shift: float) -> np.ndarray:
        return ((rng.normal(size=(images, 100)) + shift) @ basis).astype(np.float32)

    rows = np.concatenate([draw(200, 0), draw(200, 2)])
    labels = np.repeat(["Glioma", "No Tumor"], 200)
    known = np.concatenate([draw(50, 0), draw(50, 2)])
    outside = 40 * rng.normal(size=(100, 200)).astype(np.float32)
    far = outside if name == "residual (ViM)" else draw(100, 9)  # beside both classes
    figures = compare(SCORES[name](rows, labels, known), SCORES[name](rows, labels, far), np.repeat(["a", "b"], 50))
    assert figures["auc"] > 0.95


def test_figures_are_of_all_and_of_each_source() -> None:
    known = np.arange(100, dtype=np.float32)
    unseen = np.array([-1, -1, 200, 200], np.float32)
    figures = compare(known, unseen, np.array(["far", "far", "near", "near"]))
    assert figures == {"auc": 0.5, "lowest": 0.0, "highest": 1.0, "found": 0.5}
