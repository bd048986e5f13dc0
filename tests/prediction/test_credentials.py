"""Credentials for archives: which forms are read, and that no message shows them."""

from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.prediction.credentials import VARIABLE, Basic, Bearer, Credentials, read_credentials


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bearer abc.def\n", Bearer("abc.def")),
        ("bearer abc", Bearer("abc")),
        ("doctor:pass:word\n", Basic("doctor", "pass:word")),
        ("doctor:", Basic("doctor", "")),
    ],
)
def test_a_file_and_the_environment_are_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: Credentials
) -> None:
    (tmp_path / "key").write_text(text)
    assert read_credentials(tmp_path / "key") == found
    monkeypatch.setenv(VARIABLE, text)
    assert read_credentials(None) == found


def test_without_both_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_credentials(None) is None


@pytest.mark.parametrize("text", ["", "secretword", "Bearer ", "Bearer two words", "a:secretword\nb:c", "a:b\0"])
def test_other_forms_are_errors_that_show_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(BrainTumorError, match="Bearer TOKEN or USER:PASSWORD") as error:
        read_credentials(tmp_path / "key")
    assert "secretword" not in str(error.value)


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrainTumorError, match="cannot be read"):
        read_credentials(tmp_path / "missing")


def test_credentials_do_not_show_themselves() -> None:
    assert "secretword" not in repr(Bearer("secretword")) + repr(Basic("user", "secretword"))
