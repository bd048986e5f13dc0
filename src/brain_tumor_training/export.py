"""Keras to one .tfliteA: the only module that needs TensorFlow.

The file is written only when it answers like the Keras network on real images.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw
from tqdm import tqdm

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError, ModelFileError
from brain_tumor.evaluation.metrics import proportion_ci
from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile, load_model_file, pack_model_file, read_model_file
from brain_tumor.presentation.wording import NOTICE
from brain_tumor_training.convert import to_flatbuffer
from brain_tumor_training.examples import ANY_TUMOR, Example, read_examples
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.fit_decision import Decision, read_decision
from brain_tumor_training.network import build_head_logits, find_location_head, take_apart
from brain_tumor_training.objectives import class_weights, saliency_maps
from brain_tumor_training.pipeline import View, calibration_images, load_batches
from brain_tumor_training.quantize import quantize_static
from brain_tumor_training.recipes import DYNAMIC_RANGE, FLOAT32, QUANTIZATIONS, STATIC_INT8, AnyRecipe
from brain_tumor_training.splits import TEST, VALIDATION, SplitRow, pick_evenly, read_csv, read_split
from brain_tumor_training.train import load_network, read_run

MIN_PARITY_IMAGES = 200
_PARITY_BATCH = 32  # Keras is slow on single images; the converted networks take no more than one
# What a conversion may change, from the project's first day: float only rounds, eight-bit weights a little more.
MAX_FLOAT_DIFFERENCE = 0.001  # largest absolute difference of a probability
MIN_SAME_CLASS = 0.99
MAX_MEAN_DIFFERENCE = 0.01
# Where the network itself is torn, rounding decides, and the answer is uncertain either way.
TORN_MARGIN = 0.2
MAX_GATE_DIFFERENCE = 0.5  # log-odds; the shipped network differs by 0.2
UNSTATED = "not stated"
# Processors round eight-bit products differently; damaged arithmetic is off by far more.
GOLDEN_TOLERANCE = 0.05

_OUTPUTS = {
    "logits": "(1, 4), before the temperature, in the order of labels.txt",
    "probabilities": "(1, 4), softmax of logits / temperature, never edited",
    "gate_scores": "(1, 2), first the log-odds that the image is a brain MRI: a linear head on average-pooled features "
    "of four depths; then how like the training images it is, 0 or less: minus the squared distance of these features "
    "to the nearest of some prototypes, along the directions in which training images differ",
    "saliency": "(1, rows, columns, 4), 0 or more, per class: d (logit - mean of the logits) / d map times "
    "map, summed over the last feature maps, ReLU (HiResCAM); what drove the answer, not where a tumor ends",
    "location": "(1, rows, columns), 0 to 1: probability that a tumor box covers the cell, trained with boxes",
}


@dataclass(frozen=True, slots=True)
class Parity:
    """How the converted network compares with the Keras network on the same images."""

    images: int
    float_max_difference: float
    torn: int  # images between whose two likeliest classes Keras leaves less than TORN_MARGIN
    same_class: float  # share of the other images, eight bits against Keras
    mean_difference: float  # mean absolute difference of probabilities, eight bits against Keras
    gate_difference: float  # mean absolute difference of gate scores, in log-odds, eight bits against Keras
    accuracy_keras: float
    accuracy_exported: float

    def holds(self) -> bool:
        """Whether both conversions answer as Keras does."""
        return (
            self.float_max_difference <= MAX_FLOAT_DIFFERENCE
            and self.same_class >= MIN_SAME_CLASS
            and self.mean_difference <= MAX_MEAN_DIFFERENCE
            and self.gate_difference <= MAX_GATE_DIFFERENCE
        )


def export(
    run: Path,
    data: Path,
    out: Path,
    parity_images: int,
    quantizations: Sequence[str] = QUANTIZATIONS["auto"],
    licence: str = UNSTATED,
    terms: Path | None = None,
) -> Parity:
    """Convert run/model.keras with run/decision.json and write out, once parity holds.

    The network computes in eight bits where that answers as Keras does (static int8, calibrated on training images),
    else its weights alone are stored in eight bits (dynamic range). parity_images: how many validation images are
    compared, at least MIN_PARITY_IMAGES. quantizations: what else to try, the first that agrees is written. licence:
    the file's own terms, for its card. terms: CSV with source, shows, origin and terms of what trained the network, for
    the card too. Raises ModelFileError when none agrees with Keras or too few images are there, and DatasetError for a
    source without terms; nothing is written then.
    """
    decision, (recipe, _), rows = read_decision(run), read_run(run), read_split(run / "split.csv")
    compared = pick_evenly(rows, VALIDATION, parity_images)
    if len(compared) < MIN_PARITY_IMAGES:
        raise ModelFileError(f"{len(compared)} validation images are there to compare, {MIN_PARITY_IMAGES} are needed")
    serving = Serving(load_network(run), decision, Familiarity.load(run), recipe.input)
    exact = convert(serving, quantize=False)
    networks = {FLOAT32: exact}
    if STATIC_INT8 in quantizations:
        networks[STATIC_INT8] = quantize_static(exact, calibration_images(rows, data, recipe.input))
    if DYNAMIC_RANGE in quantizations:
        networks[DYNAMIC_RANGE] = convert(serving, quantize=True)
    about = _about(run, data, rows, decision, licence, terms)
    models = {
        name: _with_golden(network, _card(network, decision, recipe, serving.meanings, about))
        for name, network in networks.items()
    }
    parities = _compare(serving, models[FLOAT32], {name: models[name] for name in quantizations}, compared, data)
    chosen = next((name for name, parity in parities.items() if parity.holds()), None)
    if chosen is None:
        found = "; ".join(f"{name}: {parity}" for name, parity in parities.items())
        raise ModelFileError(f"the converted network disagrees with Keras, so nothing was written: {found}")
    model, parity = models[chosen], parities[chosen]
    about = {**about, "quantization": chosen, "parity": asdict(parity)}
    content = pack_model_file(model.flatbuffer, replace(model.card, about=about), model.golden_image)
    read_model_file(content, out.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, content)
    return parity


def summarise_evaluation(document: dict[str, Any]) -> dict[str, Any]:
    """What a card keeps of an evaluation.json; raises KeyError for another document."""
    kept = ("measured_on", "accuracy", "macro_f1", "accuracy_among_classified", "uncertain", "not_analysed")
    recall = {name: one["recall"] for name, one in document["classes"].items()}
    return {"model_id": document["model"]["model_id"], **{key: document[key] for key in kept}, "recall": recall}


def summarise_sources(document: dict[str, Any]) -> dict[str, Any]:
    """What a card keeps of the judged sources of an evaluation.json, tumors and images without one each pooled.

    Raises KeyError for another document.
    """
    judged = [one for one in document["sources"]["families"] if one["expected"]]
    tumors = [one for one in judged if Label.NO_TUMOR not in one["expected"]]
    others = [one for one in judged if one["expected"] == [Label.NO_TUMOR]]

    def pooled(sources: Sequence[dict[str, Any]], key: str) -> dict[str, Any] | None:
        found = [one[key] for one in sources if one[key]]
        estimate = proportion_ci(sum(one["hits"] for one in found), sum(one["total"] for one in found))
        return asdict(estimate) if estimate else None

    return {
        "model_id": document["model"]["model_id"],
        "measured_on": document["measured_on"],
        "tumors_called_a_tumor": pooled(tumors, "called_tumor"),
        "tumors_surely_no_tumor": pooled(tumors, "no_tumor_classified"),
        "others_called_a_tumor": pooled(others, "called_tumor"),
        "others_surely_a_tumor": pooled(others, "called_tumor_classified"),
    }


def add_evaluations(
    path: Path, evaluations: dict[str, dict[str, Any]], sources: dict[str, dict[str, Any]] | None = None
) -> None:
    """Write measured figures into a finished model file's card; the network stays.

    evaluations: of summarise_evaluation, kept under ``about.metrics``. sources: of summarise_sources, kept under
    ``about.other_sources``. Both by the name of the images.
    """
    model = load_model_file(path)
    metrics = {**model.card.about.get("metrics", {}), **evaluations}
    others = {**model.card.about.get("other_sources", {}), **(sources or {})}
    added = {"metrics": metrics, **({"other_sources": others} if others else {})}
    card = replace(model.card, about={**model.card.about, **added})
    write_whole(path, pack_model_file(model.flatbuffer, card, model.golden_image))


class Serving:
    """What the file computes: one image in, all outputs of one forward pass out."""

    def __init__(
        self, model: keras.Model, decision: Decision, familiarity: Familiarity, contract: InputContract
    ) -> None:
        """Take a network from fit() and the numbers from fit_decision()."""
        self._familiarity = familiarity
        self.backbone, head = take_apart(model)
        self.head_logits = build_head_logits(head)
        self.location_head = find_location_head(model)
        self.side_px = contract.side_px
        self._temperature = decision.temperature
        self._gate_weights = np.array(decision.gate_weights, np.float32)[:, np.newaxis]
        self._gate_bias = np.float32(decision.gate_bias)

    def outputs(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """image: (n, side, side, 3), 0 to 1. Returns the arrays that the card names, for n images."""
        features = self.backbone(image, training=False)
        logits = self.head_logits(features["maximum"])
        direction = tf.math.l2_normalize(features["average"], axis=-1)
        outputs = {
            "logits": logits,
            "probabilities": tf.nn.softmax(logits / self._temperature),
            "gate_scores": tf.concat(
                [tf.linalg.matmul(direction, self._gate_weights) + self._gate_bias, self._score(direction)], axis=1
            ),
            "saliency": saliency_maps(
                class_weights(self.head_logits, features["maximum"]), features["maps"], features["maximum"]
            ),
        }
        if self.location_head is not None:
            outputs["location"] = tf.nn.sigmoid(self.location_head(tf.nn.relu(features["detail"]))[..., 0])
        return outputs

    def _score(self, direction: tf.Tensor) -> tf.Tensor:
        """Familiarity.score in the graph, (n, 1): squares of a difference as products, which are matrices."""
        known = self._familiarity
        # In float32 the centre is taken off first: the products would cancel what is left.
        projected = tf.linalg.matmul(direction - known.centre, known.directions)
        nearest = 2 * tf.linalg.matmul(projected, known.prototypes.T) - (known.prototypes**2).sum(axis=1)
        return tf.reduce_max(nearest, axis=1, keepdims=True) - tf.reduce_sum(projected**2, axis=1, keepdims=True)

    @property
    def meanings(self) -> dict[str, str]:
        """What each output means, for the card."""
        return {name: text for name, text in _OUTPUTS.items() if name != "location" or self.location_head is not None}


def convert(serving: Serving, *, quantize: bool) -> bytes:
    """A TensorFlow Lite flatbuffer; quantize stores weights in eight bits (dynamic range)."""
    parts = [serving.backbone, serving.head_logits]
    if serving.location_head is not None:
        parts.append(serving.location_head)
    return to_flatbuffer(serving.outputs, parts, serving.side_px, quantize=quantize)


def draw_golden_image() -> bytes:
    """A drawn head-like figure, 256 x 256, grey PNG: the stored input needs nobody's scan."""
    image = Image.new("L", (256, 256))
    draw = ImageDraw.Draw(image)
    for box, grey in (
        ((40, 20, 216, 236), 210),  # scalp
        ((50, 30, 206, 226), 30),  # skull
        ((58, 38, 198, 218), 110),  # brain
        ((100, 90, 120, 150), 45),  # ventricles
        ((136, 90, 156, 150), 45),
        ((150, 60, 180, 90), 190),  # something bright
    ):
        draw.ellipse(box, fill=grey)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _card(
    flatbuffer: bytes, decision: Decision, recipe: AnyRecipe, outputs: dict[str, str], about: dict[str, Any]
) -> Card:
    digest = hashlib.sha256(flatbuffer).hexdigest()
    return Card(
        model_id=f"{recipe.name}-{digest[:8]}",
        created=datetime.now(UTC).date().isoformat(),
        flatbuffer_sha256=digest,
        flatbuffer_bytes=len(flatbuffer),
        input=recipe.input,
        outputs=outputs,
        temperature=decision.temperature,
        rules=Rules(
            order=tuple(Label),
            min_gate_score=decision.min_gate_score,
            max_chroma=decision.max_chroma,
            min_probability=decision.min_probability,
            min_margin=decision.min_margin,
            min_location=decision.min_location,
            min_sure_gate_score=decision.min_sure_gate_score,
            min_familiarity=decision.min_familiarity,
            min_no_tumor=decision.min_no_tumor,
            min_tumor=decision.min_tumor,
        ),
        # Until the engine has answered, anything goes.
        golden=Golden("golden.png", (0.25,) * len(Label), (), tolerance=1.0),
        about=about,
    )


def _with_golden(flatbuffer: bytes, card: Card) -> ModelFile:
    digest = hashlib.sha256(flatbuffer).hexdigest()
    card = replace(card, flatbuffer_sha256=digest, flatbuffer_bytes=len(flatbuffer))
    image = draw_golden_image()
    model = read_model_file(pack_model_file(flatbuffer, card, image), card.model_id)
    answer = LiteRTEngine(model).run(to_tensor(read_scan(image, card.golden.member), card.input))
    golden = replace(
        card.golden,
        probabilities=tuple(map(float, answer.probabilities)),
        gate_scores=tuple(map(float, answer.gate_scores)),
        tolerance=GOLDEN_TOLERANCE,
    )
    return read_model_file(pack_model_file(flatbuffer, replace(card, golden=golden), image), card.model_id)


def _compare(
    serving: Serving, exact: ModelFile, light: Mapping[str, ModelFile], rows: Sequence[SplitRow], data: Path
) -> dict[str, Parity]:
    engines = [LiteRTEngine(model) for model in (exact, *light.values())]
    answers: list[tuple[FloatArray, ...]] = []  # of Keras and each engine: probabilities, then the gate score
    views = [View(data / row.path) for row in rows]
    with tqdm(total=len(rows), desc="parity", unit="image") as progress:
        for batch in load_batches(views, exact.card.input, _PARITY_BATCH):
            for image, keras_answer in zip(batch, _answers_of_keras(serving, batch), strict=True):
                outputs = [engine.run(image[np.newaxis]) for engine in engines]
                answers.append((keras_answer, *(np.append(one.probabilities, one.gate_scores) for one in outputs)))
                progress.update()
    columns = [np.array(column) for column in zip(*answers, strict=True)]
    by_keras, by_exact, *by_light = (column[:, : len(Label)] for column in columns)
    gate_of_keras, _, *gates = (column[:, len(Label)] for column in columns)
    targets = np.array([list(Label).index(row.label) for row in rows])
    ordered = np.sort(by_keras, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] >= TORN_MARGIN
    return {
        name: Parity(
            images=len(rows),
            float_max_difference=float(np.abs(by_exact - by_keras).max()),
            torn=int((~clear).sum()),
            # A network that is torn everywhere, as one of few images is, has nothing to disagree on.
            same_class=float((found.argmax(axis=1) == by_keras.argmax(axis=1))[clear].mean()) if clear.any() else 1.0,
            mean_difference=float(np.abs(found - by_keras).mean()),
            gate_difference=float(np.abs(gate - gate_of_keras).mean()),
            accuracy_keras=float((by_keras.argmax(axis=1) == targets).mean()),
            accuracy_exported=float((found.argmax(axis=1) == targets).mean()),
        )
        for name, found, gate in zip(light, by_light, gates, strict=True)
    }


def _answers_of_keras(serving: Serving, batch: FloatArray) -> FloatArray:
    outputs = serving.outputs(tf.constant(batch))
    return np.concatenate([np.asarray(outputs["probabilities"]), np.asarray(outputs["gate_scores"])], axis=1)


def _sources(names: Sequence[str], terms: Path | None) -> dict[str, dict[str, str]]:
    """What is known of each source that trained or validated the network; raises DatasetError for one without terms."""
    if terms is None:
        return {}
    known = {row["source"]: {key: row[key] for key in ("shows", "origin", "terms")} for row in read_csv(terms)}
    if missing := [name for name in names if name not in known]:
        raise DatasetError(f"{terms}: says nothing of {', '.join(missing)}; add a row for each source that trained")
    return {name: known[name] for name in names}


def _about(
    run: Path,
    data: Path,
    rows: Sequence[SplitRow | Example],
    decision: Decision,
    licence: str,
    terms: Path | None,
) -> dict[str, Any]:
    sources: dict[str, dict[str, str]] = {}
    if (run / "examples.csv").exists():
        examples = read_examples(run / "examples.csv")
        rows = examples  # tumors of unknown type, too
        sources = _sources(sorted({one.source for one in examples if one.split != TEST}), terms)
    used = sorted((row.path, row.label.slug if row.label else ANY_TUMOR, row.split) for row in rows)
    counts = Counter(f"{part}/{label}" for _, label, part in used)
    fingerprint = hashlib.sha256()
    for path, label, part in used:
        content = hashlib.sha256((data / path).read_bytes()).hexdigest()
        fingerprint.update(f"{content} {label} {part}\n".encode())
    return {
        "licence": licence,
        "sources": sources,
        "notice": NOTICE,
        "training": json.loads((run / "run.json").read_text(encoding="utf-8")),
        "training_data": {"sha256": fingerprint.hexdigest(), "images": dict(sorted(counts.items()))},
        "gate_rates": decision.gate_rates,
        "reference": decision.reference,
        "doubt": decision.coverage,
        "metrics": {"keras": json.loads((run / "metrics.json").read_text(encoding="utf-8"))},
    }
