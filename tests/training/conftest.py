"""Fixtures of the training tests: drawn data, a small network, and one whole run with the real Xception."""

import os
from pathlib import Path

import pytest

from tests.training.drawn import write_tree

# TensorFlow speaks at length unless it is told not to before it is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of drawn slices: eight training and two test images per class. Not to be changed."""
    return write_tree(tmp_path_factory.mktemp("data"))
