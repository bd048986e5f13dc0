from typing import Any

import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.fit_check.reference import STEPS, read_reference
from tests.factories import make_card, make_rules
from tests.fit_check.archive import REFERENCE, make_reference, make_reference_card


def test_a_reference_has_a_quantile_for_each_step_of_five_per_cent() -> None:
    reference = make_reference()
    assert (reference.images, reference.rejected, reference.uncertain) == (400, 0.02, 0.18)
    assert dict(zip(STEPS, reference.gate_score, strict=True))[0.5] == 5.0
    assert dict(zip(STEPS, reference.familiarity, strict=True))[0.05] == pytest.approx(-1.9)


def test_what_is_neither_rejected_nor_uncertain_is_answered() -> None:
    assert make_reference().answered == pytest.approx(0.8)


@pytest.mark.parametrize("about", [{}, {"reference": {}}, {"reference": None}])
def test_a_card_without_a_reference_says_what_to_do(about: dict[str, Any]) -> None:
    card = make_card(rules=make_rules(min_familiarity=-2.0), about=about)
    with pytest.raises(ModelFileError, match=r"model test-1: its card does not say .*; name a newer file with --model"):
        read_reference(card)


def test_a_reference_is_of_no_use_where_the_rules_know_no_familiarity() -> None:
    with pytest.raises(ModelFileError, match="name a newer file"):
        read_reference(make_card(about={"reference": REFERENCE}))


@pytest.mark.parametrize(
    "changes",
    [
        {"gate_score": [0.0] * 20},
        {"familiarity": [-1.0] * 20 + [float("nan")]},
        {"familiarity": [-1.0] * 20 + [-2.0]},
        {"gate_score": None},
        {"rejected": 1.5},
        {"uncertain": "many"},
        {"images": None},
    ],
)
def test_a_damaged_reference_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError, match="the reference in its card is incomplete"):
        read_reference(make_reference_card(**changes))
