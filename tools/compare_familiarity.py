"""Which score tells best that an image is unlike those that trained? On images of sources that trained nothing.

    python -m tools.compare_familiarity runs/left-out --data ROOT --unseen runs/doubt.csv

Every score is fitted on the training images of the run and reads what the gate reads. Validation images stand for
what is familiar, the list for what is not. Prints a Markdown table.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from brain_tumor.input.scan import FloatArray
from brain_tumor_training.examples import Example, read_examples
from brain_tumor_training.familiarity import DIRECTIONS, Familiarity
from brain_tumor_training.fit_decision import MAX_UNFAMILIAR, open_run_features
from brain_tumor_training.gate_fit import to_directions
from brain_tumor_training.network import take_apart
from brain_tumor_training.pipeline import View
from brain_tumor_training.run_folder import load_network
from brain_tumor_training.splits import TRAIN, VALIDATION

Labels = NDArray[np.str_]
# (training rows, their labels, other rows) -> a score of each other row, higher for what is more familiar.
Score = Callable[[FloatArray, Labels, FloatArray], FloatArray]

NEIGHBOURS = 10


def prototypes(rows: FloatArray, labels: Labels, others: FloatArray) -> FloatArray:
    """What the model file has."""
    return Familiarity.fit(rows).score(others)


def neighbours(rows: FloatArray, labels: Labels, others: FloatArray) -> FloatArray:
    """Minus the distance to the k-th nearest of all training images: Sun et al. 2022, arXiv:2204.06507."""
    distances, _ = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(rows).kneighbors(others)
    return np.asarray(-distances[:, -1], np.float32)


def mahalanobis(rows: FloatArray, labels: Labels, others: FloatArray) -> FloatArray:
    """Minus the squared distance to the nearest class mean, one covariance: Lee et al. 2018, arXiv:1807.03888."""
    to_main = PCA(DIRECTIONS, random_state=0).fit(rows)
    main, other = to_main.transform(rows), to_main.transform(others)
    return _class_distance(main, labels, other)


def relative_mahalanobis(rows: FloatArray, labels: Labels, others: FloatArray) -> FloatArray:
    """The same, less the distance to the mean of all: Ren et al. 2021, arXiv:2106.09022."""
    to_main = PCA(DIRECTIONS, random_state=0).fit(rows)
    main, other = to_main.transform(rows), to_main.transform(others)
    whole = EmpiricalCovariance().fit(main)
    return np.asarray(_class_distance(main, labels, other) + whole.mahalanobis(other), np.float32)


def residual(rows: FloatArray, labels: Labels, others: FloatArray) -> FloatArray:
    """Minus the length outside of the main directions, the feature part of ViM: Wang et al. 2022, arXiv:2203.10807."""
    to_main = PCA(DIRECTIONS, random_state=0).fit(rows)
    outside = others - to_main.inverse_transform(to_main.transform(others))
    return np.asarray(-np.linalg.norm(outside, axis=1), np.float32)


SCORES: Mapping[str, Score] = {
    "prototypes (in the file)": prototypes,
    f"{NEIGHBOURS} nearest neighbours": neighbours,
    "Mahalanobis": mahalanobis,
    "relative Mahalanobis": relative_mahalanobis,
    "residual (ViM)": residual,
}


def compare(known: FloatArray, unseen: FloatArray, sources: Labels) -> dict[str, float]:
    """How well a score separates, from the scores of known images and of others.

    Args:
        known: (images,), of validation images.
        unseen: (others,), of sources that trained nothing.
        sources: (others,), where each is from.

    Returns:
        auc: 0.5 is chance; lowest, highest: of single sources; found: the share of the others that is called
        unfamiliar where MAX_UNFAMILIAR of the known ones are.
    """

    def auc(scores: FloatArray) -> float:
        truth = np.repeat([0, 1], [len(scores), len(known)])
        return float(roc_auc_score(truth, np.concatenate([scores, known])))

    single = [auc(unseen[sources == source]) for source in sorted(set(sources))]
    found = float((unseen < np.quantile(known, MAX_UNFAMILIAR)).mean())
    return {"auc": auc(unseen), "lowest": min(single), "highest": max(single), "found": found}


def _class_distance(rows: FloatArray, labels: Labels, others: FloatArray) -> FloatArray:
    means = {label: rows[labels == label].mean(axis=0) for label in sorted(set(labels))}
    shared = EmpiricalCovariance(assume_centered=True).fit(rows - np.stack([means[label] for label in labels]))
    distances = np.stack([shared.mahalanobis(others - mean) for mean in means.values()])
    return np.asarray(-distances.min(axis=0), np.float32)


def _label(example: Example) -> str:
    return example.label.value if example.label else "tumor"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare scores of what is like the training images.")
    parser.add_argument("run", type=Path, help="a folder that finetune filled")
    parser.add_argument("--data", type=Path, required=True, help="the folder that its list's paths are below")
    parser.add_argument("--unseen", type=Path, required=True, help="a training list of images that trained nothing")
    parser.add_argument("--feature-cache", type=Path, help="(default: features, in the run)")
    arguments = parser.parse_args()
    backbone, _ = take_apart(load_network(arguments.run))
    cache = open_run_features(
        arguments.run, arguments.data, arguments.feature_cache or arguments.run / "features", backbone
    )

    def rows_of(examples: Sequence[Example]) -> FloatArray:
        return to_directions(cache.features([View(arguments.data / example.path) for example in examples])[1])

    listed = read_examples(arguments.run / "examples.csv")
    training = [example for example in listed if example.split == TRAIN]
    rows, known = rows_of(training), rows_of([example for example in listed if example.split == VALIDATION])
    others = read_examples(arguments.unseen)
    unseen, sources = rows_of(others), np.array([example.source for example in others])
    labels = np.array([_label(example) for example in training])
    print("| score | AUC, all sources | lowest and highest of a source | found where 2 % of the known are |")
    print("|---|---|---|---|")
    for name, score in SCORES.items():
        figures = compare(score(rows, labels, known), score(rows, labels, unseen), sources)
        lowest, highest = figures["lowest"], figures["highest"]
        print(f"| {name} | {figures['auc']:.2f} | {lowest:.2f}, {highest:.2f} | {figures['found']:.0%} |")


if __name__ == "__main__":
    main()
