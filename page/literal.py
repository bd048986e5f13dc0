"""Names inside Markdown, character for character."""

import re

# Backslashes switch off Markdown, but Streamlit reads :smile: and :red[...] after them: a space of no width ends these.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_NO_WIDTH = "\u200b"
# In a sentence, what Markdown and Streamlit read: signs anywhere, signs of a block at its beginning, names of symbols.
_IN_SENTENCES = re.compile(r"[\\`*_{}\[\]<#|~$^]|^[>+-]|^\d+(?=[.)]\s)|:(?=\S)")


def literal(text: str) -> str:
    """Markdown that shows the text as it is.

    Args:
        text: any, above all a file's name, which may hold Markdown or HTML.
    """
    unwrapped = " ".join(text.split())
    return _PUNCTUATION.sub(r"\\\1", unwrapped).replace("\\:", f"\\:{_NO_WIDTH}")


def literal_sentence(text: str) -> str:
    """Markdown that shows a sentence of the program as it is, with the names in it.

    Args:
        text: words of the program around a name that it did not choose, such as a class of a person's own model.
    """
    unwrapped = " ".join(text.split())
    return _IN_SENTENCES.sub(_escape, unwrapped)


def _escape(sign: re.Match[str]) -> str:
    if sign[0].isdigit():
        return f"{sign[0]}{_NO_WIDTH}"
    return f"\\{sign[0]}{_NO_WIDTH if sign[0] == ':' else ''}"
