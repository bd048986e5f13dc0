"""What a page says about the model that answers on it, in Markdown."""

from collections.abc import Iterator
from typing import Any

from brain_tumor.model.card import Card

_LIMITS = (
    "It knows these four classes only. Other diseases, and images of other scanners, sequences or planes "
    "than it was trained on, are answered less well or wrongly.",
    "Uploads stay in this server's memory until you clear them, or until shortly after you leave the page; "
    "they are never written to disk or logged. Still, upload nothing that shows a patient's name.",
    "Figures and limits in full: `docs/model-card.md` and `docs/evaluation.md` in the repository.",
)


def render_about(card: Card) -> str:
    """A list: the model, its accuracy where the card has been given one, its limits."""
    classes = ", ".join(card.rules.order)
    model = f"Model `{card.model_id}` of {card.created}: a neural network that tells {classes}."
    return "\n".join(f"- {line}" for line in (model, *_accuracies(card.about.get("metrics", {})), *_LIMITS))


def _accuracies(metrics: dict[str, Any]) -> Iterator[str]:
    # From `brain-tumor-train card`: a name for the images, and what `brain-tumor evaluate` measured there.
    for name, figures in metrics.items():
        accuracy = figures.get("accuracy") if isinstance(figures, dict) else None
        if isinstance(accuracy, dict) and isinstance(accuracy.get("value"), float):
            yield f"Accuracy on {name}: {accuracy['value']:.1%}."
