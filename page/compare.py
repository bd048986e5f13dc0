"""The third page: the same images through two model files, side by side."""

from collections.abc import Sequence
from itertools import islice

import streamlit as st

from brain_tumor import Classifier
from brain_tumor.errors import ModelFileError
from brain_tumor.input.formats import MAX_SCAN_BYTES
from brain_tumor.input.series import ReadOptions, Slice
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile
from brain_tumor.model.model_file import DEFAULT_NAME, read_model_file
from brain_tumor.presentation.wording import headline, render_count
from brain_tumor.problems import ACCEPTED
from page.classify import SAMPLES
from page.differences import is_other_answer, name_differences, name_status
from page.fair_queue import QUEUE
from page.layout import usable_classifier
from page.literal import literal_sentence
from page.slice_record import SliceRecord, to_slice_record
from page.slice_view import show_badge, show_numbers, show_picture
from page.upload_manager import MAX_UPLOAD_BYTES, show_uploaders

# Two answers and four charts for each; a systematic comparison is `brain-tumor evaluate` with each model.
MAX_SLICES = 24


@st.cache_resource(show_spinner="Loading the second model", max_entries=1)
def second_classifier(file_id: str, _data: bytes, name: str) -> Classifier:
    """A model file that was sent; one for the whole server, because each takes a hundred megabytes.

    Args:
        file_id: tells files apart without comparing their bytes.
        _data: the file's content.
        name: of the file, for messages.

    Raises:
        ModelFileError: it is no model file, or it is damaged.
    """
    return Classifier.from_model_file(read_model_file(_data, name))


def show() -> None:
    """Draw the page from top to bottom."""
    show_uploaders("compare")
    st.title("Compare two models", anchor=False)
    st.write(
        "See on a few images where a model file of your own answers otherwise than this page's; `brain-tumor compare` "
        "tells how good each is, on many labelled images."
    )
    first = usable_classifier()
    if first is None:
        return
    second = choose_model()
    slices = choose_slices()
    if second is None:
        st.info("Choose a second model file to begin.")
    elif slices:
        show_comparison(first, second, slices)


def choose_model() -> Classifier | None:
    """The second model, or None with a message where there is none or it cannot be used."""
    st.header("Second model", anchor=False)
    upload = st.file_uploader(
        f"A model file such as {DEFAULT_NAME}", key="second-model", max_upload_size=MAX_UPLOAD_BYTES // 2**20
    )
    if upload is None:
        return None
    try:
        return second_classifier(upload.file_id, upload.getvalue(), upload.name)
    except ModelFileError as error:
        st.error("This model file cannot be used.", icon=":material/error:")
        st.text(str(error))
        return None


def choose_slices() -> list[SourceFile]:
    """The images to compare with, the examples where none was sent."""
    st.header("Images", anchor=False)
    uploads = st.file_uploader(
        f"Images: {ACCEPTED}",
        accept_multiple_files=True,
        key="compared",
        max_upload_size=MAX_SCAN_BYTES // 2**20,
    )
    if uploads:
        return [SourceFile(upload.name, upload.getvalue) for upload in uploads]
    st.caption("Until you send some, the three examples are compared.")
    return [SourceFile(path.name, path.read_bytes) for path in sorted(SAMPLES.glob("*.png"))]


def show_comparison(first: Classifier, second: Classifier, files: Sequence[SourceFile]) -> None:
    """Both models' answers, what differs between them, and the table of all."""
    with QUEUE.exclusive():
        opened = (slice_ for series in open_series(files, ReadOptions()) for slice_ in series.slices)
        slices = list(islice(opened, MAX_SLICES + 1))
    if len(slices) > MAX_SLICES:
        st.warning(f"The first {MAX_SLICES} slices are compared.", icon=":material/rule:")
    pairs: list[tuple[SliceRecord, SliceRecord]] = []
    bar = st.progress(0.0, "Comparing")
    for slice_ in slices[:MAX_SLICES]:
        with QUEUE.join() as ticket:
            while not ticket.wait():
                # A message to the browser is where a click ends this run.
                bar.progress(len(pairs) / len(slices), "Comparing: waiting for other visitors")
            pairs.append((answer_slice(first, slice_), answer_slice(second, slice_)))
        bar.progress(len(pairs) / len(slices), f"Comparing: {len(pairs):,} of {render_count(len(slices), 'slice')}")
    bar.empty()
    st.header("Differences", anchor=False)
    differing = sum(is_other_answer(*pair) for pair in pairs)
    st.markdown(
        f"Another class or status: **{differing:,}** of {render_count(len(pairs), 'slice')}. First: this page's model, "
        f"`{first.card.model_id}`; second: `{second.card.model_id}`."
    )
    show_differences(pairs)
    for pair in pairs:
        show_pair(pair)


def answer_slice(model: Classifier, slice_: Slice) -> SliceRecord:
    """One model's answer for one slice."""
    return to_slice_record(next(model.classify_many([slice_])), model.card.model_id, classes=model.card.rules.classes)


def show_differences(pairs: Sequence[tuple[SliceRecord, SliceRecord]]) -> None:
    """All slices in one table."""
    st.dataframe(
        [
            {
                "File": first.name,
                "First": first.row["answer"],
                "First, status": name_status(first),
                "Second": second.row["answer"],
                "Second, status": name_status(second),
                "Differences": name_differences(first, second),
            }
            for first, second in pairs
        ],
        hide_index=True,
        placeholder="",
        alt="Answers of both models for each slice, and what differs",
    )


def show_pair(pair: tuple[SliceRecord, SliceRecord]) -> None:
    """One slice, and both answers beside each other."""
    with st.container(border=True):
        st.text(pair[0].name)
        first, second = (record.cached for record in pair)
        if first is None:
            st.badge("Not read", icon=":material/error:", color="red")
            st.text(pair[0].row["reason"])
            return
        st.markdown(f"Differences: {literal_sentence(name_differences(*pair))}")
        picture, *columns = st.columns([2, 3, 3])
        show_picture(picture, first.thumbnail, f"The slice {pair[0].name}")
        for column, cached, title in zip(columns, (first, second), ("First", "Second"), strict=True):
            if cached is not None:
                with column:
                    show_badge(cached.verdict)
                    st.subheader(f"{title}: {literal_sentence(headline(cached.verdict))}", anchor=False)
                    show_numbers(cached)
