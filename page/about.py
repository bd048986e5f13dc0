"""The second page: what answers here, how good it is, and what it cannot do."""

import os

import streamlit as st

from brain_tumor.model.card import Card
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.series_words import describe_series_rule
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, MAP_TITLES, render_count, render_missing
from page.layout import usable_classifier
from page.literal import literal, literal_sentence
from page.model_facts import (
    HOW_EVALUATED,
    OWN_MODEL,
    YOUR_FILES,
    accuracy_rows,
    describe_doubt,
    describe_figures,
    describe_gate,
    describe_model,
    describe_terms,
    gate_rows,
    list_limits,
    list_maps,
    source_rows,
    terms_rows,
)


def show() -> None:
    """Draw the page from top to bottom."""
    st.title("About the model", anchor=False)
    classifier = usable_classifier()
    if classifier is None:
        return
    card = classifier.card
    st.markdown(describe_model(card))
    is_own = bool(os.environ.get("BRAIN_TUMOR_MODEL"))
    if is_own:
        st.info(OWN_MODEL, icon=":material/info:")
    show_accuracy(card, is_own)
    st.header("What it cannot do", anchor=False)
    st.markdown("\n".join(f"- {limit}" for limit in list_limits(card)))
    show_gate(card)
    show_maps(card)
    st.header("Series", anchor=False)
    st.markdown(literal_sentence(describe_series_rule(card.rules.classes)))
    show_terms(card)
    st.header("Your files", anchor=False)
    st.markdown(YOUR_FILES)
    show_card(card)
    show_gate_rates(card)


def show_accuracy(card: Card, is_own: bool) -> None:
    """How good it is, and how that was found out.

    Args:
        card: of the model.
        is_own: whether it is another one than the one that comes with the program.
    """
    st.header("How good it is", anchor=False)
    elsewhere, here = source_rows(card), accuracy_rows(card)
    if elsewhere:
        st.caption("Images of other sources")
        st.table(
            _transpose(elsewhere, "Images"),
            hide_index=True,
            border="horizontal",
            alt="Figures on images of other sources",
        )
    if here:
        st.caption("Test images of the network's own data set")
        st.table(
            _transpose(here, "Test images"),
            hide_index=True,
            border="horizontal",
            alt="Accuracy on each set of test images",
        )
    else:
        st.markdown("The card of this model file holds no measured figures.")
    if elsewhere or here:  # what it says is of these figures, and not of a model without any
        st.markdown(describe_figures(card) if is_own else f"{HOW_EVALUATED} {describe_figures(card)}")


def _transpose(rows: list[dict[str, str]], heading: str) -> dict[str, list[str]]:
    # Rows become columns: a phone shows two sets of images better than ten figures beside each other. Cells and
    # headings are Markdown, and the texts are the card's.
    measures = [name for name in rows[0] if name != heading]
    return {"Measure": [literal_sentence(name) for name in measures]} | {
        literal_sentence(row[heading]): [literal_sentence(row[name]) for name in measures] for row in rows
    }


def show_maps(card: Card) -> None:
    """What the heat maps of this model show."""
    st.header("Heat maps", anchor=False)
    maps = list_maps(card)
    if len(maps) < len(MapKind):
        st.markdown(render_missing([kind for kind in MapKind if kind not in maps]))
    st.markdown("\n".join(f"- **{MAP_TITLES[kind]}**: {MAP_EXPLANATIONS[kind]}" for kind in maps))


def show_terms(card: Card) -> None:
    """What trained the network, and under which terms; the sources behind a line, as they can be many."""
    st.header("What trained it", anchor=False)
    st.markdown(literal_sentence(describe_terms(card)))
    gate = f"More images that its check for {literal(card.rules.subject)} was fitted on"
    for title, rows in (
        ("The images that trained it", terms_rows(card, "sources")),
        (gate, terms_rows(card, "gate_sources")),
    ):
        if rows:
            with st.expander(f"{title}: {render_count(len(rows), 'source')}"):
                # A list, as a table of four columns would have to be scrolled on a phone.
                st.markdown("\n".join(f"- {describe_source(row)}" for row in rows))


def describe_source(row: dict[str, str]) -> str:
    """One row of `terms_rows` as Markdown; the texts are the card's, which may be a person's own."""
    shows, origin, terms = (literal_sentence(row[key]) for key in ("Shows", "Origin", "Terms"))
    return f"**{literal(row['Source'])}**: {shows}. Origin: {origin}. Terms: {terms}."


def show_gate(card: Card) -> None:
    """The check for brain MRI, and doubt."""
    st.header(f"The check for {literal(card.rules.subject)}, and doubt", anchor=False)
    st.markdown(describe_gate(card))
    st.markdown(describe_doubt(card))


def show_gate_rates(card: Card) -> None:
    """What passed the check: long, so behind a line at the end."""
    if rows := gate_rows(card):
        subject = literal(card.rules.subject)
        with st.expander(f"What passed the check for {subject}: {len(rows)} sources of pictures"):
            table = {name: [literal_sentence(row[name]) for row in rows] for name in rows[0]}
            st.table(
                table,
                hide_index=True,
                border="horizontal",
                alt=f"Pictures that passed the check for {card.rules.subject}",
            )


def show_card(card: Card) -> None:
    """Everything that stands in the model file."""
    st.header("The card", anchor=False)
    st.download_button(
        "The whole card as JSON", card.to_json, f"{card.model_id}.json", "application/json", icon=":material/download:"
    )
