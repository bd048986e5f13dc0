import threading
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.configuration import ModelSettings
from brain_tumor.errors import ModelFileError
from brain_tumor.service.loading import LoadedModel, Loading, load_model
from tests.service.forms import scripted_model


def run(load: Any) -> tuple[Loading, list[Any]]:
    """What was called, after the thread has ended; `failed` stands for the second callback and its error."""
    done, calls = threading.Event(), list[Any]()

    def note(call: Any) -> None:
        calls.append(call)
        done.set()

    loading = Loading(load, note, lambda: note(("failed", loading.error)))
    assert calls == []  # before it starts
    loading.start()
    assert done.wait(30)
    return loading, calls


def test_a_network_is_handed_over_once() -> None:
    loading, calls = run(scripted_model())
    assert len(calls) == 1 and isinstance(calls[0], LoadedModel) and loading.error is None


def test_a_failure_is_kept_before_anybody_hears_of_it() -> None:
    error = ModelFileError("a.tfliteA: is damaged")

    def load() -> LoadedModel:
        raise error

    assert run(load)[1] == [("failed", error)]


def test_a_file_that_is_no_model_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "scan.tfliteA"
    path.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match=r"scan\.tfliteA"):
        load_model(ModelSettings(file=path))
