"""Hundreds of damaged files of each format, the same ones every time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.mutations import FORMATS, mutation

# MUTATIONS=100000 looks further than a test suite has time for.
MUTATIONS = int(os.environ.get("MUTATIONS", "500"))


@pytest.mark.slow
@pytest.mark.timeout(0 if "MUTATIONS" in os.environ else 300)
@pytest.mark.parametrize("file_format", FORMATS)
def test_each_mutation_is_refused_or_read(file_format: str, tmp_path: Path) -> None:
    # In a process of its own: a decoder that crashes would end this one without a word.
    log = tmp_path / "last"
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.mutations", file_format, "0", str(MUTATIONS - 1)],
        cwd=Path(__file__).parents[2], env={**os.environ, "MUTATION_LOG": str(log)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), f"{log.read_text()}: the process ended with {done.returncode}"
    assert done.returncode == 0, done.stdout
    assert " read" in done.stdout and " refused" in done.stdout  # else all of it broke at the same place


def test_a_mutation_can_be_repeated() -> None:
    for file_format in FORMATS:
        assert mutation(file_format, 8) == mutation(file_format, 8) != mutation(file_format, 9)
