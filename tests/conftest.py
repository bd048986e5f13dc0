"""Fixtures that need the shipped network."""

from pathlib import Path

import pytest

from brain_tumor.classifier import Classifier
from brain_tumor.model.model_file import DEFAULT_NAME, ModelFile, load_model_file


@pytest.fixture(autouse=True)
def _shipped_model(monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests are about the file in this checkout, whatever the person running them uses otherwise.
    monkeypatch.delenv("BRAIN_TUMOR_MODEL", raising=False)


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Where the shipped network lies."""
    return Path(__file__).parents[1] / DEFAULT_NAME


@pytest.fixture(scope="session")
def model(model_path: Path) -> ModelFile:
    """The shipped network, checked and taken apart."""
    return load_model_file(model_path)


@pytest.fixture(scope="session")
def classifier(model: ModelFile) -> Classifier:
    """The shipped network, ready to answer."""
    return Classifier.from_model_file(model)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of one file share one process, since they share what is slow to make, and those of training too."""
    for item in items:
        place = item.path.relative_to(Path(__file__).parent)
        item.add_marker(pytest.mark.xdist_group(place.parts[0] if place.parts[0] == "training" else str(place)))
