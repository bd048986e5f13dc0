"""The OpenAPI document, by a program that reads it and tries what it allows and what it forbids."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from brain_tumor.service import schema
from brain_tumor.service.refusals import Refusal
from tests.service.forms import Running, listening, running

KEY = "0123456789abcdef"
EXAMPLES = 40


def try_all(address: str, *arguments: str) -> None:
    """Every check of schemathesis on every operation."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--checks", "all"]
    bounds = ["--max-examples", str(EXAMPLES), "--seed", "1", "--workers", "2", "--no-color"]
    with tempfile.TemporaryDirectory() as folder:  # it leaves a cache where it runs
        done = subprocess.run(
            [*command, *bounds, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=110
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"Tested: 5\b", done.stdout), done.stdout
    assert int(re.findall(r"(\d+) generated", done.stdout)[-1]) > EXAMPLES


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real command, which asks for a key."""
    file = tmp_path_factory.mktemp("key") / "key"
    file.write_text(KEY)
    with running(environment={"BRAIN_TUMOR_SERVE__API_KEY_FILE": str(file)}) as service:
        yield service


@pytest.mark.slow
def test_the_service_does_what_its_document_says() -> None:
    with listening() as client:
        try_all(str(client.base_url))


@pytest.mark.slow
def test_the_real_command_does_and_asks_for_its_key(keyed: Running) -> None:
    try_all(keyed.address, "--header", f"Authorization: Bearer {KEY}")


def test_every_refusal_has_a_status_that_says_whose_turn_it_is() -> None:
    for refusal in Refusal:
        assert refusal.heading and refusal.words and refusal.value.isidentifier()
        assert refusal.status in (401, 404, 405, 408, 413, 415, 422, 500, 503)


def test_problem_documents_are_grouped_by_status() -> None:
    found = schema.refusals(Refusal.NO_FILES, Refusal.MALFORMED, Refusal.TOO_BUSY)
    assert list(found) == [422, 503]
    assert found[422]["description"] == "The form has no file; The form cannot be read"
    assert "Retry-After" in found[503]["headers"]
