"""Files on their way: how many have arrived, which were refused, and the first pictures of many before the rest."""

from pathlib import Path

import streamlit as st

from brain_tumor.presentation.wording import to_sentence
from page.upload_manager import SERVER_IS_FULL

# What a browser says of an upload that failed, and what it means; the first that it says counts.
REFUSALS = {"status code 413": to_sentence(SERVER_IS_FULL), "AxiosError": "It did not arrive; send it again."}

_KEY = "sending-data"
_component = st.components.v2.component(
    "brain_tumor_sending",
    html='<p class="sending"></p><div role="alert" class="refused"></div>',
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def draw_sending(uploaders: str, taken: int, *, is_receiving: bool, is_working: bool, answered_batch: int) -> bool:
    """Tell the browser what has become of the files that it has sent.

    Args:
        uploaders: name of those on the page.
        taken: files that were taken of them; a browser that has sent more tells again.
        is_receiving: whether the batch goes on, as far as the browser has told.
        is_working: whether the page draws itself again anyway, and takes what has arrived.
        answered_batch: the batch in parts of which something is answered, so that the rest may come; 0 for none.

    Returns:
        Whether the browser says that it has sent all it had, and that not all of it was taken.
    """
    with st.container(key="sending"):
        said = _component(
            data={
                "uploaders": uploaders,
                "taken": taken,
                "is_receiving": is_receiving,
                "is_working": is_working,
                "answered_batch": answered_batch,
                "refusals": REFUSALS,
            },
            key=_KEY,
            on_arrived_change=draw_again,
            on_all_arrived_change=draw_again,
            on_batch_change=draw_again,
        )
    return bool(said.get("all_arrived"))


def find_batch() -> int:
    """The batch that the browser is sending in two parts; 0 for none."""
    return int(st.session_state.get(_KEY, {}).get("batch") or 0)


def draw_again() -> None:
    """Callback of what the browser has to say: the page is drawn anyway."""
