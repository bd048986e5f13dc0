"""Features of a frozen backbone, computed once and kept on disk.

A frozen network gives the same features in every epoch, so ten epochs need one forward pass per view.
The cache is a folder of .npz parts; a part is written whole or not at all, so an interrupted run resumes.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from tqdm import tqdm

from brain_tumor.atomic_write import written_whole
from brain_tumor.input.preprocess import PREPROCESS_VERSION, InputContract
from brain_tumor.input.scan import FloatArray
from brain_tumor_training.network import at_precision, weights_digest
from brain_tumor_training.pipeline import View, load_batches

if TYPE_CHECKING:
    from brain_tumor_training.light_backbone import LightBackbone  # needs TensorFlow

# Part of every key: change it when the same weights would give other features.
_FEATURES = "maximum, average of four depths, the first pooled"
# About half a minute of work on two cores, which is the most that an interruption can cost.
_PART_VIEWS = 256


def _changes(view: View) -> str:
    return f"|{view.brightness:.6f}" + (f"|{view.chance}" if view.chance else "")


class FeatureCache:
    """Pooled features on disk, by content: image bytes, brightness, preprocessing and backbone weights."""

    def __init__(
        self,
        folder: Path,
        backbone: keras.Model,
        contract: InputContract,
        precision: str = "float32",
        light: "Callable[[], LightBackbone] | None" = None,
    ) -> None:
        """Open or create the cache; features of other weights, precision or preprocessing are never returned.

        Args:
            folder: of the cache.
            backbone: computes the features.
            contract: how it takes images.
            precision: Keras' dtype policy in which the backbone computes; the features are kept in float32.
            light: made when a feature is missing, it computes in the backbone's place; precision then is its name.
        """
        self._backbone: Any = at_precision(backbone, precision) if light is None else None
        self._light = light
        self._contract = contract
        computed = precision if precision == "float32" or light else f"{precision}, normalization folded"
        self._salt = f"{PREPROCESS_VERSION}|{_FEATURES}|{contract}|{computed}|{weights_digest(backbone)}".encode()
        self._folder = folder / hashlib.sha256(self._salt).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, tuple[FloatArray, FloatArray]] = {}
        for part in sorted(self._folder.glob("*.npz")):
            with np.load(part, allow_pickle=False) as arrays:
                rows = zip(arrays["keys"].tolist(), arrays["maximum"], arrays["average"], strict=True)
                self._known.update({key: (maximum, average) for key, maximum, average in rows})

    def features(self, views: Sequence[View], batch_size: int = 32) -> tuple[FloatArray, FloatArray]:
        """Features of views; computes and keeps what is missing.

        Args:
            views: images.
            batch_size: of a forward pass.

        Returns:
            Max-pooled features, (views, 2048), and those of the gate, (views, 4528).

        Raises:
            ScanError: a file is no readable image.
        """
        digests = {path: hashlib.sha256(path.read_bytes()).digest() for path in {view.path for view in views}}
        keys = [self._key(view, digests[view.path]) for view in views]
        missing = {key: view for key, view in zip(keys, views, strict=True) if key not in self._known}
        self._compute(missing, batch_size)
        found = [self._known[key] for key in keys]
        return np.stack([maximum for maximum, _ in found]), np.stack([average for _, average in found])

    def _key(self, view: View, digest: bytes) -> str:
        return hashlib.sha256(self._salt + digest + _changes(view).encode()).hexdigest()

    def _compute(self, missing: dict[str, View], batch_size: int) -> None:
        if self._backbone is None and missing and self._light:
            self._backbone = self._light()
        names, views = list(missing), list(missing.values())
        silent = None if views else True  # on what is no terminal, and where nothing is missing
        with tqdm(total=len(views), desc="features of images", unit="image", disable=silent) as progress:
            for start in range(0, len(views), _PART_VIEWS):
                part = slice(start, start + _PART_VIEWS)
                outputs = []
                for batch in load_batches(views[part], self._contract, batch_size):
                    outputs.append(self._backbone.predict_on_batch(batch))
                    progress.update(len(batch))
                self._keep(
                    names[part],
                    np.concatenate([np.asarray(output["maximum"], np.float32) for output in outputs]),
                    np.concatenate([np.asarray(output["average"], np.float32) for output in outputs]),
                )

    def _keep(self, keys: list[str], maximum: FloatArray, average: FloatArray) -> None:
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:16]
        with written_whole(self._folder / f"{name}.npz") as unfinished, unfinished.open("wb") as file:
            np.savez(file, keys=np.array(keys), maximum=maximum, average=average)
        self._known.update({key: (high, mean) for key, high, mean in zip(keys, maximum, average, strict=True)})
