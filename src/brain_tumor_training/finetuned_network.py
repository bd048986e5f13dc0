"""The network that is trained as a whole: class, location and saliency share one loss."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from brain_tumor.labels import LABELS, Label
from brain_tumor_training.backbone import XCEPTION
from brain_tumor_training.class_figures import ClassFigures
from brain_tumor_training.network import (
    LOCATION_HEAD,
    attach_image,
    build_head,
    build_trunk,
    dtype_policy,
)
from brain_tumor_training.objectives import (
    activation_maps,
    class_loss,
    class_weights,
    location_loss,
    saliency_loss,
)
from brain_tumor_training.recipes import FinetuneRecipe


@keras.saving.register_keras_serializable("brain_tumor_training")
class FinetunedNetwork(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Image -> ``classes`` (n, classes), ``location`` logits (n, h, w); targets: ``possible``, ``covered``.

    The targets are those of objectives.class_loss and location_loss.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **options: Any) -> None:
        super().__init__(inputs, outputs, name=name, **options)
        self.accuracy = keras.metrics.Mean(name="accuracy")
        self.map_weights = (0.0, 0.0)
        self._figures = _Holder()

    def set_map_weights(self, recipe: FinetuneRecipe) -> None:
        """Say what the map losses count beside the class loss; neither compile() nor a saved file keeps it."""
        self.map_weights = (recipe.location_weight, recipe.saliency_weight)

    def set_classes(self, classes: Sequence[Label]) -> None:
        """Count precision and recall, of each class too, from now on; a saved file keeps nothing of it."""
        self._figures.metric = ClassFigures(classes)

    @property
    def class_figures(self) -> ClassFigures | None:
        """What was counted in the last epoch or evaluation; None before set_classes()."""
        return self._figures.metric

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What Keras counts over an epoch."""
        return [*super().metrics, *([self._figures.metric] if self._figures.metric else [])]

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any) -> Any:
        """The sum of the three losses; Keras calls it for every batch."""
        head = self.get_layer("head")
        pooled, maps = ops.cast(y_pred["maximum"], "float32"), ops.cast(y_pred["maps"], "float32")
        all_maps = activation_maps(class_weights(head, pooled), maps)
        # Where the type is unknown the map of the likeliest possible one counts.
        truth = ops.one_hot(ops.argmax(y["possible"] * (y_pred["classes"] + 1e-6), axis=-1), all_maps.shape[-1])
        saliency = ops.sum(all_maps * truth[:, None, None, :], axis=-1)
        for_location, for_saliency = self.map_weights
        return (
            class_loss(y["possible"], y_pred["classes"])
            + for_location * location_loss(y["covered"], y_pred["location"])
            + for_saliency * saliency_loss(y["covered"], saliency)
        )

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Accuracy counts an answer that the label leaves open as right; the other figures take known labels only."""
        best = ops.argmax(y_pred["classes"], axis=-1)
        self.accuracy.update_state(ops.take_along_axis(y["possible"], best[:, None], axis=-1))
        if self._figures.metric:
            self._figures.metric.update_state(y["possible"], y_pred["classes"])
        results: dict[str, Any] = self.get_metrics_result()
        return results


class _Holder:
    """Holds a metric where Keras does not save it: states of before have none, and none is needed to go on."""

    def __init__(self) -> None:
        self.metric: ClassFigures | None = None


def build_finetuned(
    recipe: FinetuneRecipe, weights: str | None, precision: str, classes: int = len(LABELS)
) -> FinetunedNetwork:
    """The network of a recipe for images of any size, its heads untrained.

    Args:
        recipe: sizes of the heads.
        weights: of the backbone, as for build_trunk.
        precision: Keras' dtype policy of the trunk; heads are float32.
        classes: how many there are.

    Raises:
        ModelFileError: the weights cannot be used.
    """
    with dtype_policy(precision):
        trunk = build_trunk(weights, None)
    for layer in trunk.layers:
        if isinstance(layer, layers.BatchNormalization):
            # Small batches of a small set would spoil the statistics, and computing them is a third of a step.
            layer.trainable = False
    backbone = attach_image(trunk, None)
    pooled = layers.Activation("linear", dtype="float32", name="pooled")(backbone.output["maximum"])
    detail = layers.Activation("relu", dtype="float32", name="detail")(backbone.output["detail"])
    outputs = {
        "classes": build_head(recipe, classes=classes)(pooled),
        "location": build_location_head(recipe)(detail)[..., 0],
        "maximum": pooled,
        "maps": backbone.output["maps"],
    }
    return FinetunedNetwork(backbone.input, outputs, name="brain_tumor")


def to_serving_network(recipe: FinetuneRecipe, trained: FinetunedNetwork) -> keras.Model:
    """The same weights in float32 at the recipe's size: image -> ``classes``, ``location`` logits (n, h, w, 1)."""
    side_px = recipe.input.side_px
    backbone = attach_image(build_trunk(None, side_px), side_px)
    outputs = {
        "classes": build_head(recipe, classes=trained.output["classes"].shape[-1])(backbone.output["maximum"]),
        "location": build_location_head(recipe)(ops.relu(backbone.output["detail"])),
    }
    network = keras.Model(backbone.input, outputs, name="brain_tumor")
    copy_weights(trained, network)
    return network


def copy_weights(source: keras.Model, target: keras.Model, *, with_head: bool = True) -> None:
    """Give one network of this module the weights of another, whatever their precision and image size.

    Args:
        source: is left as it is.
        target: takes the weights.
        with_head: also those of the classes, which must then be the same.
    """
    for part in (XCEPTION.layer, LOCATION_HEAD, *(("head",) if with_head else ())):
        target.get_layer(part).set_weights(source.get_layer(part).get_weights())


def build_location_head(recipe: FinetuneRecipe, features: int = XCEPTION.detail_features) -> keras.Model:
    """Detail map (n, h, w, features) -> logits (n, h, w, 1) that a tumor covers the cell."""
    return keras.Sequential(
        [
            keras.Input((None, None, features), name="detail"),
            layers.Conv2D(recipe.location_units, 1, activation="relu", name="mix"),
            # Few tumors cover a cell; the bias starts there.
            layers.Conv2D(1, 3, padding="same", bias_initializer=keras.initializers.Constant(-3.0), name="cells"),
        ],
        name=LOCATION_HEAD,
    )


def compile_finetuned(
    recipe: FinetuneRecipe, model: FinetunedNetwork, steps: int, classes: Sequence[Label] = LABELS
) -> None:
    """Set the optimizer, its schedule over all steps, and the figures of each class."""
    warm_up = int(steps * recipe.warm_up)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 100, steps - warm_up, warmup_target=recipe.learning_rate, warmup_steps=warm_up
    )
    options = {
        "weight_decay": recipe.weight_decay,
        "global_clipnorm": recipe.gradient_norm,
        "use_ema": True,
        "ema_momentum": recipe.weight_average,
    }
    optimizer = {"class_name": recipe.optimizer, "config": {"learning_rate": schedule, **options}}
    model.set_map_weights(recipe)
    model.set_classes(classes)
    model.compile(optimizer=keras.optimizers.get(optimizer))
