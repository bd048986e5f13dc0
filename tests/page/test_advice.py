import pytest

from brain_tumor.decision.reasons import Reason
from page.advice import ADVICE


@pytest.mark.parametrize("reason", Reason)
def test_every_rejection_and_every_doubt_says_what_to_do(reason: Reason) -> None:
    assert ADVICE[reason].endswith(".")
