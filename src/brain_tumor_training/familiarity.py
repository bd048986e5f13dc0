"""How like the training images an image is: its distance to the nearest of some prototypes of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from brain_tumor.atomic_write import written_whole
from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray

# Directions in which training images differ most; further ones hold mostly noise.
DIRECTIONS = 64
# Each stands for one look: a source, a sequence, a plane.
PROTOTYPES = 128
# Squared distances are divided by the number of directions, so that a usual image scores about -1 to 0.
_FILE = "familiarity.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """Score = -min over prototypes of the mean squared distance in whitened principal directions; 0 or less.

    A nearest-neighbour score on features (Sun et al. 2022, arXiv:2204.06507), with the means of clusters in place of
    all training images, so that it fits into the exported graph.
    """

    centre: FloatArray  # (features,)
    directions: FloatArray  # (features, DIRECTIONS), whitened and divided by the root of their number
    prototypes: FloatArray  # (PROTOTYPES, DIRECTIONS)

    @classmethod
    def fit(cls, rows: FloatArray) -> Self:
        """Find the directions and prototypes of training images.

        Args:
            rows: (images, features), the gate's features of training images, each of length 1.

        Raises:
            DatasetError: there are too few of them.
        """
        if len(rows) < 2:
            raise DatasetError(f"{len(rows)} training images are too few to say what is familiar")
        count = min(DIRECTIONS, *rows.shape)
        pca = PCA(count, whiten=True, random_state=0).fit(rows)
        scale = np.sqrt(np.maximum(pca.explained_variance_, 1e-12) * count)
        directions = (pca.components_ / scale[:, np.newaxis]).T.astype(np.float32)
        centre = pca.mean_.astype(np.float32)
        projected = (rows - centre) @ directions
        means = KMeans(min(PROTOTYPES, len(rows)), n_init=1, random_state=0).fit(projected).cluster_centers_
        return cls(centre, directions, means.astype(np.float32))

    def score(self, rows: FloatArray) -> FloatArray:
        """(images, features) -> (images,)."""
        projected = (rows - self.centre) @ self.directions
        squares = ((projected[:, np.newaxis] - self.prototypes[np.newaxis]) ** 2).sum(axis=2)
        nearest: FloatArray = -squares.min(axis=1).astype(np.float32)
        return nearest

    def save(self, run: Path) -> None:
        """Write it into a run folder."""
        with written_whole(run / _FILE) as unfinished, unfinished.open("wb") as file:
            np.savez(file, centre=self.centre, directions=self.directions, prototypes=self.prototypes)

    @classmethod
    def load(cls, run: Path) -> Self:
        """Read it from a run folder; raises DatasetError where fit-decision has not run."""
        if not (run / _FILE).exists():
            raise DatasetError(f"{run}: has no {_FILE}; run brain-tumor-train fit-decision first")
        with np.load(run / _FILE, allow_pickle=False) as arrays:
            return cls(arrays["centre"], arrays["directions"], arrays["prototypes"])
