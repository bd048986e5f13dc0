"""What a page says about the model that answers on it."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from brain_tumor.labels import Label, class_without_finding, finding_word
from brain_tumor.model.card import Card
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.model_info import describe_share, name_images
from brain_tumor.presentation.wording import describe_limits
from page.literal import literal

SHORTCUT = "Part of what separates the classes in its training data is the source of the image, not the disease."
HOW_TO_READ = (
    "The least flattering set of images stands first. An image that was not analysed counts as its final class, "
    "{no_finding}. Brackets hold 95 % intervals."
)
HOW_EVALUATED = (
    "Every figure was measured on an exported model file, through the same program that answers on this page. Expect "
    "figures like those of sources that a network had never seen. The official test images of this public data set "
    "have many copies among its training images, so figures on them flatter every model. The "
    "[evaluation](evaluation) has every figure, with the commands that measured it."
)
OWN_MODEL = (
    "This is not the model that comes with the program, so all figures and terms here are those that its card states."
)
GATE = (
    "Before a class is named, the image must pass a check for {subject}: a file that says it is no MR, a side under 64 "
    "pixels, a blank or a coloured picture is rejected, and so is one whose *gate score*, computed from the same "
    "forward pass, is under {threshold:.2f}. It ends as {no_finding} *by rule*, marked as not analysed: that says "
    "nothing about what it shows. Some other pictures pass all the same; the table shows how many did."
)
DOUBT = (
    "An answer is *uncertain* when its probability is under {probability} or less than {margin} above the second. "
    "Doubt about an image never turns into {no_finding}, and probabilities are never edited."
)
YOUR_FILES = (
    "Uploads stay in this server's memory until you clear them, until shortly after you leave the page, or, once they "
    "are answered, until others need the room. They are never logged, and not written to disk, but for volumes of more "
    "than 16 MB: their voxels lie in a temporary file without a name while they are read. Still, upload nothing that "
    "shows a patient's name."
)
_TERMS = {"shows": "Shows", "origin": "Origin", "terms": "Terms"}
_SHARES = {
    "accuracy": "Accuracy",
    "accuracy_among_classified": "Among classified",
    "uncertain": "Uncertain",
    "not_analysed": "Not analysed",
}


def list_limits(card: Card) -> tuple[str, ...]:
    """What the model cannot do, a sentence each."""
    return *describe_limits(card.rules.classes), SHORTCUT


def describe_figures(card: Card) -> str:
    """How its figures are read."""
    return HOW_TO_READ.format(no_finding=literal(card.rules.not_analysed))


def describe_model(card: Card) -> str:
    """The model in one Markdown sentence."""
    classes = ", ".join(map(literal, card.rules.order))
    return f"Model `{card.model_id}` of {card.created}: a neural network that tells {classes}."


def list_maps(card: Card) -> tuple[MapKind, ...]:
    """The kinds of heat map that the model computes."""
    return tuple(kind for kind in MapKind if kind in card.outputs)


def accuracy_rows(card: Card) -> list[dict[str, str]]:
    """One row per set of test images: what was measured there, with intervals; empty where the card has no figures."""
    rows = []
    # From `brain-tumor-train card`: a name for the images, and what `brain-tumor evaluate` measured there.
    for name, figures in _least_flattering_first(card.about.get("metrics"), "accuracy"):
        if not describe_share(figures.get("accuracy")):
            continue
        row = {"Test images": name_images(name), "Model": str(figures.get("model_id", "not stated"))}
        row |= {title: _share(figures.get(key)) for key, title in _SHARES.items()}
        recall = figures.get("recall")
        recall = recall if isinstance(recall, Mapping) else {}
        rows.append(row | {f"Found: {label}": _share(recall.get(label.value)) for label in card.rules.classes})
    return rows


def source_rows(card: Card) -> list[dict[str, str]]:
    """One row per set of images of other sources: how it does outside its own data; empty without such figures."""
    titles = _title_source_shares(card.rules.classes)
    return [
        {"Images": name_images(name), "Model": str(figures.get("model_id", "not stated"))}
        | {title: _share(figures.get(key)) for key, title in titles.items()}
        for name, figures in _least_flattering_first(card.about.get("other_sources"), "tumors_called_a_tumor")
    ]


def _title_source_shares(classes: Iterable[Label]) -> dict[str, str]:
    """What the shares of `brain-tumor-train card --sources` are called, by their keys in a card."""
    classes = tuple(classes)
    finding, no_finding = finding_word(classes), class_without_finding(classes)
    return {
        "tumors_called_a_tumor": f"{finding.capitalize()}s called a {finding}",
        "tumors_surely_no_tumor": f"{finding.capitalize()}s that are {no_finding} without doubt",
        "others_called_a_tumor": f"Slices without a {finding} called one",
        "others_surely_a_tumor": f"Slices without a {finding} called one without doubt",
    }


def _tables(sets: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The tables of a table, by their names: a card of one's own may hold anything there."""
    known = sets.items() if isinstance(sets, Mapping) else ()
    return [(name, table) for name, table in known if isinstance(table, Mapping)]


def _least_flattering_first(sets: Any, key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Name and figures of each set of images, sorted by one figure; sets without it come last."""

    def value(named: tuple[str, Mapping[str, Any]]) -> float:
        figure = named[1].get(key)
        share = figure.get("value") if isinstance(figure, Mapping) else None
        return share if isinstance(share, int | float) else float("inf")

    return sorted(_tables(sets), key=value)


def terms_rows(card: Card, part: Literal["sources", "gate_sources"]) -> list[dict[str, str]]:
    """One row per source: what it shows, where it is from, under which terms.

    Args:
        card: of the model.
        part: of the card: what trained the network, or what its gate was fitted on besides.
    """
    return [
        {"Source": name} | {title: str(known.get(key, "not stated")) for key, title in _TERMS.items()}
        for name, known in _tables(card.about.get(part))
    ]


def describe_terms(card: Card) -> str:
    """Under which terms the model file may be used."""
    return f"Terms of this model file: {card.about.get('licence', 'not stated')}."


def gate_rows(card: Card) -> list[dict[str, str]]:
    """One row per source of held-back pictures: how many of them passed the check for brain MRI."""
    rows = []
    for source, figures in _tables(card.about.get("gate_rates")):
        counts = figures.get("test_accepted"), figures.get("test_images")
        if all(isinstance(count, int) for count in counts) and {"brain_mri", "seen_in_fit"} <= set(figures):
            rows.append(
                {
                    "Pictures": source.replace("-", " "),
                    f"Are {card.rules.subject}": "yes" if figures["brain_mri"] else "no",
                    "Passed": f"{counts[0]} of {counts[1]}",
                    "Other pictures of this source were used to fit it": "yes" if figures["seen_in_fit"] else "no",
                }
            )
    return rows


def describe_gate(card: Card) -> str:
    """What the check for brain MRI does, with this card's threshold."""
    return GATE.format(
        threshold=card.rules.min_gate_score,
        subject=literal(card.rules.subject),
        no_finding=literal(card.rules.not_analysed),
    )


def describe_doubt(card: Card) -> str:
    """When an answer is uncertain, with this card's thresholds."""
    rules = card.rules
    return DOUBT.format(
        probability=_format_threshold(rules.min_probability),
        margin=_format_threshold(rules.min_margin),
        no_finding=literal(rules.not_analysed),
    )


def _format_threshold(threshold: float) -> str:
    # Not `format_percent`, whose "> 99.9 %" is for answers: no number is under that.
    return f"{100 * threshold:.{1 if 0.001 <= threshold <= 0.999 else 3}f} %"


def _share(figure: Any) -> str:
    return describe_share(figure) or "not measured"
