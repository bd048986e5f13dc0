from pathlib import Path

import pytest

from brain_tumor.errors import ConfigurationError
from brain_tumor.service.api_key import ApiKey, read_api_key

KEY = "0123456789abcdef"


def test_only_the_whole_key_as_a_bearer_is_accepted() -> None:
    key = ApiKey(KEY)
    assert key.accepts(f"Bearer {KEY}") and key.accepts(f"bearer {KEY}")
    for wrong in (
        None,
        "",
        KEY,
        f"Basic {KEY}",
        "Bearer",
        "Bearer ",
        f"Bearer {KEY}0",
        f"Bearer {KEY[:-1]}",
        "Bearer ü",
    ):
        assert not key.accepts(wrong)


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(item: bytes, other: bytes) -> bool:
        compared.append((item, other))
        return True

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert ApiKey(KEY).accepts("Bearer wrong")
    assert compared == [(b"wrong", KEY.encode())]


def test_a_key_is_the_file_s_only_word(tmp_path: Path) -> None:
    assert read_api_key(None) is None
    (tmp_path / "key").write_text(f"{KEY}\r\n")
    found = read_api_key(tmp_path / "key")
    assert found and found.accepts(f"Bearer {KEY}")


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"0123456789 abcdef", b"\xff" * 20, b"0123456789\x00abcdef"])
def test_a_file_without_a_usable_key_is_an_error_that_does_not_show_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32") as caught:
        read_api_key(tmp_path / "key")
    assert "0123456789" not in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_api_key(tmp_path / "key")
