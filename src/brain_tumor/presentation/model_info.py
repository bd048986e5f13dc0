"""A model file's card in words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from brain_tumor.model.model_file import ModelFile
from brain_tumor.presentation.wording import format_fraction, to_printable

# Longer texts of the card are read in the model card.
_SHOWN = ("recipe", "licence", "min_runtime_version")
# What cards call a set of images beside others, in words that stand alone.
_SETS_OF_IMAGES = {
    "those of its images without a copy in training": "official test images without a copy in training",
}
# As much as a screen shows at once.
_MAX_LINES = 19


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a model file before it is opened."""

    name: str
    size_bytes: int
    sha256: str  # of the whole file, as SHA256SUMS and `sha256sum` give it


def render_model(model: ModelFile, file: FileFacts) -> str:
    """What the file is and how it decides, one fact per line; `render_model_json` has all that the card says."""
    card, rules, side = model.card, model.card.rules, model.card.input.side_px
    facts = {
        "model": f"{card.model_id}, made on {card.created}",
        "file": f"{file.name}, {file.size_bytes:,} bytes",
        "SHA-256 of the file": file.sha256,
        "network": f"{card.flatbuffer_bytes:,} bytes of it",
        "SHA-256 of the network": card.flatbuffer_sha256,
        "classes": ", ".join(rules.order),
        "input": f"image, float32 (1, {side}, {side}, 3), RGB, 0 to 1; {card.input.resize}",
        "outputs": ", ".join(card.outputs),
        "temperature": f"{card.temperature:.4g}",
        rules.subject: f"gate score of at least {rules.min_gate_score:g}",
        "grey": f"chroma of at most {rules.max_chroma:g}",
        "certain": f"probability of at least {rules.min_probability:g}, {rules.min_margin:g} above the next",
    }
    if rules.min_location is not None:
        facts["location"] = f"map of at least {rules.min_location:g}"
    facts |= {"golden input": f"{card.golden.member}, probabilities within {card.golden.tolerance:g}"}
    facts |= {name: card.about[name] for name in _SHOWN if isinstance(card.about.get(name), str)}
    facts |= {f"accuracy on {name}": share for name, share in _accuracies(card.about.get("metrics"))}
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return "".join(f"{to_printable(line)}\n" for line in [*lines[:_MAX_LINES], "everything: --json"])


def render_model_json(model: ModelFile, file: FileFacts) -> str:
    """The whole card as it is stored, and under `file` the file's facts and the files inside."""
    facts = {"name": file.name, "bytes": file.size_bytes, "sha256": file.sha256, "members": dict(model.members)}
    return json.dumps({**json.loads(model.card.to_json()), "file": facts}, indent=2) + "\n"


def name_images(name: str) -> str:
    """What a card calls a set of images that figures were measured on, in words that stand alone."""
    return _SETS_OF_IMAGES.get(name, name).replace("_", " ")


def describe_share(figure: Any) -> str:
    """A measured share of the card in per cent, with its interval where there is one.

    Args:
        figure: what stands in the card, where people and other programs write too.

    Returns:
        Such as "90.0 % (85.0 to 94.0)"; empty where the figure is no share.
    """
    if not isinstance(figure, Mapping) or not isinstance(figure.get("value"), float):
        return ""
    low, high = figure.get("low"), figure.get("high")
    interval = f" ({100 * low:.1f} to {100 * high:.1f})" if isinstance(low, float) and isinstance(high, float) else ""
    return f"{format_fraction(figure['value'])}{interval}"


def _accuracies(metrics: Any) -> Iterator[tuple[str, str]]:
    for name, figures in metrics.items() if isinstance(metrics, Mapping) else ():
        if isinstance(figures, Mapping) and (share := describe_share(figures.get("accuracy"))):
            yield name_images(str(name)), share
