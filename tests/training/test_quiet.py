import os
import sys

import pytest

from brain_tumor_training import quiet


def greet() -> None:
    os.write(2, b"This TensorFlow binary is optimized\n")  # past Python, as a library in C does


def test_what_a_backend_writes_past_python_is_not_seen_and_what_comes_later_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quiet, "_load", greet)
    quiet.load_keras_quietly()
    print("a problem", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "a problem\n"


def test_a_backend_that_is_not_installed_is_raised_and_the_standard_error_is_back(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ModuleNotFoundError):
        quiet.load_keras_quietly()
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_without_a_standard_error_it_loads_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(descriptor: int) -> int:
        raise OSError("bad file descriptor")

    loaded = list[bool]()
    monkeypatch.setattr(os, "dup", closed)
    monkeypatch.setattr(quiet, "_load", lambda: loaded.append(True))
    quiet.load_keras_quietly()
    assert loaded == [True]
