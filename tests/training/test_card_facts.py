import hashlib
import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor_training.card_facts import describe_training
from brain_tumor_training.decision_file import read_decision
from brain_tumor_training.examples import read_examples
from brain_tumor_training.run_folder import describe_run
from tests.training.drawn import Run

TERMS = """source,shows,origin,terms
even,slices,drawn,none
odd,slices,drawn,CC0
clinic,heads,a clinic,CC BY 4.0
cloth,patterns,drawn,none needed
"""


def test_the_card_has_the_terms_of_each_source_that_trained(small_finetune_run: Run, tmp_path: Path) -> None:
    (tmp_path / "terms.csv").write_text(TERMS, encoding="utf-8")
    run = small_finetune_run.folder
    decision = read_decision(run)
    about = describe_training(run, small_finetune_run.data, decision, "MIT", tmp_path / "terms.csv")
    assert set(about["sources"]) == {"even", "odd"}
    assert about["sources"]["odd"] == {"shows": "slices", "origin": "drawn", "terms": "CC0"}
    assert about["gate_sources"]["cloth"] == {"shows": "patterns", "origin": "drawn", "terms": "none needed"}


def test_tumors_of_unknown_type_are_counted_and_part_of_the_fingerprint(
    small_finetune_run: Run, tmp_path: Path
) -> None:
    run = copytree(small_finetune_run.folder, tmp_path / "run")
    first, *rest = read_examples(run / "examples.csv")
    unknown = replace(first, label=None)
    describe_run(run, [unknown, *rest], json.loads((run / "run.json").read_text(encoding="utf-8")))
    decision = read_decision(run)
    found = describe_training(run, small_finetune_run.data, decision, "MIT", None)["training_data"]
    assert found["images"][f"{first.split}/tumor"] == 1
    assert sum(found["images"].values()) == 40
    fingerprint = hashlib.sha256()
    for item in sorted([unknown, *rest], key=lambda item: item.path):
        content = hashlib.sha256((small_finetune_run.data / item.path).read_bytes()).hexdigest()
        fingerprint.update(f"{content} {item.label.slug if item.label else 'tumor'} {item.split}\n".encode())
    assert found["sha256"] == fingerprint.hexdigest()
