"""Families of images -> the gate: a linear head that says how much an image looks like a brain MRI."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.features import FeatureCache
from brain_tumor_training.gate_families import GateFamily
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION

# The gate rejects this share of the validation brain MRI, sources weighted. Nearly all of these are unusual
# sequences and slices of neck and crown; of the training set's own kind it is under 1 %.
GATE_REJECTS = 0.02
# Brain MRI between this share and GATE_REJECTS is analysed, and its answer is uncertain.
GATE_DOUBTS = 0.04
# The inverse of the gate's regularisation, as scikit-learn has it. Chosen with the share above and the scaling of
# features by five-fold cross-validation over the cases of training and validation images, without those of
# docs/label-notes.csv.
GATE_C = 1e-2
_LEAST_SPREAD = 0.3  # of the mean feature's


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A linear score, in log-odds, and its two thresholds."""

    coefficients: FloatArray  # (features,)
    bias: float
    threshold: float  # a lower score is rejected
    sure: float  # what lies between is uncertain

    def score(self, rows: FloatArray) -> FloatArray:
        """(images, features), each of length 1 -> (images,), log-odds."""
        scores: FloatArray = rows @ self.coefficients + self.bias
        return scores

    def accepts(self, rows: FloatArray) -> NDArray[np.bool_]:
        """(images, features), each of length 1 -> (images,)."""
        accepted: NDArray[np.bool_] = self.score(rows) >= self.threshold
        return accepted


def fit_gate(families: Sequence[GateFamily], features: FeatureCache) -> tuple[Gate, dict[str, Any]]:
    """Fit the gate on training images, choose its thresholds on validation images, report on test images.

    Args:
        families: brain MRI and others; both have training images, brain MRI has validation images.
        features: computes what the gate reads.

    Returns:
        The gate and, by family, how many images it accepts; of families that are no brain MRI also how many a gate
        accepts that was fitted without them.
    """
    known = [(family, directions_of(family, features)) for family in families]
    gate = _fit_and_choose(known)
    assert gate  # noqa: S101 - find_families has seen to both kinds of images
    rates: dict[str, Any] = {}
    for family, rows in known:
        test = np.array(family.parts) == TEST
        rates[family.name] = {
            "brain_mri": family.brain_mri,
            "seen_in_fit": TRAIN in family.parts,
            "test_images": int(test.sum()),
            "test_accepted": int(gate.accepts(rows[test]).sum()),
        }
        if family.brain_mri:
            continue  # a network that was trained without a source says more than a gate that was
        # What a family is to a gate that has never seen its like.
        others = [item for item in known if item[0] is not family]
        without = _fit_and_choose(others) if TRAIN in family.parts else gate
        if without:
            rates[family.name] |= {
                "images": len(rows),
                "accepted_unseen": int(without.accepts(rows).sum()),
                "accepted_unseen_surely": int(replace(without, threshold=without.sure).accepts(rows).sum()),
            }
    return gate, rates


def directions_of(family: GateFamily, features: FeatureCache) -> FloatArray:
    """What the gate reads of a family's images, (images, features), each of length 1."""
    return to_directions(features.features(family.views)[1])


def to_directions(average: FloatArray) -> FloatArray:
    """Rows, (images, features), scaled to length 1."""
    rows: FloatArray = average / np.linalg.norm(average, axis=1, keepdims=True)
    return rows


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """The value below which this share of the weight lies.

    Args:
        values: (images,).
        weights: (images,).
        share: 0 to 1.
    """
    order = np.argsort(values)
    position = np.searchsorted(weights[order].cumsum() / weights.sum(), share)
    return float(values[order][position])


def _fit_and_choose(known: Sequence[tuple[GateFamily, FloatArray]]) -> Gate | None:
    """Fit on training images and choose the thresholds on validation images; None where one kind is missing."""

    def gather(part: str) -> tuple[FloatArray, NDArray[np.bool_], FloatArray]:
        picks = [(family, rows[np.array(family.parts) == part]) for family, rows in known]
        inputs = np.concatenate([rows for _, rows in picks])
        is_brain = np.concatenate([np.full(len(rows), family.brain_mri) for family, rows in picks])
        # The square root lets a large family count more than a small one without drowning it.
        weights = np.concatenate([np.full(len(rows), max(len(rows), 1) ** -0.5) for _, rows in picks])
        return inputs, is_brain, weights

    inputs, is_brain, weights = gather(TRAIN)
    held_back, held_brain, held_weights = gather(VALIDATION)
    if is_brain.all() or not is_brain.any() or not held_brain.any():
        return None
    weights = np.where(is_brain, weights / weights[is_brain].sum(), weights / weights[~is_brain].sum()) * len(weights)
    # Features that vary little may say most, so all of them get one scale, which is folded into the weights again; but
    # those that do not vary here would turn the rounding of an exported network into scores.
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    scale = spread + _LEAST_SPREAD * spread.mean()
    model = LogisticRegression(C=GATE_C, max_iter=5000).fit((inputs - centre) / scale, is_brain, sample_weight=weights)
    coefficients = (model.coef_[0] / scale).astype(np.float32)
    bias = float(model.intercept_[0] - coefficients @ centre)
    scores = held_back[held_brain] @ coefficients + bias
    threshold, sure = (
        weighted_quantile(scores, held_weights[held_brain], share) for share in (GATE_REJECTS, GATE_DOUBTS)
    )
    return Gate(coefficients, bias, threshold, sure)
