"""What a person can do about a picture that was rejected or is in doubt, and what the words of the page mean."""

from collections.abc import Collection, Iterable

import streamlit as st

from brain_tumor.decision.reasons import Reason
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from page.literal import literal

ADVICE = {
    Reason.OTHER_MODALITY: "Send an MR series instead.",
    Reason.TOO_SMALL: "Export the slice at its full size, not as a thumbnail.",
    Reason.BLANK: "Send another slice, or export it with another window.",
    Reason.LABEL_MAP: "Send the scan that it was drawn on.",
    Reason.FEW_GREYS: "Send the scan itself, not its mask or segmentation.",
    Reason.COLOUR: "Export the scan in grey, without colour maps or marks on it.",
    Reason.NOT_A_BRAIN: "If it is one, crop the picture to the scan and send one image per file.",
    Reason.HARDLY_A_BRAIN: "Crop the picture to the head, or send a slice through the middle of it.",
    Reason.UNFAMILIAR: "Compare with other slices of the series, above all of a common sequence and plane.",
    Reason.UNLIKELY: "Compare with other slices and sequences of the examination.",
    Reason.CLOSE_CALL: "Compare with other slices and sequences of the examination.",
    Reason.NO_TUMOR_POSSIBLE: "Look at the marked place, and compare with other slices and sequences.",
    Reason.TUMOR_POSSIBLE: "Look at it as if something were there, and compare with other slices and sequences.",
}

# Of a model with other classes nobody here knows what they mean.
_CLASSES = {
    Label.GLIOMA: "a tumor that grows from the supporting cells of the brain",
    Label.MENINGIOMA: "a tumor of the membranes around the brain, mostly benign",
    Label.PITUITARY: "a tumor of the pituitary gland, below the middle of the brain",
    Label.NO_TUMOR: "the network sees none of its tumors; that is no proof of health",
}
_WORDS = {
    "Confidence": "the network's probability of the class shown, not the chance that you have it",
    "Uncertain": "the network is in doubt about the class, so a person must look",
    "Not analysed": "the picture is not taken for what the model looks at, which does not mean that nothing is there",
    "Series": "slices of one examination, answered together",
}
_MAPS = {
    MapKind.SALIENCY: ("Why (saliency)", "what in the picture spoke for the class, relative to the strongest part"),
    MapKind.LOCATION: (
        "Where (location)",
        "where the network sees something abnormal, as a probability for each part of the picture",
    ),
}


def to_glossary(classes: Iterable[Label], maps: Collection[MapKind]) -> dict[str, str]:
    """The words of the page, each with its meaning.

    Args:
        classes: of the model; those of its own are left out, as nobody here knows what they mean.
        maps: that it computes.
    """
    known = {label.value: _CLASSES[label] for label in classes if label in _CLASSES}
    return known | _WORDS | dict(words for kind, words in _MAPS.items() if kind in maps)


def show_glossary(classes: Iterable[Label], maps: Collection[MapKind]) -> None:
    """The words of the page, behind a button."""
    with st.popover("Glossary", icon=":material/menu_book:"):
        meanings = to_glossary(classes, maps).items()
        st.markdown("\n".join(f"- **{literal(word)}**: {meaning}." for word, meaning in meanings))
