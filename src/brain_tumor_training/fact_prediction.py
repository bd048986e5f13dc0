"""How well one fact alone predicts the label of pictures that it was not fitted on: weighted, cross-validated."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from brain_tumor_training.shortcuts import IntArray, Table, small_tree

FOLDS = 5

Values = NDArray[np.float64]
# (fact of the fitted images, their classes, their weights, fact of the others) -> (others, classes), rows sum to 1.
Scorer: TypeAlias = Callable[[Table, IntArray, Values, Table], Values]


@dataclass(frozen=True, slots=True)
class FoldMean:
    """A figure as the mean over the folds, with the lowest and the highest of them."""

    value: float
    low: float
    high: float


def deal_folds(keys: Sequence[str], strata: Sequence[tuple[str, ...]]) -> IntArray:
    """The fold of every image: each stratum spread evenly, in the order of its keys' hashes.

    Args:
        keys: (images,), what stays in one fold, such as the patient.
        strata: (images,); a key's stratum is that of its first image.

    Returns:
        (images,), below FOLDS.
    """
    first: dict[str, tuple[str, ...]] = {}
    for key, stratum in zip(keys, strata, strict=True):
        first.setdefault(key, stratum)
    order = sorted(first, key=lambda key: (first[key], hash_of(key)))
    fold = {key: position % FOLDS for position, key in enumerate(order)}
    return np.array([fold[key] for key in keys])


def hash_of(name: str) -> str:
    """An order that says nothing of the name, the same on every machine."""
    return hashlib.sha256(name.encode()).hexdigest()


def area_alone(fact: Table, positive: IntArray, weights: Values, folds: IntArray, score: Scorer) -> FoldMean | None:
    """Area under the ROC curve of the score, 0 to 1, 0.5 by chance; None where no fold has both kinds to test.

    Args:
        fact: (images, columns).
        positive: (images,), 0 or 1.
        weights: (images,), above 0.
        folds: of deal_folds.
        score: fits the fact and scores other images.
    """
    areas = []
    for test, scores in _score_folds(fact, positive, weights, folds, score):
        if len(set(positive[test].tolist())) == 2:
            areas.append(float(roc_auc_score(positive[test], scores[:, 1], sample_weight=weights[test])))
    return _mean(areas)


def balanced_accuracy_alone(
    fact: Table, truth: IntArray, weights: Values, folds: IntArray, score: Scorer
) -> FoldMean | None:
    """Mean recall of the classes when the likeliest one is named, 0 to 1; None with fewer than two classes.

    Args:
        fact: as for area_alone, and so are the following.
        truth: (images,), 0 to classes - 1, all of them there.
        weights: (images,).
        folds: (images,).
        score: a function.
    """
    if len(truth) == 0 or truth.max() == 0:
        return None
    accuracies = []
    for test, scores in _score_folds(fact, truth, weights, folds, score):
        right, all_weights = scores.argmax(axis=1) == truth[test], weights[test]
        recalls = [
            float(all_weights[right & (truth[test] == item)].sum() / all_weights[truth[test] == item].sum())
            for item in np.unique(truth[test])
        ]
        accuracies.append(float(np.mean(recalls)))
    return _mean(accuracies)


def score_by_value(fact: Table, truth: IntArray, weights: Values, others: Table) -> Values:
    """The weighted share of every class among the images of the same value.

    Each value starts with one image's weight, spread over the classes: few images say little, and none nothing.

    Args:
        fact: (images, 1), whole numbers.
        truth: (images,), classes.
        weights: (images,).
        others: (others, 1), whole numbers.

    Returns:
        (others, classes), rows sum to 1.
    """
    values, classes = int(max(fact.max(), others.max())) + 1, int(truth.max()) + 1
    sums = np.full((values, classes), 1 / classes)
    np.add.at(sums, (fact[:, 0].astype(int), truth), weights)
    shares: Values = sums / sums.sum(axis=1, keepdims=True)
    scores: Values = shares[others[:, 0].astype(int)]
    return scores


def score_by_tree(fact: Table, truth: IntArray, weights: Values, others: Table) -> Values:
    """The shares of the classes in the leaf of a small tree that an image falls into.

    Args:
        fact: (images, columns).
        truth: (images,), classes.
        weights: (images,).
        others: (others, columns).

    Returns:
        (others, classes), rows sum to 1.
    """
    tree = small_tree().fit(fact, truth, sample_weight=weights)
    scores: Values = np.zeros((len(others), int(truth.max()) + 1))
    scores[:, tree.classes_] = tree.predict_proba(others)
    return scores


def _score_folds(
    fact: Table, truth: IntArray, weights: Values, folds: IntArray, score: Scorer
) -> list[tuple[IntArray, Values]]:
    """The images of every fold and their scores, fitted on the other folds, in which all classes weigh the same."""
    scored = []
    for fold in range(FOLDS):
        test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not (len(test) and len(train)):
            continue
        sums = np.bincount(truth[train], weights[train])
        balanced = weights[train] / sums[truth[train]] * len(train) / np.count_nonzero(sums)
        scored.append((test, score(fact[train], truth[train], balanced, fact[test])))
    return scored


def _mean(figures: Sequence[float]) -> FoldMean | None:
    return FoldMean(float(np.mean(figures)), min(figures), max(figures)) if figures else None
