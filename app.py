"""The web page, widgets and calls only: ``streamlit run app.py``."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit.runtime.scriptrunner import get_script_run_ctx

from brain_tumor import Classifier, load_classifier
from brain_tumor.decision.verdict import Status
from brain_tumor.errors import BrainTumorError, ModelFileError
from brain_tumor.input.reader import ACCEPTED, MAX_SCAN_BYTES
from brain_tumor.labels import Label
from brain_tumor.model.card import Card
from brain_tumor.presentation.about import render_about
from brain_tumor.presentation.charts import format_percent, probability_chart
from brain_tumor.presentation.entry import Answer, Entry, to_entry, to_error_entry
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH
from brain_tumor.presentation.rows import COLUMNS, LOCATION_COLUMNS
from brain_tumor.presentation.wording import EXPLANATIONS, MAP_EXPLANATIONS, MAP_TITLES, NOTICE, TITLES
from brain_tumor.presentation.writers import render_csv

SAMPLES = Path(__file__).parent / "samples"
# A session's uploads stay in the server's memory; 500 slices are a large study.
MAX_FILES = 500
# Images with their charts on one screen page; more make a browser slow.
PAGE_SIZE = 8
PICTURE_PX = 260
# Only a folder is filtered: among single files, whatever a person picks deserves an answer.
FOLDER_ENDINGS = ("png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp")

Color = Literal["blue", "orange", "gray"]
BADGES: dict[Status, tuple[str, Color]] = {
    Status.CLASSIFIED: (":material/check_circle:", "blue"),
    Status.UNCERTAIN: (":material/help:", "orange"),
    Status.NOT_A_BRAIN_MRI: (":material/block:", "gray"),
}
HEADLINES = {
    Status.CLASSIFIED: "{label}",
    Status.UNCERTAIN: "Perhaps {label}",
    Status.NOT_A_BRAIN_MRI: "Not analysed",
}
COUNTED = {
    **{status.value: TITLES[status].split(" - ")[0].lower() for status in Status},
    "error": "not read",
}
# The notice stays in view while the results scroll by, below Streamlit's own header. The blur hides what
# passes behind it in every theme.
STYLE = """<style>
.stMainBlockContainer { padding-top: 3.75rem; }
div:has(> .st-key-notice) { position: sticky; top: 3.75rem; z-index: 50; backdrop-filter: blur(16px); }
</style>"""


class Source(NamedTuple):
    """One file to answer; its content is read when it is needed."""

    key: str
    name: str
    read: Callable[[], bytes]


@st.cache_resource(show_spinner="Loading the model")
def shared_classifier() -> Classifier:
    """One classifier for all sessions of this server; it locks itself."""
    return load_classifier()


def main() -> None:
    """Draw the page from top to bottom."""
    # Starlette would put uploads above 1 MB into a temporary file; here they stay in memory.
    MultiPartParser.spool_max_size = MAX_SCAN_BYTES
    st.set_page_config(page_title="Brain tumor MRI", layout="wide")
    st.html(STYLE)
    st.title("Brain tumor MRI", anchor=False)
    st.write("Names the kind of tumor on an MRI slice of the brain, and how sure the network is.")
    with st.container(key="notice"):
        st.warning(NOTICE, icon=":material/science:")
    try:
        classifier = shared_classifier()
    except ModelFileError as error:
        st.error("The model file cannot be used, so nothing can be classified.", icon=":material/error:")
        st.text(str(error))
        return
    sources = choose_sources()
    if entries := answer(classifier, sources):
        show_results(entries)
    show_about(classifier.card)


def choose_sources() -> list[Source]:
    """The uploaders and buttons; returns the files chosen so far, MAX_FILES at most."""
    # A new key is a new, empty uploader; see clear_all.
    turn = st.session_state.setdefault("turn", 0)
    images, folder = st.tabs(["Images", "A whole folder"])
    uploads = images.file_uploader(
        f"MRI slices of the brain: {ACCEPTED}", accept_multiple_files=True, key=f"images-{turn}"
    )
    study = folder.file_uploader(
        f"A folder with {ACCEPTED}", FOLDER_ENDINGS, accept_multiple_files="directory", key=f"folder-{turn}"
    )
    # A browser sends a folder's files in no particular order.
    uploads += sorted(study, key=lambda upload: upload.name)
    with st.container(horizontal=True):
        if st.button("Try the examples", icon=":material/image:"):
            st.session_state["examples"] = True
        st.button("Clear all", icon=":material/delete:", on_click=clear_all)
    sources = [Source(upload.file_id, upload.name, upload.getvalue) for upload in uploads]
    if st.session_state.get("examples"):
        st.caption(
            "Examples: an average of 152 healthy brains, the same with a lesion drawn by a program, and a colour chart."
        )
        sources += [Source(path.name, path.name, path.read_bytes) for path in sorted(SAMPLES.glob("*.png"))]
    if len(sources) > MAX_FILES:
        st.warning(
            f"{len(sources)} files were chosen; the first {MAX_FILES} are answered. "
            "Clear all and choose the rest, or use the command line: `brain-tumor predict`."
        )
    return sources[:MAX_FILES]


def clear_all() -> None:
    """Forget every upload and answer of this session."""
    context = get_script_run_ctx()
    if context is not None:
        # Without this, Streamlit keeps the bytes until the browser leaves the page.
        context.uploaded_file_mgr.remove_session_files(context.session_id)
    turn = st.session_state["turn"]
    st.session_state.clear()
    st.session_state["turn"] = turn + 1


def answer(classifier: Classifier, sources: Sequence[Source]) -> dict[str, Entry]:
    """Answer each file once, whatever is clicked later; forget those that were removed. Entries by their keys."""
    known: dict[str, Entry] = st.session_state.setdefault("entries", {})
    for gone in known.keys() - {source.key for source in sources}:
        del known[gone]
    new = [source for source in sources if source.key not in known]
    if new:
        progress = st.progress(0.0)
        for done, source in enumerate(new):
            progress.progress(done / len(new), f"Classifying {done + 1} of {len(new)}")
            known[source.key] = classify(classifier, source)
        progress.empty()
    return {source.key: known[source.key] for source in sources}


def classify(classifier: Classifier, source: Source) -> Entry:
    """The answer for one file, or the message why there is none."""
    try:
        return to_entry(classifier.classify(source.read(), source.name))
    except BrainTumorError as error:
        return to_error_entry(source.name, str(error), classifier.card.model_id)


def show_results(results: Mapping[str, Entry]) -> None:
    """The counts, one card per image, and the table of all."""
    entries = list(results.values())
    st.header("Results", anchor=False)
    counts = Counter(str(entry.row["status"]) for entry in entries)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.write(", ".join(f"**{counts[key]}** {word}" for key, word in COUNTED.items() if counts[key]))
        st.download_button(
            "Download as CSV",
            render_csv(entry.row for entry in entries),
            "brain-tumor-results.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
    one_by_one, table = st.tabs(["Image by image", "Table of all results"])
    with one_by_one:
        for key in choose_page(list(results)):
            show_entry(key, results[key])
    with table:
        show_table(entries)


def choose_page(keys: Sequence[str]) -> Sequence[str]:
    """The entries of the screen page that is turned to, by their keys."""
    st.caption("Images appear small and in grey, as the network sees them.")
    if len(keys) <= PAGE_SIZE:
        return keys
    page = st.pagination(-(-len(keys) // PAGE_SIZE), key="page")
    return keys[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def show_entry(key: str, entry: Entry) -> None:
    """One card. A file's name may hold Markdown or HTML, so it only ever goes through st.text."""
    with st.container(border=True):
        st.text(entry.name)
        if entry.answer is not None:
            show_answer(key, entry.name, entry.answer)
        else:
            st.badge("Not read", icon=":material/error:", color="red")
            st.text(entry.row["reason"])


def show_answer(key: str, name: str, answer: Answer) -> None:
    """The image and the verdict in words beside the four probabilities as a table and a chart."""
    finding, numbers = st.columns([5, 3])
    with finding:
        show_finding(key, name, answer)
    with numbers:
        show_probabilities(answer)


@st.fragment  # so that choosing a heat map draws this image again, and nothing else of the page
def show_finding(key: str, name: str, answer: Answer) -> None:
    """The image, plain or under a heat map, and what is said of it."""
    picture, words = st.columns([2, 3])
    with words:
        show_verdict(answer)
        kind, strength = choose_map(key, answer)
    shown = f", under its heat map {MAP_TITLES[kind]}" if kind else ""
    picture.image(answer.render_picture(kind, strength), width=PICTURE_PX, alt=f"The image {name}{shown}")


def show_verdict(answer: Answer) -> None:
    """The verdict in words."""
    status, label = answer.verdict.status, answer.verdict.label
    icon, color = BADGES[status]
    st.badge(TITLES[status], icon=icon, color=color)
    st.subheader(HEADLINES[status].format(label=label), anchor=False)
    if answer.confidence is not None:
        st.markdown(f"Final class **{label}**, confidence **{format_percent(answer.confidence)}**")
    else:
        st.markdown(f":gray[Final class {label} by rule, no confidence]")
    if answer.verdict.reason:
        st.markdown(f"{answer.verdict.reason[0].upper()}{answer.verdict.reason[1:]}.")
    st.caption(EXPLANATIONS[status])


def choose_map(key: str, answer: Answer) -> tuple[MapKind | None, float]:
    """The heat map to show and how strongly; says which it is, what it shows, and whether a tumor was located."""
    kind, strength = None, DEFAULT_STRENGTH
    if answer.maps:
        kind = st.radio(
            "Heat map",
            [None, *answer.maps],
            format_func=lambda one: MAP_TITLES[one] if one else "none",
            horizontal=True,
            key=f"map-{key}",
        )
    if kind:
        strength = st.slider("Strength of the colour", 0.0, 1.0, DEFAULT_STRENGTH, 0.05, key=f"strength-{key}")
        st.caption(f"**Heat map: {MAP_TITLES[kind]}.** {MAP_EXPLANATIONS[kind]}")
    st.caption(answer.map_state)
    return kind, strength


def show_probabilities(answer: Answer) -> None:
    """Table and chart; greyed and labelled where the numbers mean nothing."""
    meaningful = answer.verdict.status is not Status.NOT_A_BRAIN_MRI
    texts = {label: format_percent(answer.probabilities[label]) for label in Label}
    cell, heading = ("{}", "Probability") if meaningful else (":gray[{}]", "Probability (not meaningful)")
    st.table(
        {
            "Class": [cell.format(label) for label in Label],
            # A cell is Markdown, where a line that starts with ">" is a quotation.
            heading: [cell.format(text.replace(">", "\\>")) for text in texts.values()],
        },
        hide_index=True,
        border="horizontal",
        alt="Probability of each class",
    )
    st.vega_lite_chart(
        probability_chart(answer.probabilities, answer.verdict.status),
        alt=f"{heading}: " + ", ".join(f"{label} {text}" for label, text in texts.items()),
    )


def show_table(entries: Sequence[Entry]) -> None:
    """All results, sortable. A class that is no finding says so in its own cell."""
    percent = st.column_config.NumberColumn(format="percent")
    shown = [
        {**entry.row, "class": f"{entry.row['class']} (not analysed)"}
        if entry.row["status"] == Status.NOT_A_BRAIN_MRI
        else entry.row
        for entry in entries
    ]
    located = any(entry.row["location_score"] is not None for entry in entries)
    st.dataframe(
        shown,
        hide_index=True,
        column_order=[name for name in COLUMNS if located or name not in LOCATION_COLUMNS],
        column_config={name: percent for name in COLUMNS if name == "confidence" or name.startswith("p_")},
        placeholder="",
        alt="Results of all images",
    )


def show_about(card: Card) -> None:
    """What answers here, how good it is, and what it cannot do."""
    st.divider()
    st.header("About the model", anchor=False)
    st.markdown(render_about(card))


if __name__ == "__main__":
    main()
