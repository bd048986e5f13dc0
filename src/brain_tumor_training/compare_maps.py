"""The exported saliency against maps from automatic differentiation, on a run's Keras network.

The saliency is written out by hand, for max pooling, Dense, ReLU and Dense. Here gradients go through the layers
themselves: HiResCAM must be the same map, and Grad-CAM, which most people know, is compared with it. Needs TensorFlow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.boxes import read_boxes
from brain_tumor.evaluation.map_checks import Pointing, measure_pointing, peak_of
from brain_tumor.evaluation.map_run import is_marked, sample
from brain_tumor.evaluation.metrics import Estimate, bootstrap_mean, proportion_ci, rank_correlation
from brain_tumor.input.scan import Box, FloatArray
from brain_tumor_training.backbone import XCEPTION
from brain_tumor_training.network import build_head_logits
from brain_tumor_training.objectives import class_weights, saliency_maps
from brain_tumor_training.pipeline import View, load_batches
from brain_tumor_training.run_folder import load_network, read_rows, read_run
from brain_tumor_training.splits import TEST

# A gradient keeps the activations of every layer; few images at a time let any machine do it.
_BATCH = 4


@dataclass(frozen=True, slots=True)
class MapComparison:
    """The maps of the predicted class, on the same test images."""

    images: int
    formula_difference: float  # largest difference of saliency and HiResCAM, as a share of the highest value
    rank_correlation: Estimate | None  # of saliency and Grad-CAM, mean over images of Spearman's, -1 to 1
    undefined: int  # images without one, as one of their maps is the same everywhere
    same_peak: Estimate | None  # share of images where both have their highest cell in common
    grad_cam: Pointing | None
    saliency: Pointing | None


def compare_maps(run: Path, data: Path, boxes: Path, images: int) -> MapComparison:
    """Compare the maps on so many of the run's test images that show a tumor with a box.

    Args:
        run: a run folder.
        data: the folder that it was trained on.
        boxes: a list as `brain-tumor evaluate --boxes` reads it.
        images: at most so many.

    Raises:
        DatasetError: the run is not finished, or none of its test images has a box.
        ScanError: an image cannot be read.
    """
    model, (recipe, _), boxes_by_image = load_network(run), read_run(run), read_boxes(boxes)
    rows = read_rows(run)
    names = sample(
        (row.path for row in rows if row.split == TEST and is_marked(row.path, row.label, boxes_by_image)), images
    )
    if not names:
        raise DatasetError(f"{boxes.name}: has no box for a test image of {run}; its paths must be those of split.csv")
    coarse, fine, formulas = [], [], []
    batches = load_batches([View(data / name) for name in names], recipe.input, _BATCH)
    for batch in tqdm(batches, total=-(-len(names) // _BATCH), desc="maps", unit="batch", disable=None):
        grad_cam, hires_cam = gradient_maps(model, batch)
        coarse += list(grad_cam)
        fine += list(hires_cam)
        formulas += list(to_saliency(model, batch))
    return _compare(coarse, fine, formulas, [boxes_by_image[name] for name in names])


def gradient_maps(model: keras.Model, images: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Grad-CAM and HiResCAM of the predicted class at the last activation, (images, rows, columns) each, 0 or more.

    Sources: Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2; Draelos and Carin 2020, arXiv:2011.08891; both on the
    logit less the mean of all.

    Args:
        model: as network.join makes it.
        images: (images, side, side, 3), 0 to 1.
    """
    trunk, logits_of = _open(model), build_head_logits(model.get_layer("head"))
    shifted = tf.convert_to_tensor(_scale(model, images))
    with tf.GradientTape() as tape:
        tape.watch(shifted)  # a frozen network has no trainable weight that would start the recording
        maps, pooled = trunk(shifted, training=False)
        logits = logits_of(pooled, training=False)
        score = tf.reduce_max(logits, axis=1) - tf.reduce_mean(logits, axis=1)
    gradient = tape.gradient(score, maps)
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    coarse: FloatArray = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)).numpy()
    fine: FloatArray = tf.nn.relu(tf.reduce_sum(gradient * maps, axis=-1)).numpy()
    return coarse, fine


def to_saliency(model: keras.Model, images: FloatArray) -> FloatArray:
    """The saliency of the predicted class by the exported formula, (images, rows, columns), 0 or more.

    Args:
        model: as for gradient_maps.
        images: the same.
    """
    maps, pooled = _open(model)(_scale(model, images), training=False)
    logits_of = build_head_logits(model.get_layer("head"))
    best = np.asarray(logits_of(pooled)).argmax(axis=1)
    heat = np.asarray(saliency_maps(class_weights(logits_of, pooled), maps, pooled))
    chosen: FloatArray = np.take_along_axis(heat, best[:, None, None, None], axis=-1)[..., 0]
    return chosen


def _scale(model: keras.Model, images: FloatArray) -> Any:
    """What the trunk reads: the images in the range that its backbone was trained on."""
    # By its kind, as runs of before have another name for it.
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling))
    return layer(images)


def _open(model: keras.Model) -> keras.Model:
    """Images from -1 to 1 -> the last feature maps and their maxima, in one graph."""
    trunk = model.get_layer(XCEPTION.layer)
    pooled = trunk.output["maximum"] if isinstance(trunk.output, Mapping) else trunk.output[0]
    return keras.Model(trunk.input, [trunk.get_layer(XCEPTION.maps).output, pooled])


def _compare(
    coarse: Sequence[FloatArray], fine: Sequence[FloatArray], formulas: Sequence[FloatArray], boxes: Sequence[Box]
) -> MapComparison:
    pairs = list(zip(coarse, formulas, strict=True))
    found = [
        rank_correlation(pair.ravel().astype(np.float64), other.ravel().astype(np.float64)) for pair, other in pairs
    ]
    defined = [item for item in found if item is not None]
    return MapComparison(
        images=len(pairs),
        formula_difference=float(np.abs(np.array(fine) - np.array(formulas)).max() / np.array(fine).max()),
        rank_correlation=bootstrap_mean(defined),
        undefined=len(found) - len(defined),
        same_peak=proportion_ci(sum(peak_of(pair) == peak_of(other) for pair, other in pairs), len(pairs)),
        grad_cam=measure_pointing(coarse, boxes),
        saliency=measure_pointing(formulas, boxes),
    )
