import string
from typing import Any

import pytest

from brain_tumor.service.refusals import Refusal, RefusedError


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_is_a_whole_problem_document(refusal: Refusal) -> None:
    facts: dict[str, Any] = {
        name: 3 if spec else "Three" for _, name, spec, _ in string.Formatter().parse(refusal.words) if name
    }
    problem = RefusedError(refusal, **facts).to_problem("1")
    assert (problem["status"], problem["code"], problem["title"]) == (refusal.status, refusal.value, refusal.heading)
    assert 400 <= refusal.status < 600
    assert "{" not in problem["detail"] and problem["detail"][0].isupper() and problem["detail"].endswith(".")


def test_every_code_is_another() -> None:
    assert len({refusal.value for refusal in Refusal}) == len(Refusal)


def test_the_head_says_when_to_come_again_and_how_to_send_a_key() -> None:
    assert RefusedError(Refusal.TOO_BUSY, retry_after_s=7, found="9").headers()["Retry-After"] == "7"
    assert RefusedError(Refusal.UNAUTHORIZED).headers()["WWW-Authenticate"] == "Bearer"
    assert set(RefusedError(Refusal.NOT_FOUND).headers()) == {"Content-Type"}
