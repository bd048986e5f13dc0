"""A file's name inside Markdown, character for character."""

import re

# Backslashes switch off Markdown, but Streamlit reads :smile: and :red[...] after them: a space of no width ends these.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_NO_WIDTH = "\u200b"


def literal(text: str) -> str:
    """Markdown that shows the text as it is.

    Args:
        text: any, above all a file's name, which may hold Markdown or HTML.
    """
    unwrapped = " ".join(text.split())
    return _PUNCTUATION.sub(r"\\\1", unwrapped).replace("\\:", f"\\:{_NO_WIDTH}")
