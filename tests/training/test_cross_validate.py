import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation import command, report
from brain_tumor.evaluation.run import Evaluation
from brain_tumor.evaluation.tables import render_json
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import Card
from brain_tumor_training.cross_validate import SUMMARY, Plan, Steps, cross_validate
from brain_tumor_training.recipes import RECIPES
from brain_tumor_training.splits import TEST, SplitRow, read_split
from tests.evaluation.fakes import FakeClassifier, fill
from tests.factories import make_card

FOLDS, IMAGES = 3, 8  # images of a class in a fold


class FakeWithCard(FakeClassifier):
    @property
    def card(self) -> Card:
        return make_card()


class Recorder:
    """Stands for fit, fit-decision and export: leaves their files, remembers the calls, and can be interrupted."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.interrupt_at = ""

    def steps(self) -> Steps:
        return Steps(self._fit, self._fit_decision, self._export)

    def _fit(self, rows: Sequence[SplitRow], data: Path, recipe: Any, weights: str, out: Path, *_: Any) -> None:
        self._record(f"fit {out.name}")
        out.mkdir(exist_ok=True)
        (out / "metrics.json").write_text("{}", encoding="utf-8")

    def _fit_decision(self, run: Path, *_: Any) -> None:
        self._record(f"decide {run.name}")
        (run / "decision.json").write_text("{}", encoding="utf-8")

    def _export(self, run: Path, data: Path, out: Path, parity_images: int) -> None:
        self._record(f"export {run.name}")
        out.write_bytes(b"model")

    def _record(self, call: str) -> None:
        if call == self.interrupt_at:
            raise KeyboardInterrupt
        self.calls.append(call)


def render_quickly(evaluation: Evaluation) -> dict[str, bytes]:
    """As report.render_report, without the pictures, which take seconds."""
    return {"evaluation.json": render_json(evaluation).encode(), report.PAGE: b""}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Three folds of eight images a class, all of which the model names rightly, except gliomas in fold 2."""
    monkeypatch.setattr(command, "load_classifier", lambda *_: FakeWithCard())
    monkeypatch.setattr(report, "render_report", render_quickly)
    lines = ["path,label,fold,near_fold_edge,group"]
    for label in LABELS:
        for fold in range(FOLDS):
            for number in range(IMAGES):
                said = Label.PITUITARY if (label, fold) == (Label.GLIOMA, 2) else label
                name = f"{label.slug}/{said.slug}-90-{fold}-{number}.png"
                # Image 0 of fold 0 is a copy of image 0 of fold 1, whatever its class.
                group = f"{label.slug}-copies" if number == 0 and fold < 2 else name
                lines.append(f"{name},{label.value},{fold},0,{group}")
    (tmp_path / "index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    fill(tmp_path / "data", *(line.partition(",")[0] for line in lines[1:]))
    return Plan(
        index=tmp_path / "index.csv",
        groups=(),
        data=tmp_path / "data",
        recipe=RECIPES["baseline"],
        weights="imagenet",
        seed=0,
        folds=(),
        brain_mri=(),
        not_brain_mri=(tmp_path / "not",),
        unseen=frozenset(),
        out=tmp_path / "out",
        cache=tmp_path / "features",
    )


def fold_calls(*folds: int) -> list[str]:
    return [f"{step} fold-{fold}" for fold in folds for step in ("fit", "decide", "export")]


def test_every_fold_is_trained_and_tested_once(plan: Plan) -> None:
    recorder = Recorder()
    accuracy = cross_validate(plan, recorder.steps())[0]
    assert recorder.calls == fold_calls(0, 1, 2)
    # In fold 2 the eight gliomas of 32 images are wrong.
    assert accuracy.folds == {0: 1.0, 1: 1.0, 2: 0.75}
    # Four test images of each of the folds 0 and 1 have a copy in the other: 28 + 28 + 32 are left.
    assert accuracy.pooled is not None
    assert (accuracy.pooled.hits, accuracy.pooled.total) == (80, 88)
    assert json.loads((plan.out / SUMMARY).read_text(encoding="utf-8"))["figures"]["accuracy"]["pooled"]["hits"] == 80


def test_no_group_of_index_or_files_stands_on_two_sides(plan: Plan, tmp_path: Path) -> None:
    # The file adds that image 1 of fold 1 is a copy of image 1 of fold 2.
    names = [line.partition(",")[0] for line in plan.index.read_text(encoding="utf-8").splitlines()[1:]]
    groups = {name: f"{name.split('/')[0]}-1" if name.endswith(("-1-1.png", "-2-1.png")) else name for name in names}
    audit = tmp_path / "groups.csv"
    audit.write_text("path,group\n" + "".join(f"{group},{two}\n" for group, two in groups.items()), encoding="utf-8")
    cross_validate(replace(plan, groups=(audit,)), Recorder().steps())
    for fold, copies in ((0, ["-0-0.png"]), (1, ["-1-0.png", "-1-1.png"]), (2, ["-2-1.png"])):
        tested = [row.path for row in read_split(plan.out / f"fold-{fold}.csv") if row.split == TEST]
        assert len(tested) == 4 * (IMAGES - len(copies))
        assert not [path for path in tested if path.endswith(tuple(copies))]


def test_a_finished_fold_is_not_trained_again(plan: Plan) -> None:
    first, second = Recorder(), Recorder()
    figures = cross_validate(replace(plan, folds=(0, 2)), first.steps())
    assert cross_validate(replace(plan, folds=(0, 2)), second.steps()) == figures
    assert (first.calls, second.calls) == (fold_calls(0, 2), [])


def test_an_interrupted_fold_goes_on_where_it_was(plan: Plan) -> None:
    first, second = Recorder(), Recorder()
    first.interrupt_at = "export fold-1"
    with pytest.raises(KeyboardInterrupt):
        cross_validate(plan, first.steps())
    cross_validate(plan, second.steps())
    assert first.calls + second.calls == fold_calls(0, 1, 2)


def test_more_folds_may_follow(plan: Plan) -> None:
    recorder = Recorder()
    cross_validate(replace(plan, folds=(2,)), recorder.steps())
    accuracy = cross_validate(plan, recorder.steps())[0]
    assert recorder.calls == fold_calls(2, 0, 1)
    assert list(accuracy.folds) == [0, 1, 2]


def test_a_fold_that_is_not_there_is_refused_before_any_training(plan: Plan) -> None:
    recorder = Recorder()
    with pytest.raises(DatasetError, match="has no fold 7, but 0, 1, 2"):
        cross_validate(replace(plan, folds=(0, 7)), recorder.steps())
    assert recorder.calls == []


def test_folds_without_numbers_are_refused(plan: Plan) -> None:
    plan.index.write_text("path,label,fold,near_fold_edge\na.png,glioma,first,0\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="has a fold that is no number"):
        cross_validate(plan, Recorder().steps())


@pytest.mark.parametrize(
    "change",
    [
        {"weights": "other.weights.h5"},
        {"unseen": frozenset({"cats"})},
        {"recipe": replace(RECIPES["baseline"], epochs=3)},
        {"seed": 1},
    ],
)
def test_a_folder_with_other_settings_is_refused(plan: Plan, change: dict[str, Any]) -> None:
    cross_validate(replace(plan, folds=(0,)), Recorder().steps())
    with pytest.raises(DatasetError, match="holds training with other settings"):
        cross_validate(replace(plan, folds=(1,), **change), Recorder().steps())


def test_a_folder_with_another_split_of_the_fold_is_refused(plan: Plan) -> None:
    cross_validate(replace(plan, folds=(0,)), Recorder().steps())
    without_last = plan.index.read_text(encoding="utf-8").splitlines()[:-1]
    plan.index.write_text("\n".join(without_last), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"fold-0\.csv: is another split of this fold"):
        cross_validate(replace(plan, folds=(0,)), Recorder().steps())


def test_a_run_that_something_else_left_is_not_taken_for_a_fold(plan: Plan) -> None:
    (plan.out / "fold-0").mkdir(parents=True)
    with pytest.raises(DatasetError, match="holds training with other settings"):
        cross_validate(plan, Recorder().steps())
