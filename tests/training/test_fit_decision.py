import json
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import numpy as np

from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label
from brain_tumor_training import fit_decision as module
from brain_tumor_training import gate_families
from brain_tumor_training.decision_file import Decision, read_decision
from brain_tumor_training.examples import write_examples
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.fit_decision import fit_decision
from brain_tumor_training.gate_families import GateFamily
from brain_tumor_training.pipeline import View
from brain_tumor_training.run_folder import load_network
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, SplitRow, write_split
from tests.training.drawn import Run, list_examples


def test_a_decision_reads_as_it_was_written(small_run: Run) -> None:
    decision = read_decision(small_run.folder)
    assert json.loads((small_run.folder / "decision.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(asdict(decision))
    )
    assert len(decision.gate_weights) == 2048


def test_a_run_gets_its_thresholds_from_its_own_images(small_run: Run) -> None:
    decision = read_decision(small_run.folder)
    assert 0.05 <= decision.temperature <= 20
    assert 0.25 <= decision.min_probability <= 1.0
    assert 0.0 <= decision.min_margin <= 1.0
    assert set(decision.gate_rates) == {"training set", "cloth", "fence"}
    assert decision.gate_rates["training set"]["test_images"] == 8


def test_only_the_unseen_family_is_called_unseen(small_run: Run) -> None:
    rates = read_decision(small_run.folder).gate_rates
    assert {name: rate["seen_in_fit"] for name, rate in rates.items()} == {
        "training set": True,
        "cloth": True,
        "fence": False,
    }


def test_the_fit_reuses_the_features_of_the_training(small_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_forward_pass(self: Any, missing: dict[str, View], batch_size: int) -> None:
        assert not missing

    before = read_decision(small_run.folder)
    monkeypatch.setattr("brain_tumor_training.features.FeatureCache._compute", no_forward_pass)
    again = fit_decision(small_run.folder, small_run.data, [], [small_run.not_brain_mri], {"fence"}, small_run.cache)
    assert again == replace(before, gate_rates=again.gate_rates)


def refit(run: Run, not_brain_mri: list[Path], unseen: set[str]) -> None:
    fit_decision(run.folder, run.data, [], not_brain_mri, unseen, run.cache)


def test_a_gate_needs_something_to_learn_from(small_run: Run) -> None:
    with pytest.raises(DatasetError, match="give folders with --not-brain-mri, not all --unseen"):
        refit(small_run, [small_run.not_brain_mri], {"cloth", "fence"})


def test_an_unseen_family_that_is_not_there_is_named(small_run: Run) -> None:
    with pytest.raises(DatasetError, match="--unseen names ultrasound, found are training set, cloth, fence"):
        refit(small_run, [small_run.not_brain_mri], {"ultrasound"})


def test_what_the_network_was_trained_on_is_not_unseen(small_run: Run, small_finetune_run: Run) -> None:
    for run, name in ((small_run, "training set"), (small_finetune_run, "odd")):
        with pytest.raises(DatasetError, match=f"--unseen names {name}, which the network was trained on"):
            refit(run, [run.not_brain_mri], {name, "fence"})


def test_a_folder_without_families_is_refused(small_run: Run, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no subfolders; one folder per family"):
        refit(small_run, [tmp_path], set())


def test_a_family_without_images_is_refused(small_run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty: holds no images"):
        refit(small_run, [tmp_path], set())


def test_a_finetuned_run_reports_its_sources(small_finetune_run: Run) -> None:
    assert set(read_decision(small_finetune_run.folder).gate_rates) == {"even", "odd", "cloth", "fence"}


def test_only_a_network_with_a_location_head_has_a_location_threshold(small_run: Run, small_finetune_run: Run) -> None:
    assert read_decision(small_run.folder).min_location is None
    found = read_decision(small_finetune_run.folder).min_location
    assert found is not None
    assert module.MIN_LOCATION <= found <= 1


@pytest.mark.parametrize(
    ("logit", "named", "wanted"),
    [
        (2.0, Label.GLIOMA, 0.8808),
        (-5.0, Label.GLIOMA, module.MIN_LOCATION),
        (2.0, Label.NO_TUMOR, module.MIN_LOCATION),  # no location is shown, however high the map
    ],
)
def test_the_location_threshold_is_what_healthy_scans_that_are_called_a_tumor_reach(
    small_finetune_run: Run, logit: float, named: Label, wanted: float
) -> None:
    network = load_network(small_finetune_run.folder)
    cells = network.get_layer("location_head").get_layer("cells")
    kernel, bias = cells.get_weights()
    cells.set_weights([0 * kernel, 0 * bias + logit])  # this logit in every cell of every image
    classes = network.get_layer("head").get_layer("classes")
    kernel, bias = classes.get_weights()
    classes.set_weights([0 * kernel, np.array([9.0 * (label is named) for label in LABELS])])
    found = module.fit_location(network, small_finetune_run.folder, small_finetune_run.data, {})
    assert found == pytest.approx(wanted, abs=1e-4)


def test_without_healthy_validation_scans_the_lowest_location_threshold_holds(
    small_finetune_run: Run, tmp_path: Path
) -> None:
    write_split(
        [SplitRow("a.png", Label.GLIOMA, VALIDATION), SplitRow("b.png", Label.NO_TUMOR, TRAIN)], tmp_path / "split.csv"
    )
    network = load_network(small_finetune_run.folder)
    assert module.fit_location(network, tmp_path, small_finetune_run.data, {}) == module.MIN_LOCATION


def copied(run: Run, tmp_path: Path) -> Run:
    """The run in a folder that a test may change; features come from the same cache."""
    return replace(run, folder=copytree(run.folder, tmp_path / "run"))


def decide_anew(run: Run, **options: Any) -> Decision:
    return fit_decision(run.folder, run.data, [], [run.not_brain_mri], {"fence"}, run.cache, **options)


def test_familiarity_is_written_beside_the_decision_and_few_validation_images_are_below_its_limit(
    small_finetune_run: Run,
) -> None:
    run = small_finetune_run
    familiarity, decision = Familiarity.load(run.folder), read_decision(run.folder)
    assert familiarity.centre.shape == (len(decision.gate_weights),)
    # Of eight validation images the least familiar one sets the limit and is not below it.
    assert decision.reference["images"] == 8
    assert decision.reference["familiarity"][0] == pytest.approx(decision.min_familiarity, abs=1e-3)


def test_the_reference_says_how_validation_images_score(small_run: Run) -> None:
    reference = read_decision(small_run.folder).reference
    for name in ("gate_score", "familiarity"):
        assert len(reference[name]) == 21
        assert reference[name] == sorted(reference[name])
    assert all(0 <= reference[name] <= 1 for name in ("rejected", "unfamiliar", "uncertain"))
    assert reference["rejected"] + reference["uncertain"] <= 1


def test_without_a_list_neither_tumor_nor_no_tumor_is_doubted_on_its_own(small_run: Run) -> None:
    decision = read_decision(small_run.folder)
    assert (decision.min_no_tumor, decision.min_tumor, decision.coverage) == (None, None, {})


def test_thresholds_of_doubt_are_chosen_on_a_list(small_finetune_run: Run, tmp_path: Path) -> None:
    run = copied(small_finetune_run, tmp_path)
    before = read_decision(run.folder)
    tested = [example for example in list_examples(run.data) if example.split == TEST]
    write_examples(tested, tmp_path / "doubt.csv")
    decision = decide_anew(run, doubt=tmp_path / "doubt.csv")
    assert decision.min_no_tumor is not None and 0 <= decision.min_no_tumor <= 1
    assert decision.min_tumor is not None and 0 <= decision.min_tumor <= 1
    assert (decision.min_probability, decision.min_margin) == (before.min_probability, before.min_margin)
    kinds = {(item.source, "no tumor" if item.label is Label.NO_TUMOR else "tumor") for item in tested}
    assert set(decision.coverage) == {f"{source}, {kind}" for source, kind in kinds}
    assert sum(left["images"] for left in decision.coverage.values()) == len(tested) == 8
    assert all(left["sure_and_wrong"] <= left["sure"] <= left["images"] for left in decision.coverage.values())
    # One mistake of six tumors or two others is more than one or two in a hundred.
    assert sum(left["sure_and_wrong"] for left in decision.coverage.values()) == 0
    assert read_decision(run.folder) == decision


@pytest.mark.parametrize("part", [TRAIN, VALIDATION])
def test_a_list_with_what_trained_the_network_is_refused(
    small_run: Run, small_finetune_run: Run, tmp_path: Path, part: str
) -> None:
    seen = next(example for example in list_examples(small_run.data) if example.split == part)
    write_examples([replace(seen, split=TEST)], tmp_path / "doubt.csv")
    for run in (small_run, small_finetune_run):  # a run of fit has no seen.csv
        with pytest.raises(DatasetError, match=f"has 1 images that trained the network, {seen.path} first"):
            decide_anew(run, doubt=tmp_path / "doubt.csv")


def test_thresholds_of_doubt_are_taken_over_from_another_run(small_run: Run, tmp_path: Path) -> None:
    run = copied(small_run, tmp_path)
    before = read_decision(run.folder)
    other = tmp_path / "unseen"
    other.mkdir()
    chosen = replace(before, min_no_tumor=0.97, min_tumor=0.93, min_probability=0.99, temperature=9.0)
    (other / "decision.json").write_text(json.dumps(asdict(chosen)), encoding="utf-8")
    decision = decide_anew(run, doubt=other)
    assert (decision.min_no_tumor, decision.min_tumor) == (0.97, 0.93)
    assert decision.coverage == {"thresholds of": "unseen"}
    # What its own validation images said stays.
    assert (decision.temperature, decision.min_probability) == (before.temperature, before.min_probability)


def test_noted_images_neither_fit_nor_choose_nor_describe(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def own_families(run: Path, data: Path, notes: Any) -> list[GateFamily]:
        asked.append(notes)
        return gate_families.own_families(run, data, notes)

    monkeypatch.setattr(module, "own_families", own_families)
    notes = {"nowhere/a.png": "CT"}
    decide_anew(copied(small_run, tmp_path), notes=notes)
    assert asked == [notes]  # once, for the gate, for familiarity and for the reference


def test_a_noted_validation_image_sets_no_threshold(tmp_path: Path) -> None:
    rows = [SplitRow(f"clinic/{part}{n}.png", Label.GLIOMA, part) for part in (TRAIN, VALIDATION) for n in (0, 1)]
    write_split(rows, tmp_path / "split.csv")
    kept = module.validation_rows(tmp_path, {"clinic/validation0.png": "CT", "clinic/train0.png": "CT"})
    assert [row.path for row in kept] == ["clinic/validation1.png"]


def test_a_folder_that_the_run_was_not_trained_on_is_refused(small_run: Run, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"lacks \d+ of \d+ images .*; give the folder of that training with --data"):
        fit_decision(small_run.folder, tmp_path, [], [], set(), tmp_path)
