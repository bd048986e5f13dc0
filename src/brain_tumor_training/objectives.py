"""What fine-tuning asks of the network: the class, where the tumor is, and that the answer comes from there."""

from typing import Any

import keras
from keras import ops

# Keeps logarithms finite; far below any probability that matters.
_TINY = 1e-6
# A coarse cell that the box covers by a smaller share shows mostly something else.
_IN_BOX = 0.25
# The share of saliency in the box that the loss takes for none: a map that misses the box may not outweigh a batch.
_LEAST_SHARE = 1e-3
# Below the maximum by one in so many, a feature counts for nothing; in float32 few numbers are closer.
_SHARPNESS = 1e8

Tensor = Any  # of whatever backend Keras runs on


def class_loss(possible: Tensor, probabilities: Tensor) -> Tensor:
    """Mean of -log of the probability of all possible classes together.

    With one possible class this is categorical cross-entropy; with three it is the marginal likelihood of "some tumor".

    Args:
        possible: (n, classes), 1 for each class that the label leaves open, else 0.
        probabilities: (n, classes).
    """
    return ops.mean(-ops.log(ops.sum(possible * probabilities, axis=-1) + _TINY))


def location_loss(covered: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy over the cells, plus one minus the soft Dice overlap where there is a tumor.

    Source of the sum: Isensee et al. 2021, nnU-Net.

    Args:
        covered: (n, h, w), the share of each cell that the tumor box covers, or -1 in all cells of an image whose tumor
            was not boxed: it takes no part.
        logits: (n, h, w).
    """
    known = ops.cast(ops.min(covered, axis=(1, 2)) >= 0, logits.dtype)
    inside = ops.maximum(covered, 0.0)
    entropy = ops.mean(ops.binary_crossentropy(inside, logits, from_logits=True), axis=(1, 2))
    probability = ops.sigmoid(logits)
    total = ops.sum(inside, axis=(1, 2)) + ops.sum(probability, axis=(1, 2))
    dice = 2 * ops.sum(inside * probability, axis=(1, 2)) / (total + _TINY)
    tumor = ops.cast(ops.max(covered, axis=(1, 2)) > 0, logits.dtype)
    return ops.sum(known * entropy + tumor * (1 - dice)) / (ops.sum(known) + _TINY)


def saliency_loss(covered: Tensor, saliency: Tensor) -> Tensor:
    """Mean of -log of the share of saliency that lies in the tumor box; images without a box take no part.

    A cell lies in the box when it is covered by more than a quarter; a box too small for that takes no part.
    An empty map has no share in the box and costs as much as one that misses it, so it is no way out.

    Args:
        covered: (n, h, w) as for location_loss, finer than saliency or equal.
        saliency: (n, h', w'), 0 or more, of the true class.
    """
    if covered.shape[1] != saliency.shape[1] or covered.shape[1] is None:
        covered = ops.max_pool(ops.maximum(covered, 0.0)[..., None], 2, padding="same")[..., 0]
    box = ops.cast(covered > _IN_BOX, saliency.dtype)
    tumor = ops.max(box, axis=(1, 2))
    share = ops.sum(saliency * box, axis=(1, 2)) / (ops.sum(saliency, axis=(1, 2)) + _TINY)
    surprise = -ops.log(_LEAST_SHARE + (1 - _LEAST_SHARE) * share)
    return ops.sum(tumor * surprise) / (ops.sum(tumor) + _TINY)


def class_weights(head: keras.Model, pooled: Tensor) -> Tensor:
    """The derivative of each centred logit with respect to each max-pooled feature, (n, 4, features), without dropout.

    Closed form of Dense, ReLU, Dense: W_classes^T . diag(hidden > 0) . W_hidden^T. Centred: less the mean over the
    classes. What raises all logits alike changes no probability, so it explains no answer.

    Args:
        head: with the layers ``hidden`` and ``classes``.
        pooled: (n, features).
    """
    hidden, classes = head.get_layer("hidden"), head.get_layer("classes")
    active = ops.cast(ops.matmul(pooled, hidden.kernel) + hidden.bias > 0, hidden.kernel.dtype)
    centred = classes.kernel - ops.mean(classes.kernel, axis=1, keepdims=True)
    through = active[:, None, :] * ops.transpose(centred)[None]
    return ops.matmul(through, ops.transpose(hidden.kernel))


def saliency_maps(weights: Tensor, maps: Tensor, pooled: Tensor) -> Tensor:
    """What each place adds to each class against the others, where it adds: (n, h, w, classes), 0 or more.

    A feature counts only at its maximum, since max pooling lets nothing else through: derivative times map, summed over
    the features, ReLU. Source: HiResCAM, Draelos and Carin 2020, arXiv:2011.08891.

    Args:
        weights: (n, 4, features), as class_weights gives them.
        maps: (n, h, w, features), 0 or more.
        pooled: (n, features), their maxima.
    """
    # 1 at the maximum, else 0: a comparison would leave the fast kernels of LiteRT.
    at_maximum = ops.relu(1 - _SHARPNESS * (pooled[:, None, None, :] - maps))
    return activation_maps(weights, maps * at_maximum)


def activation_maps(weights: Tensor, maps: Tensor) -> Tensor:
    """ReLU of the last feature maps weighted by class_weights, wherever they are active: (n, h, w, classes).

    Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) but for a factor. Training uses it: places that are nearly the
    maximum learn from it too.

    Args:
        weights: (n, 4, features).
        maps: (n, h, w, features).
    """
    return ops.relu(ops.einsum("nhwf,ncf->nhwc", maps, weights))
