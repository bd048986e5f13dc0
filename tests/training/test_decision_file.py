import json
from dataclasses import fields
from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor_training.decision_file import Decision, read_decision, write_decision

DECISION = Decision(
    temperature=1.5,
    min_probability=0.5,
    min_margin=0.1,
    max_chroma=0.1,
    gate_weights=(0.25, -1.0),
    gate_bias=0.5,
    min_gate_score=-1.0,
    min_location=None,
    min_sure_gate_score=0.0,
    min_familiarity=-3.0,
    min_no_tumor=None,
    min_tumor=0.9,
    coverage={"clinic, tumor": {"images": 3}},
    gate_rates={"photo": {"test_images": 2}},
    reference={"images": 5},
)


def test_a_decision_reads_as_it_was_written(tmp_path: Path) -> None:
    write_decision(DECISION, tmp_path)
    assert read_decision(tmp_path) == DECISION


def test_every_number_stands_in_the_file_under_its_name(tmp_path: Path) -> None:
    write_decision(DECISION, tmp_path)
    written = json.loads((tmp_path / "decision.json").read_text(encoding="utf-8"))
    assert list(written) == [field.name for field in fields(Decision)]


def test_a_run_without_a_decision_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run brain-tumor-train fit-decision first"):
        read_decision(tmp_path)
