"""The key that callers send, where the service asks for one."""

import hmac
from pathlib import Path

from brain_tumor.errors import ConfigurationError

# 16 bytes as hexadecimal digits are 32; fewer than 16 characters can be guessed.
MIN_CHARACTERS = 16


class ApiKey:
    """A key, to be compared with what is sent; it is in no message and no log."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def accepts(self, authorization: str | None) -> bool:
        """Whether this is the header 'Authorization: Bearer KEY' (RFC 6750); takes as long for any wrong key."""
        scheme, _, sent = (authorization or "").partition(" ")
        is_same = hmac.compare_digest(sent.strip().encode("utf-8", "replace"), self._key)
        return is_same and scheme.lower() == "bearer"


def read_api_key(file: Path | None) -> ApiKey | None:
    """The key in a file, spaces and line ends around it left out; None without a file.

    Raises:
        ConfigurationError: it cannot be read, or holds no such key.
    """
    if file is None:
        return None
    try:
        key = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(f"{file}: the key cannot be read ({error.strerror}); check api_key_file") from None
    except UnicodeDecodeError:
        key = ""
    if len(key) < MIN_CHARACTERS or not key.isprintable() or " " in key:
        raise ConfigurationError(
            f"{file}: holds no key of {MIN_CHARACTERS} or more letters, digits and signs of ASCII; "
            "make one with: openssl rand -hex 32"
        )
    return ApiKey(key)
