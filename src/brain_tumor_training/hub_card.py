"""A model file's card -> a model card for Hugging Face, with the metadata that the hub reads."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from brain_tumor.model.card import BRAIN_MRI, Card
from brain_tumor.presentation.model_info import name_images
from brain_tumor.presentation.wording import NOTICE, with_article
from brain_tumor_training.export import UNSTATED

# Of the hub's list of licences: what people write -> the hub's identifier. Source: hub-docs, repositories-licenses.
_LICENCES = {
    "apache": "apache-2.0",
    "mit": "mit",
    "ccbyncsa40": "cc-by-nc-sa-4.0",
    "ccbync40": "cc-by-nc-4.0",
    "ccbysa40": "cc-by-sa-4.0",
    "ccby40": "cc-by-4.0",
    "cc010": "cc0-1.0",
}


def render_hub_card(card: Card, file_name: str) -> str:
    """The text of a README.md: YAML metadata, then Markdown. It says nothing that the card does not.

    Args:
        card: of the model file.
        file_name: of it.
    """
    return "\n".join([*_metadata(card), "", *_body(card, file_name)]) + "\n"


def find_licence(text: str) -> str:
    """The hub's identifier of a licence; ``other`` for one that it does not list, ``unknown`` where none is stated."""
    if text == UNSTATED:
        return "unknown"
    letters = re.sub(r"[^a-z0-9]", "", text.lower())
    return next((known for start, known in _LICENCES.items() if letters.startswith(start)), "other")


def _metadata(card: Card) -> Iterator[str]:
    yield "---"
    yield f"license: {find_licence(str(card.about.get('licence', UNSTATED)))}"
    yield "library_name: tflite"
    yield "pipeline_tag: image-classification"
    known = "brain-mri, brain-tumor, " if card.rules.subject == BRAIN_MRI else ""
    yield f"tags: [medical, {known}litert, research-only]"
    measured = list(_accuracies(card.about.get("metrics", {})))
    if measured:
        yield "model-index:"
        yield f"- name: {card.model_id}"
        yield "  results:"
    for name, accuracy in measured:
        yield "  - task: {type: image-classification}"
        yield f"    dataset: {{type: image-folder, name: {_quoted(name)}}}"
        yield f"    metrics: [{{type: accuracy, value: {accuracy:.4f}}}]"
    yield "---"


def _body(card: Card, file_name: str) -> Iterator[str]:
    about, side = card.about, card.input.side_px
    parity, images = about.get("parity", {}), about.get("training_data", {}).get("images", {})
    yield f"# {card.model_id}"
    yield ""
    yield f"> {NOTICE}"
    yield ""
    classes, subject = ", ".join(card.rules.order), with_article(card.rules.subject)
    yield f"Names one of {classes} for a slice of {subject}. Made {card.created}."
    yield ""
    yield "## Use"
    yield ""
    yield "```sh"
    yield f"brain-tumor predict scans/ --model {file_name}"
    yield "```"
    yield ""
    yield f"Input `image`: float32 (1, {side}, {side}, 3), RGB of equal channels, 0 to 1. Outputs:"
    yield ""
    yield from (f"- `{name}`: {meaning}" for name, meaning in sorted(card.outputs.items()))
    yield ""
    yield "## Training"
    yield ""
    yield f"Images by part and class: {', '.join(f'{name} {count}' for name, count in images.items()) or 'not stated'}."
    yield f"Licence of this file: {about.get('licence', UNSTATED)}."
    yield ""
    yield "## Figures"
    yield ""
    measured = [f"- accuracy on {name}: {accuracy:.1%}" for name, accuracy in _accuracies(about.get("metrics", {}))]
    yield from measured or ["- none measured on the file; run `brain-tumor evaluate`, then `brain-tumor-train card`"]
    if parity:
        low, high = parity["same_class_interval"]
        same = (
            f"{parity['same_class']:.1%} ({low:.1%} to {high:.1%}) of the clear answers are those of the Keras network"
        )
        clear = parity["torn"] < parity["images"]
        yield (
            f"- stored as {about['quantization']}: on {parity['images']} images "
            f"{same if clear else 'the Keras network gives no clear answer, so no class is compared'}"
        )
    yield ""
    yield "## Limits"
    yield ""
    yield "Single slices, these classes, no other disease. Scanners that it has not seen are harder."


def _accuracies(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, found in metrics.items():
        accuracy = found.get("accuracy") if isinstance(found, Mapping) else None
        if isinstance(accuracy, Mapping):
            yield name_images(name), float(accuracy["value"])
    for part, found in metrics.get("keras", {}).items():
        if "accuracy" in found:
            yield f"{part} images, before conversion", float(found["accuracy"])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
