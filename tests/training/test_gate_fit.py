from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor_training import gate_fit as module
from brain_tumor_training.gate_families import GateFamily
from brain_tumor_training.pipeline import View
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION


def make_family(name: str, brain_mri: bool, images: int = 400, part: str | None = None) -> GateFamily:
    """A family half of which trains, the rest validates and tests in turn; or all in one part."""
    parts = tuple(part or (TRAIN, VALIDATION, TRAIN, TEST)[number % 4] for number in range(images))
    return GateFamily(name, brain_mri, tuple(View(Path(name, str(number))) for number in range(images)), parts)


class MadeFeatures:
    """Features that point along one axis per family, with some noise; in place of a FeatureCache."""

    def __init__(self, **axes: int) -> None:
        self._axes = axes

    def features(self, views: Sequence[View]) -> tuple[Any, Any]:
        rows = np.abs(np.random.default_rng(len(views)).normal(scale=0.1, size=(len(views), 16)))
        rows[np.arange(len(views)), [self._axes[view.path.parent.name] for view in views]] += 1.0
        return rows.astype(np.float32), rows.astype(np.float32)


FAMILIES = [make_family("brain", True), make_family("body", False), make_family("photo", False)]


AXES: dict[str, int] = {"brain": 0, "body": 1, "photo": 2}


def fit_gate(families: Sequence[GateFamily], **axes: int) -> tuple[Any, float, tuple[float, float], dict[str, Any]]:
    features: Any = MadeFeatures(**AXES, **axes)
    gate, rates = module.fit_gate(families, features)
    return tuple(gate.coefficients.tolist()), gate.bias, (gate.threshold, gate.sure), rates


def test_the_gate_separates_families_that_differ() -> None:
    *_, rates = fit_gate(FAMILIES)
    assert [rate["test_images"] for rate in rates.values()] == [100, 100, 100]
    assert rates["brain"]["test_accepted"] >= 95
    assert rates["body"]["test_accepted"] == rates["photo"]["test_accepted"] == 0


def test_a_score_is_made_of_the_weights_on_the_direction_alone() -> None:
    weights, bias, (threshold, _), _ = fit_gate(FAMILIES)
    brain, body = np.eye(16)[0], np.eye(16)[1]
    assert brain @ weights + bias >= threshold > body @ weights + bias


def test_an_unseen_family_is_reported_and_changes_nothing() -> None:
    unseen = [make_family("cloth", False, part=TEST), make_family("atlas", True, part=TEST)]
    weights, bias, thresholds, rates = fit_gate([*FAMILIES, *unseen], cloth=3, atlas=0)
    assert (weights, bias, thresholds) == fit_gate(FAMILIES)[:3]
    assert rates["cloth"] == {
        "brain_mri": False,
        "seen_in_fit": False,
        "test_images": 400,
        "test_accepted": rates["cloth"]["test_accepted"],
        "images": 400,
        "accepted_unseen": rates["cloth"]["test_accepted"],
        "accepted_unseen_surely": rates["cloth"]["accepted_unseen_surely"],
    }
    assert rates["atlas"]["test_accepted"] >= 380


def test_each_family_that_is_no_brain_mri_is_once_left_out_of_the_fit() -> None:
    *_, rates = fit_gate(FAMILIES)
    assert "accepted_unseen" not in rates["brain"]
    # The body, never seen, is as far from the brain as a photograph.
    assert (rates["body"]["images"], rates["body"]["accepted_unseen"]) == (400, 0)
    *_, rates = fit_gate([*FAMILIES, make_family("double", False)], double=AXES["brain"])
    # What looks like the brain is accepted by a gate that has never seen it.
    assert rates["double"]["accepted_unseen"] >= 350


def test_the_thresholds_turn_away_and_doubt_no_more_than_their_shares() -> None:
    weights, bias, (threshold, sure), _ = fit_gate(FAMILIES)
    _, rows = MadeFeatures(**AXES).features(FAMILIES[0].views)
    validation = rows[np.array(FAMILIES[0].parts) == VALIDATION]
    directions = validation / np.linalg.norm(validation, axis=1, keepdims=True)
    scores = directions @ np.array(weights, np.float32) + bias
    assert threshold < sure
    # A hundred images: one or two are rejected, two or three of the others are in doubt.
    assert 0 < (scores < threshold).mean() <= module.GATE_REJECTS
    assert (scores < threshold).mean() < (scores < sure).mean() <= module.GATE_DOUBTS


def test_no_family_is_surely_accepted_more_often_than_accepted() -> None:
    # Others that look like the brain.
    *_, rates = fit_gate([*FAMILIES, make_family("double", False, part=TEST)], double=AXES["brain"])
    assert 350 <= rates["double"]["accepted_unseen_surely"] <= rates["double"]["accepted_unseen"]
