from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor_training.drawn_negatives import DRAWN, write_drawn_negatives
from brain_tumor_training.terms import describe_terms

FITTED, REPORTED = {"seen_in_fit": True}, {"seen_in_fit": False}
CLINIC = {"shows": "heads", "origin": "a clinic", "terms": "CC BY 4.0"}
KNEES = {"shows": "knees", "origin": "a hospital", "terms": "research"}


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    lines = ["source,shows,origin,terms", "clinic,heads,a clinic,CC BY 4.0", "knee-mri,knees,a hospital,research"]
    path = tmp_path / "terms.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_what_the_gate_alone_was_fitted_on_stands_apart(terms: Path) -> None:
    rates = {"clinic": FITTED, "clinic, other lesions": FITTED, "knee-mri": FITTED, "photos": REPORTED}
    described = describe_terms(["clinic"], rates, terms)
    assert described == {"sources": {"clinic": CLINIC}, "gate_sources": {"knee-mri": KNEES}}


def test_pictures_that_the_program_draws_need_no_terms(terms: Path, tmp_path: Path) -> None:
    families = {folder.name: FITTED for folder in write_drawn_negatives(tmp_path).iterdir()}
    assert families.keys() == DRAWN
    assert describe_terms(["clinic"], families, terms)["gate_sources"] == {}


@pytest.mark.parametrize(("trained", "fitted"), [(["clinic", "elsewhere"], "knee-mri"), (["clinic"], "elsewhere")])
def test_a_source_without_terms_is_named(trained: list[str], fitted: str, terms: Path) -> None:
    with pytest.raises(DatasetError, match=r"terms\.csv: says nothing of elsewhere; add a row for each source"):
        describe_terms(trained, {fitted: FITTED}, terms)


def test_a_table_without_the_column_of_terms_is_refused(tmp_path: Path) -> None:
    (tmp_path / "terms.csv").write_text("source,shows\nclinic,heads\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"terms\.csv: has no column origin and terms"):
        describe_terms(["clinic"], {}, tmp_path / "terms.csv")
