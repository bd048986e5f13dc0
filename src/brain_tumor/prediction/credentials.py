"""Credentials for an archive, that no command line shows."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from brain_tumor.errors import BrainTumorError

VARIABLE = "BRAIN_TUMOR_DICOMWEB_CREDENTIALS"
_FORMS = "one line, Bearer TOKEN or USER:PASSWORD"


@dataclass(frozen=True, slots=True, repr=False)
class Bearer:
    """A token."""

    token: str


@dataclass(frozen=True, slots=True, repr=False)
class Basic:
    """A name and a password."""

    user: str
    password: str


Credentials: TypeAlias = Bearer | Basic


def read_credentials(file: Path | None) -> Credentials | None:
    """The credentials in a file, else in the environment variable; None where there are none.

    Raises:
        BrainTumorError: they cannot be read, or are of another form; the message does not show them.
    """
    if file is None:
        return _to_credentials(os.environ.get(VARIABLE, ""), VARIABLE)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise BrainTumorError(f"{file}: the credentials cannot be read ({reason}); give a file of {_FORMS}") from None
    if found := _to_credentials(text, str(file)):
        return found
    raise BrainTumorError(f"{file}: holds no credentials; write {_FORMS}")


def _to_credentials(text: str, where: str) -> Credentials | None:
    line = text.strip()
    if not line:
        return None
    scheme, _, token = line.partition(" ")
    if not line.isprintable():
        raise BrainTumorError(f"{where}: holds several lines or unusual characters; give {_FORMS}")
    if scheme.lower() == "bearer":
        if not token.strip().isascii() or not token.strip() or " " in token.strip():
            raise BrainTumorError(f"{where}: holds no token after Bearer; give {_FORMS}")
        return Bearer(token.strip())
    user, colon, password = line.partition(":")
    if not colon:
        raise BrainTumorError(f"{where}: holds neither a token nor a name and a password; give {_FORMS}")
    return Basic(user, password)
