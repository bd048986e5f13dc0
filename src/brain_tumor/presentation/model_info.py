"""A model file's card in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from brain_tumor.model.model_file import ModelFile
from brain_tumor.presentation.wording import format_percent, to_printable


def render_model(model: ModelFile) -> str:
    """The whole card and the list of files behind the network, one fact per line, nested facts indented."""
    card, rules, side = model.card, model.card.rules, model.card.input.side_px
    thresholds = {
        "brain MRI": f"gate score of at least {rules.min_gate_score:g}",
        "grey": f"chroma of at most {rules.max_chroma:g}",
        "certain": f"probability of at least {rules.min_probability:g}, {rules.min_margin:g} above the next",
    }
    if rules.min_location is not None:
        thresholds["tumor location"] = f"location map of at least {rules.min_location:g}"
    facts = {
        "model": card.model_id,
        "created": card.created,
        "classes": ", ".join(rules.order),
        "input": f"image, float32 (1, {side}, {side}, 3), RGB, 0 to 1; {card.input.resize}",
        "outputs": card.outputs,
        "temperature": card.temperature,
        "thresholds": thresholds,
        "golden input": f"{card.golden.member}, probabilities within {card.golden.tolerance:g}",
        "network": {"bytes": card.flatbuffer_bytes, "sha256": card.flatbuffer_sha256},
        "files inside": {name: f"{size} bytes" for name, size in model.members},
        **card.about,
    }
    return "".join(f"{to_printable(line)}\n" for line in _lines(facts, ""))


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
    return f"{format_percent(figure['value'])}{interval}"


def _lines(facts: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in facts.items():
        title = f"{indent}{name.replace('_', ' ')}:"
        if isinstance(value, Mapping):
            yield title
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{title} {value:.4g}" if isinstance(value, float) else f"{title} {value}"
