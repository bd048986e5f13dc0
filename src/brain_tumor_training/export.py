"""Keras to one .tfliteA, in the smallest form that answers like the Keras network on real images."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError, ModelFileError
from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import BRAIN_MRI, Card, Golden, Rules
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile, pack_model_file, read_model_file
from brain_tumor.presentation.palette import class_looks
from brain_tumor_training.card_facts import describe_training
from brain_tumor_training.decision_file import Decision, read_decision
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.golden_image import draw_golden_image
from brain_tumor_training.parity import Answers, Parity, describe_failures, measure_parity, tolerances
from brain_tumor_training.pipeline import View, calibration_images, load_batches
from brain_tumor_training.quantize import quantize_static
from brain_tumor_training.recipes import FLOAT32, QUANTIZATIONS, STATIC_INT8, AnyRecipe
from brain_tumor_training.run_folder import load_network, read_classes, read_rows, read_run, require_images
from brain_tumor_training.serving import Serving, convert
from brain_tumor_training.splits import TRAIN, VALIDATION, SplitRow, pick_evenly

PARITY_IMAGES = 300
# A way that fails on so many of them is not asked about the others.
_FIRST_IMAGES = 75
# Keras needs 0.3 GB for each image of a batch, and one image after the other is slow.
_PARITY_BATCH = 4
# The graph is right or wrong; a few images show which.
_FLOAT_IMAGES = 32
UNSTATED = "not stated"
# Processors round eight-bit products differently; damaged arithmetic is off by far more.
GOLDEN_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """What the Keras network answers, to compare conversions with."""

    images: list[View]
    targets: NDArray[np.int64]  # (images,), class indices
    by_part: dict[str, int]  # part of the data -> images
    answers: Answers


def export(
    run: Path,
    data: Path,
    out: Path,
    parity_images: int = PARITY_IMAGES,
    quantizations: Sequence[str] = QUANTIZATIONS["auto"],
    licence: str = UNSTATED,
    terms: Path | None = None,
    subject: str = BRAIN_MRI,
    colors: Mapping[str, str] | None = None,
) -> tuple[str, Parity]:
    """Convert run/model.keras with run/decision.json and write out in the first way that answers as Keras does.

    Static int8, calibrated on training images, is tried first, then weights alone in eight bits (dynamic range), in
    float16, and in float32.

    Args:
        run: a folder that fit_decision has been in.
        data: the folder that it was trained on.
        out: the model file.
        parity_images: how many images are compared at most: of the validation part, then of the training part.
        quantizations: what to try, in this order.
        licence: the file's own terms, for its card.
        terms: CSV with source, shows, origin and terms of what trained the network, for the card.
        subject: what the training images show and the gate accepts, for words.
        colors: class -> its colour in charts, as #RRGGBB; the others get the palette's.

    Returns:
        The way that was taken, and how it compares with Keras.

    Raises:
        ModelFileError: none agrees with Keras; nothing is written then.
        DatasetError: a source has no terms, or a colour is of no class of the run; nothing is written then.
    """
    (recipe, _), rows, decision = read_run(run), read_rows(run), read_decision(run)
    classes = _with_colors(read_classes(run), colors or {})
    compared = _spread(choose_compared(rows, parity_images))
    require_images(run, data, (data / row.path for row in compared))
    about = describe_training(run, data, decision, licence, terms)
    serving = Serving(load_network(run), decision, Familiarity.load(run), recipe.input)
    exact = convert(serving)
    reference = _ask_keras(serving, compared, data, recipe.input, classes)

    def to_model(flatbuffer: bytes) -> ModelFile:
        return _with_golden(
            flatbuffer, _card(flatbuffer, decision, recipe, (classes, subject), serving.meanings, about)
        )

    by_float = _ask(to_model(exact), reference.images[:_FLOAT_IMAGES], "float32")
    tried: dict[str, Parity | str] = {}
    for name in quantizations:
        try:
            model = to_model(_quantize(name, exact, serving, rows, data, recipe.input))
        except Exception as error:  # the quantizer raises whatever it meets in a graph that it does not know
            tried[name] = (str(error).splitlines() or [type(error).__name__])[0]
            continue
        parity = tried[name] = _compare(model, reference, by_float, name)
        if parity.holds():
            _write(model, out, about, name, parity, reference.by_part, tried)
            return name, parity
    raise ModelFileError(
        f"the converted network disagrees with Keras on {len(reference.images)} images, so nothing was written: "
        f"{describe_failures(tried)}; {_next_step(quantizations)}"
    )


def _with_colors(classes: Sequence[Label], colors: Mapping[str, str]) -> tuple[Label, ...]:
    """The same classes, each with its colour; this project's four are known by their names, and keep theirs."""
    own = [label for label in classes if label not in LABELS]
    if unknown := [name for name in colors if name not in own]:
        raise DatasetError(
            f"{', '.join(unknown)}: colours are for the run's own classes, {', '.join(own) or 'of which it has none'}"
        )
    looks = class_looks(classes)
    try:
        return tuple(
            Label(label.value, label.is_finding, colors.get(label, looks[label].color)) if label in own else label
            for label in classes
        )
    except ValueError as error:
        raise DatasetError(str(error)) from None


def _compare(model: ModelFile, reference: _Reference, by_float: Answers, name: str) -> Parity:
    """How a conversion compares on all images; on the first ones alone, where it fails there already."""
    first = _ask(model, reference.images[:_FIRST_IMAGES], name)
    parity = measure_parity(reference.answers.first(_FIRST_IMAGES), by_float, first, reference.targets[:_FIRST_IMAGES])
    others = reference.images[_FIRST_IMAGES:]
    if not others or not parity.holds():
        return parity
    found = first.join(_ask(model, others, name))
    return measure_parity(reference.answers, by_float, found, reference.targets)


def choose_compared(rows: Sequence[SplitRow], limit: int) -> list[SplitRow]:
    """The images on which networks are compared: of the validation part, and of the training part where that is small.

    How a network rounds does not depend on whether it has seen the image; the validation part is what it will meet.
    """
    chosen: list[SplitRow] = []
    for part in (VALIDATION, TRAIN):
        chosen += pick_evenly([row for row in rows if row.split == part], limit - len(chosen))
    return chosen


def _spread(rows: Sequence[SplitRow]) -> list[SplitRow]:
    """The same rows in an order of which every beginning has all classes, as they are sorted by class."""
    step = max(len(rows) // _FIRST_IMAGES, 1)
    return [row for start in range(step) for row in rows[start::step]]


def _next_step(quantizations: Sequence[str]) -> str:
    if FLOAT32 not in quantizations:
        return "try all ways with --quantization auto"
    return "the Keras network in the run folder is as it was; train again with another --seed, or with more images"


def _quantize(
    name: str, exact: bytes, serving: Serving, rows: Sequence[SplitRow], data: Path, contract: InputContract
) -> bytes:
    if name == FLOAT32:
        return exact
    if name == STATIC_INT8:
        return quantize_static(exact, calibration_images(rows, data, contract))
    return convert(serving, name)


def _write(
    model: ModelFile,
    out: Path,
    about: Mapping[str, Any],
    name: str,
    parity: Parity,
    by_part: Mapping[str, int],
    tried: Mapping[str, Parity | str],
) -> None:
    compared = {**asdict(parity), "images_by_part": dict(by_part), "tolerances": tolerances()}
    others = {other: describe_failures({other: found}) for other, found in tried.items() if other != name}
    about = {**about, "quantization": name, "parity": compared, **({"not_taken": others} if others else {})}
    content = pack_model_file(model.flatbuffer, replace(model.card, about=about), model.golden_image)
    read_model_file(content, out.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, content)


def _card(
    flatbuffer: bytes,
    decision: Decision,
    recipe: AnyRecipe,
    named: tuple[tuple[Label, ...], str],
    outputs: dict[str, str],
    about: dict[str, Any],
) -> Card:
    digest = hashlib.sha256(flatbuffer).hexdigest()
    classes, subject = named
    return Card(
        model_id=f"{recipe.name}-{digest[:8]}",
        created=datetime.now(UTC).date().isoformat(),
        flatbuffer_sha256=digest,
        flatbuffer_bytes=len(flatbuffer),
        input=recipe.input,
        outputs=outputs,
        temperature=decision.temperature,
        rules=Rules(
            order=classes,
            min_gate_score=decision.min_gate_score,
            max_chroma=decision.max_chroma,
            min_probability=decision.min_probability,
            min_margin=decision.min_margin,
            min_location=decision.min_location,
            min_sure_gate_score=decision.min_sure_gate_score,
            min_familiarity=decision.min_familiarity,
            min_no_tumor=decision.min_no_tumor,
            min_tumor=decision.min_tumor,
            subject=subject,
        ),
        # Until the engine has answered, anything goes.
        golden=Golden("golden.png", (1 / len(classes),) * len(classes), (), tolerance=1.0),
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


def _ask_keras(
    serving: Serving, rows: Sequence[SplitRow], data: Path, contract: InputContract, classes: Sequence[Label]
) -> _Reference:
    images = [View(data / row.path) for row in rows]
    with tqdm(total=len(images), desc="asking Keras", unit="image", disable=None) as progress:
        found = []
        for batch in load_batches(images, contract, _PARITY_BATCH):
            found.append(serving.answer(batch))
            progress.update(len(batch))
    targets = np.array([classes.index(row.label) for row in rows])
    answers = _to_answers(np.concatenate(found), len(classes))
    return _Reference(images, targets, dict(Counter(row.split for row in rows)), answers)


def _ask(model: ModelFile, images: Sequence[View], name: str) -> Answers:
    engine, found = LiteRTEngine(model), []
    batches = load_batches(images, model.card.input, 1)
    for image in tqdm(batches, f"asking {name}", len(images), unit="image", disable=None):
        output = engine.run(image)
        found.append(np.append(output.probabilities, output.gate_scores))
    return _to_answers(np.array(found), len(model.card.rules.order))


def _to_answers(columns: FloatArray, classes: int) -> Answers:
    """(images, classes + gate scores) -> the probabilities and the first gate score."""
    return Answers(columns[:, :classes], columns[:, classes])
