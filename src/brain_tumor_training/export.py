"""Keras to one .tfliteA, which is written only when it answers like the Keras network on real images."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import ModelFileError
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile, pack_model_file, read_model_file
from brain_tumor_training.card_facts import describe_training
from brain_tumor_training.decision_file import Decision, read_decision
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.golden_image import draw_golden_image
from brain_tumor_training.parity import Answers, Parity, measure_parity
from brain_tumor_training.pipeline import View, calibration_images, load_batches
from brain_tumor_training.quantize import quantize_static
from brain_tumor_training.recipes import DYNAMIC_RANGE, FLOAT32, QUANTIZATIONS, STATIC_INT8, AnyRecipe
from brain_tumor_training.run_folder import load_network, read_rows, read_run
from brain_tumor_training.serving import Serving, convert
from brain_tumor_training.splits import VALIDATION, SplitRow, pick_evenly

MIN_PARITY_IMAGES = 200
_PARITY_BATCH = 32  # Keras is slow on single images; the converted networks take no more than one
UNSTATED = "not stated"
# Processors round eight-bit products differently; damaged arithmetic is off by far more.
GOLDEN_TOLERANCE = 0.05


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
    else its weights alone are stored in eight bits (dynamic range).

    Args:
        run: a folder that fit_decision has been in.
        data: the folder that it was trained on.
        out: the model file.
        parity_images: how many validation images are compared, at least MIN_PARITY_IMAGES.
        quantizations: what else to try; the first that agrees is written.
        licence: the file's own terms, for its card.
        terms: CSV with source, shows, origin and terms of what trained the network, for the card.

    Raises:
        ModelFileError: none agrees with Keras, or too few images are there; nothing is written then.
        DatasetError: a source has no terms; nothing is written then.
    """
    decision, (recipe, _), rows = read_decision(run), read_run(run), read_rows(run)
    compared = pick_evenly([row for row in rows if row.split == VALIDATION], parity_images)
    if len(compared) < MIN_PARITY_IMAGES:
        raise ModelFileError(f"{len(compared)} validation images are there to compare, {MIN_PARITY_IMAGES} are needed")
    serving = Serving(load_network(run), decision, Familiarity.load(run), recipe.input)
    exact = convert(serving, quantize=False)
    networks = {FLOAT32: exact}
    if STATIC_INT8 in quantizations:
        networks[STATIC_INT8] = quantize_static(exact, calibration_images(rows, data, recipe.input))
    if DYNAMIC_RANGE in quantizations:
        networks[DYNAMIC_RANGE] = convert(serving, quantize=True)
    about = describe_training(run, data, decision, licence, terms)
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
            order=LABELS,
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
        golden=Golden("golden.png", (0.25,) * len(LABELS), (), tolerance=1.0),
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
            for image, keras_answer in zip(batch, serving.answer(batch), strict=True):
                outputs = [engine.run(image[np.newaxis]) for engine in engines]
                answers.append((keras_answer, *(np.append(one.probabilities, one.gate_scores) for one in outputs)))
                progress.update()
    columns = (np.array(column) for column in zip(*answers, strict=True))
    by_keras, by_exact, *by_light = (Answers(column[:, : len(LABELS)], column[:, len(LABELS)]) for column in columns)
    targets = np.array([LABELS.index(row.label) for row in rows])
    return measure_parity(by_keras, by_exact, dict(zip(light, by_light, strict=True)), targets)
