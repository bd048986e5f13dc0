import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import numpy as np
from scipy.special import softmax

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training import fit_decision as module
from brain_tumor_training.examples import Example, write_examples
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.fit_decision import (
    Decision,
    Family,
    fit_decision,
    fit_sure_threshold,
    fit_temperature,
    fit_uncertainty_threshold,
    read_decision,
)
from brain_tumor_training.pipeline import View
from brain_tumor_training.splits import TEST, TRAIN, VALIDATION, SplitRow, read_split, write_split
from brain_tumor_training.train import load_network
from tests.training.drawn import Run, list_examples

RNG = np.random.default_rng(0)
CALIBRATED = RNG.normal(scale=2.0, size=(4000, 4)).astype(np.float32)
TARGETS = np.array([RNG.choice(4, p=row) for row in softmax(CALIBRATED.astype(np.float64), axis=1)])


@pytest.mark.parametrize("factor", [3.0, 1.0, 0.5])
def test_the_temperature_undoes_a_factor_on_calibrated_logits(factor: float) -> None:
    assert fit_temperature(CALIBRATED * np.float32(factor), TARGETS) == pytest.approx(factor, rel=0.08)


def test_over_confident_logits_need_a_temperature_above_one() -> None:
    sure_and_wrong = np.array([[9, 0, 0, 0], [9, 0, 0, 0], [9, 0, 0, 0], [0, 9, 0, 0]], np.float32)
    assert fit_temperature(sure_and_wrong, np.array([0, 0, 1, 1])) > 1.5


def test_logits_that_are_always_right_still_give_a_usable_temperature() -> None:
    assert 0.05 <= fit_temperature(np.eye(4, dtype=np.float32), np.arange(4)) <= 20


TRUST = np.linspace(0.01, 1.0, 100, dtype=np.float32)  # hundred answers, surer and surer


def right_but(*wrong: int) -> Any:
    correct = np.ones(100, np.bool_)
    correct[list(wrong)] = False
    return correct


def test_nothing_is_doubted_when_every_answer_is_right() -> None:
    assert fit_uncertainty_threshold(TRUST, right_but()) == TRUST[0]


def test_the_threshold_lies_just_above_the_wrong_answers() -> None:
    assert fit_uncertainty_threshold(TRUST, right_but(0, 2)) == TRUST[3]


def test_no_more_than_a_twentieth_is_doubted() -> None:
    assert fit_uncertainty_threshold(TRUST, right_but(0, 20, 40, 60, 80)) == TRUST[5]


def test_the_order_of_the_answers_does_not_matter() -> None:
    shuffled = np.random.default_rng(1).permutation(100)
    assert fit_uncertainty_threshold(TRUST[shuffled], right_but(0, 2)[shuffled]) == TRUST[3]


# The answers of four images, surer and less sure in turn wrong; all count alike.
SURE = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
ALIKE = np.full(4, 0.25, np.float32)


def wrong(*places: int) -> Any:
    return np.isin(np.arange(4), places)


def just_above(value: float) -> float:
    return float(np.nextafter(np.float32(value), np.float32(1)))


@pytest.mark.parametrize(
    ("places", "target", "threshold"),
    [
        ((), 0.0, 0.0),  # no mistake, nothing to doubt
        ((0, 2), 0.5, 0.0),  # both mistakes are allowed
        ((0, 2), 0.25, just_above(0.7)),  # one is: the one at 0.7 must go
        ((0, 2), 0.2, just_above(0.9)),  # none is
        ((3,), 0.0, just_above(0.6)),
    ],
)
def test_mistakes_above_the_threshold_are_no_more_than_allowed(
    places: tuple[int, ...], target: float, threshold: float
) -> None:
    assert fit_sure_threshold(SURE, wrong(*places), ALIKE, target) == threshold
    shuffled = np.array([2, 0, 3, 1])
    assert fit_sure_threshold(SURE[shuffled], wrong(*places)[shuffled], ALIKE, target) == threshold


def test_a_mistake_counts_by_its_weight() -> None:
    # The surest mistake is a tenth of all, the next one half.
    weights = np.array([0.1, 0.2, 0.5, 0.2], np.float32)
    assert fit_sure_threshold(SURE, wrong(0, 2), weights, 0.15) == just_above(0.7)
    assert fit_sure_threshold(SURE, wrong(0, 2), weights, 0.05) == just_above(0.9)


def test_of_equally_sure_mistakes_all_go_where_one_is_too_much() -> None:
    assert fit_sure_threshold(np.full(4, 0.7, np.float32), wrong(0, 1), ALIKE, 0.3) == just_above(0.7)


def test_no_threshold_leaves_nothing_over() -> None:
    certain = np.full(4, 0.9999, np.float32)
    assert fit_sure_threshold(certain, wrong(0), ALIKE, 0.0) == module._HIGHEST_THRESHOLD


def make_family(name: str, brain_mri: bool, images: int = 400, part: str | None = None) -> Family:
    """A family half of which trains, the rest validates and tests in turn; or all in one part."""
    parts = tuple(part or (TRAIN, VALIDATION, TRAIN, TEST)[number % 4] for number in range(images))
    return Family(name, brain_mri, tuple(View(Path(name, str(number))) for number in range(images)), parts)


class MadeFeatures:
    """Features that point along one axis per family, with some noise; in place of a FeatureCache."""

    def __init__(self, **axes: int) -> None:
        self._axes = axes

    def features(self, views: Sequence[View]) -> tuple[Any, Any]:
        rows = np.abs(np.random.default_rng(len(views)).normal(scale=0.1, size=(len(views), 16)))
        rows[np.arange(len(views)), [self._axes[view.path.parent.name] for view in views]] += 1.0
        return rows.astype(np.float32), rows.astype(np.float32)


FAMILIES = [make_family("brain", True), make_family("body", False), make_family("photo", False)]
AXES: dict[str, int] = {"brain": 0, "body": 1, "photo": 2}


def fit_gate(families: Sequence[Family], **axes: int) -> tuple[Any, float, tuple[float, float], dict[str, Any]]:
    features: Any = MadeFeatures(**AXES, **axes)
    return module._fit_gate(families, features)


def test_the_gate_separates_families_that_differ() -> None:
    *_, rates = fit_gate(FAMILIES)
    assert [rate["test_images"] for rate in rates.values()] == [100, 100, 100]
    assert rates["brain"]["test_accepted"] >= 95
    assert rates["body"]["test_accepted"] == rates["photo"]["test_accepted"] == 0


def test_a_score_is_made_of_the_weights_on_the_direction_alone() -> None:
    weights, bias, (threshold, _), _ = fit_gate(FAMILIES)
    brain, body = np.eye(16)[0], np.eye(16)[1]
    assert brain @ weights + bias >= threshold > body @ weights + bias


def test_an_unseen_family_is_reported_and_changes_nothing() -> None:
    unseen = [make_family("cloth", False, part=TEST), make_family("atlas", True, part=TEST)]
    weights, bias, thresholds, rates = fit_gate([*FAMILIES, *unseen], cloth=3, atlas=0)
    assert (weights, bias, thresholds) == fit_gate(FAMILIES)[:3]
    assert rates["cloth"] == {
        "brain_mri": False,
        "seen_in_fit": False,
        "test_images": 400,
        "test_accepted": rates["cloth"]["test_accepted"],
        "images": 400,
        "accepted_unseen": rates["cloth"]["test_accepted"],
        "accepted_unseen_surely": rates["cloth"]["accepted_unseen_surely"],
    }
    assert rates["atlas"]["test_accepted"] >= 380


def test_each_family_that_is_no_brain_mri_is_once_left_out_of_the_fit() -> None:
    *_, rates = fit_gate(FAMILIES)
    assert "accepted_unseen" not in rates["brain"]
    # The body, never seen, is as far from the brain as a photograph.
    assert (rates["body"]["images"], rates["body"]["accepted_unseen"]) == (400, 0)
    *_, rates = fit_gate([*FAMILIES, make_family("double", False)], double=AXES["brain"])
    # What looks like the brain is accepted by a gate that has never seen it.
    assert rates["double"]["accepted_unseen"] >= 350


def test_the_thresholds_turn_away_and_doubt_no_more_than_their_shares() -> None:
    weights, bias, (threshold, sure), _ = fit_gate(FAMILIES)
    _, rows = MadeFeatures(**AXES).features(FAMILIES[0].views)
    validation = rows[np.array(FAMILIES[0].parts) == VALIDATION]
    directions = validation / np.linalg.norm(validation, axis=1, keepdims=True)
    scores = directions @ np.array(weights, np.float32) + bias
    assert threshold < sure
    # A hundred images: one or two are rejected, two or three of the others are in doubt.
    assert 0 < (scores < threshold).mean() <= module.GATE_REJECTS
    assert (scores < threshold).mean() < (scores < sure).mean() <= module.GATE_DOUBTS


def test_no_family_is_surely_accepted_more_often_than_accepted() -> None:
    # Others that look like the brain.
    *_, rates = fit_gate([*FAMILIES, make_family("double", False, part=TEST)], double=AXES["brain"])
    assert 350 <= rates["double"]["accepted_unseen_surely"] <= rates["double"]["accepted_unseen"]


def test_images_of_one_case_stay_in_one_part() -> None:
    parts = {module._part(Path(f"MPX1012_synpic{number}.jpg"), "ct") for number in range(30)}
    assert len(parts) == 1


def test_images_of_one_case_stay_in_one_part_across_families() -> None:
    parts = {module._part(Path("MPX1672_synpic40.jpg"), f"family-{number}") for number in range(30)}
    assert len(parts) == 1


def test_images_of_one_name_without_a_case_are_not_tied_across_families() -> None:
    assert {module._part(Path("000.png"), f"drawn-{number}") for number in range(30)} == {TRAIN, VALIDATION, TEST}


def test_images_without_a_case_are_spread_over_the_parts() -> None:
    parts = [module._part(Path(f"{number}.jpg"), "ct") for number in range(500)]
    assert [round(parts.count(part) / 500, 1) for part in (TRAIN, VALIDATION, TEST)] == [0.6, 0.2, 0.2]


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


def test_a_run_without_a_decision_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run brain-tumor-train fit-decision first"):
        read_decision(tmp_path)


def listed(split: str, count: int, source: str = "clinic") -> list[Example]:
    return [
        Example(f"{source}/{split}{number}.png", Label.GLIOMA, f"{split}{number}", source, split, None)
        for number in range(count)
    ]


def test_a_large_family_is_capped_in_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GATE_IMAGES", 3)
    family = module._listed_family("clinic", [*listed(TRAIN, 9), *listed(VALIDATION, 2), *listed(TEST, 4)], Path("d"))
    assert [family.parts.count(part) for part in (TRAIN, VALIDATION, TEST)] == [3, 2, 3]
    assert all(view.path.name.startswith(part) for view, part in zip(family.views, family.parts, strict=True))
    assert (family.name, family.brain_mri) == ("clinic", True)


def test_the_same_images_are_kept_whatever_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GATE_IMAGES", 3)
    examples = listed(TRAIN, 9)
    one, other = (module._listed_family("clinic", rows, Path("d")) for rows in (examples, examples[::-1]))
    assert one.views == other.views


def test_a_training_list_gives_a_family_per_source(tmp_path: Path) -> None:
    write_examples([*listed(TRAIN, 2, "one"), *listed(TEST, 3, "two")], tmp_path / "examples.csv")
    families = module._own_families(tmp_path, tmp_path / "data", {})
    assert [(family.name, len(family.views)) for family in families] == [("one", 2), ("two", 3)]
    assert families[0].views[0].path.parent == tmp_path / "data/one"


def test_noted_images_neither_fit_the_gate_nor_choose_a_threshold(tmp_path: Path) -> None:
    rows = [*listed(TRAIN, 2), *listed(VALIDATION, 2), *listed(TEST, 2)]
    write_examples(rows, tmp_path / "examples.csv")
    write_split([SplitRow(one.path, Label.GLIOMA, one.split) for one in rows], tmp_path / "split.csv")
    notes = {f"clinic/{part}0.png": "CT" for part in (TRAIN, VALIDATION, TEST)}
    (family,) = module._own_families(tmp_path, tmp_path / "data", notes)
    assert [view.path.name for view in family.views if view.path.name != "test0.png"] == [
        "train1.png",
        "validation1.png",
        "test1.png",
    ]
    assert len(family.views) == 4  # what is reported keeps them
    assert [row.path for row in module._validation_rows(tmp_path, notes)] == ["clinic/validation1.png"]


def test_a_run_without_a_list_leaves_them_out_as_well(small_run: Run) -> None:
    rows = read_split(small_run.folder / "split.csv")
    noted = next(row.path for row in rows if row.split == TRAIN)
    notes = {"/".join(Path(noted).parts[-2:]): "CT"}
    (family,) = module._own_families(small_run.folder, small_run.data, notes)
    assert len(family.views) == len(rows) - 1
    assert small_run.data / noted not in {view.path for view in family.views}


def test_noted_images_of_a_family_are_reported_but_not_fitted(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "ct").mkdir(exist_ok=True)
        (tmp_path / f"ct/{number}.png").touch()
    whole = module._split_family(tmp_path / "ct", False, set(), {})
    noted = {f"ct/{view.path.name}": "brain MRI" for view in whole.views}
    family = module._split_family(tmp_path / "ct", False, set(), noted)
    assert set(whole.parts) == {TRAIN, VALIDATION, TEST}
    assert family.parts == (TEST,) * whole.parts.count(TEST)


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
    classes.set_weights([0 * kernel, np.array([9.0 * (label is named) for label in Label])])
    found = module._fit_location(network, small_finetune_run.folder, small_finetune_run.data, {})
    assert found == pytest.approx(wanted, abs=1e-4)


def test_without_healthy_validation_scans_the_lowest_location_threshold_holds(
    small_finetune_run: Run, tmp_path: Path
) -> None:
    write_split(
        [SplitRow("a.png", Label.GLIOMA, VALIDATION), SplitRow("b.png", Label.NO_TUMOR, TRAIN)], tmp_path / "split.csv"
    )
    network = load_network(small_finetune_run.folder)
    assert module._fit_location(network, tmp_path, small_finetune_run.data, {}) == module.MIN_LOCATION


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
    tested = [one for one in list_examples(run.data) if one.split == TEST]
    write_examples(tested, tmp_path / "doubt.csv")
    decision = decide_anew(run, doubt=tmp_path / "doubt.csv")
    assert decision.min_no_tumor is not None and 0 <= decision.min_no_tumor <= 1
    assert decision.min_tumor is not None and 0 <= decision.min_tumor <= 1
    assert (decision.min_probability, decision.min_margin) == (before.min_probability, before.min_margin)
    kinds = {(one.source, "no tumor" if one.label is Label.NO_TUMOR else "tumor") for one in tested}
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
    seen = next(one for one in list_examples(small_run.data) if one.split == part)
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


INDEX = "path,source,label,family,sequence,patient,skull_stripped,split\n"


def further(tmp_path: Path, *rows: str, unseen: set[str] | None = None) -> dict[str, Family]:
    (tmp_path / "index.csv").write_text(INDEX + "\n".join(rows) + "\n", encoding="utf-8")
    return {family.name: family for family in module._further_families(tmp_path / "index.csv", unseen or set())}


def test_held_back_images_of_a_further_family_are_tested(tmp_path: Path) -> None:
    rows = [f"{n}.png,web,not-brain-mri,photo,,p{n},0,{('train', 'held-back')[n % 2]}" for n in range(200)]
    (family,) = further(tmp_path, *rows).values()
    assert (family.name, family.brain_mri) == ("photo", False)
    parts = {view.path.name: part for view, part in zip(family.views, family.parts, strict=True)}
    assert {parts[f"{n}.png"] for n in range(1, 200, 2)} == {TEST}
    assert {parts[f"{n}.png"] for n in range(0, 200, 2)} == {TRAIN, VALIDATION}
    assert 10 <= family.parts.count(VALIDATION) <= 30  # a fifth of the hundred that train


def test_a_further_family_that_is_unseen_is_only_tested(tmp_path: Path) -> None:
    rows = [f"{n}.png,web,not-brain-mri,photo,,p{n},0,train" for n in range(20)]
    (family,) = further(tmp_path, *rows, unseen={"photo"}).values()
    assert family.parts == (TEST,) * 20


def test_lesions_that_are_no_tumor_are_brain_mri_and_a_family_per_source(tmp_path: Path) -> None:
    rows = [f"{source}/{n}.png,{source},other lesion,,,p{n},0,train" for source in ("stroke", "ms") for n in range(3)]
    found = further(tmp_path, *rows, "a.png,web,not-brain-mri,photo,,p,0,train")
    assert {name: (family.brain_mri, len(family.views)) for name, family in found.items()} == {
        "ms, other lesions": (True, 3),
        "stroke, other lesions": (True, 3),
        "photo": (False, 1),
    }
    assert found["photo"].views[0].path == tmp_path / "a.png"


def test_what_the_training_list_has_is_no_further_family(tmp_path: Path) -> None:
    rows = [f"{n}.png,clinic,{label},,,p{n},0,train" for n, label in enumerate(("glioma", "tumor", "notumor"))]
    assert further(tmp_path, *rows) == {}


def test_a_patient_of_a_further_family_stays_in_one_part(tmp_path: Path) -> None:
    rows = [f"{n}.png,web,not-brain-mri,photo,,one,0,train" for n in range(20)]
    (family,) = further(tmp_path, *rows).values()
    assert len(set(family.parts)) == 1


def test_noted_images_do_not_say_what_is_familiar(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def own_families(run: Path, data: Path, notes: Any) -> list[Family]:
        asked.append(notes)
        return _own_families(run, data, notes)

    _own_families = module._own_families
    monkeypatch.setattr(module, "_own_families", own_families)
    notes = {"nowhere/a.png": "CT"}
    decide_anew(copied(small_run, tmp_path), notes=notes)
    assert asked == [notes] * 3  # of the gate, of familiarity and of the reference
