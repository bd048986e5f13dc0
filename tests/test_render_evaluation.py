import json
from pathlib import Path

from brain_tumor.evaluation.tables import render_json
from tests.evaluation.fakes import make_evaluation
from tools.render_evaluation import render_sources


def test_the_page_has_a_row_for_every_source_and_for_all_that_is_not_brain_mri(tmp_path: Path) -> None:
    lines = list(render_sources(json.loads(render_json(make_evaluation(tmp_path)))))
    rows = [line for line in lines if line.startswith("| ")]
    assert rows[0].startswith("| source | truly | images | unreadable | accepted | called a tumor |")
    assert rows[1].startswith("| cats | not brain MRI | 3 | 0 | 1 of 3, 33.3 % (6.1 to 79.2) | 1 of 3, ")
    assert rows[2].startswith("| ct | not brain MRI | 1 | 0 | 1 of 1, ")
    assert rows[3].startswith("| **all that is not brain MRI** | not brain MRI | 4 | 0 | 2 of 4, ")
    assert rows[5:] == ["| cats | it is a cat | 2 |", "| **all that is not brain MRI** | it is a cat | 2 |"]


def test_every_row_has_the_columns_of_its_heading(tmp_path: Path) -> None:
    lines = "\n".join(render_sources(json.loads(render_json(make_evaluation(tmp_path))))).splitlines()
    table = [line for line in lines if line.startswith("|")][:5]
    assert {line.count("|") for line in table} == {table[0].count("|")}


def test_an_evaluation_without_other_sources_adds_nothing() -> None:
    assert list(render_sources({"sources": None})) == list(render_sources({})) == []
