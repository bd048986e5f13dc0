import csv
import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label
from brain_tumor_training import callbacks, train
from brain_tumor_training.history import read_history
from brain_tumor_training.network import build_head
from brain_tumor_training.pipeline import View, load_view
from brain_tumor_training.recipes import Recipe
from brain_tumor_training.run_folder import load_network, read_run
from brain_tumor_training.splits import TEST, TRAIN, read_split
from tests.disk import full_disk
from tests.training.drawn import SMALL, build_small_backbone, carve, distances, use_small_backbone
from tests.training.twice import train_in_two_programs

pytestmark = pytest.mark.usefixtures("small_backbone")

# Sums of float32 may be taken in another order; one step of training changes a weight a thousand times as much.
ROUNDING = 1e-6


def fit(data: Path, out: Path, recipe: Recipe = SMALL, seed: int = 0, cached: bool = True) -> dict[str, Any]:
    return train.fit(carve(data), data, recipe, "7", out, seed, out.parent / "features" if cached else None)


def load(run: Path) -> keras.Model:
    return load_network(run)


def read_nothing(rows: Any, epoch: int) -> Any:
    """A Load that hands on the row numbers."""
    return rows


def interrupt(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """Press Ctrl-C in the n-th call of a function of train.py or callbacks.py."""
    module = train if hasattr(train, name) else callbacks
    function: Callable[..., Any] = getattr(module, name)
    calls = iter(range(1, 100))

    def interrupted(*args: Any) -> Any:
        if next(calls) == call:
            raise KeyboardInterrupt
        return function(*args)

    monkeypatch.setattr(module, name, interrupted)


def say_losses(monkeypatch: pytest.MonkeyPatch, *losses: float) -> None:
    """Let the epochs have these losses on the validation part."""

    class Record(callbacks.Record):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, {**logs, "val_loss": losses[epoch]})

    monkeypatch.setattr(train, "Record", Record)


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with SMALL and seed 0, never interrupted. Not to be changed."""
    out = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        use_small_backbone(patch)
        fit(data, out)
    return out


@pytest.fixture(scope="module")
def two_epochs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two epochs of SMALL and seed 0. Not to be changed."""
    out = tmp_path_factory.mktemp("two-epochs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        use_small_backbone(patch)
        fit(data, out, replace(SMALL, epochs=2))
    return out


def test_a_run_leaves_what_its_docstring_names(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert names >= set(
        "run.json recipe.toml split.csv history.csv history.png logs model.keras metrics.json confusion.csv "
        "confusion-validation.png confusion-test.png".split()
    )
    assert not [name for name in names if "unfinished" in name or name.endswith(".part")]


def test_the_settings_of_a_run_can_be_read_back(finished: Path) -> None:
    assert read_run(finished) == (SMALL, 0)


def test_the_split_lies_beside_the_run(finished: Path, data: Path) -> None:
    assert read_split(finished / "split.csv") == carve(data)


def test_history_has_a_line_per_epoch_with_both_sides(finished: Path) -> None:
    with (finished / "history.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    wanted = {f"{side}{name}" for side in ("", "val_") for name in ("loss", "accuracy", "precision", "recall")}
    assert wanted <= set(rows[0])


def test_metrics_are_those_of_the_saved_network(finished: Path, data: Path) -> None:
    rows = [row for row in carve(data) if row.split == TEST]
    images = np.stack([load_view(View(data / row.path), SMALL.input) for row in rows])
    answers = load(finished).predict(images, verbose=0).argmax(axis=1)
    right = sum(list(LABELS)[answer] is row.label for answer, row in zip(answers, rows, strict=True))
    metrics = json.loads((finished / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"validation", "test"}
    assert metrics["test"]["accuracy"] == pytest.approx(right / len(rows))


def test_tensorboard_finds_its_log(finished: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorBoard's writer needs TensorFlow")
    assert list((finished / "logs/train").glob("events.out.tfevents.*"))


@pytest.mark.slow
def test_one_thread_and_the_same_seed_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow, whose threads are counted, is not installed")
    call = "fit(carve(data), data, SMALL, '7', out, 3, out.parent / f'{out.name}-features')"
    first, second = train_in_two_programs(call, data, tmp_path)
    assert first == second


# The history is written once in an epoch, the whole network is saved once in a run.
@pytest.mark.parametrize(
    ("function", "call"),
    [
        pytest.param("write_history", 1, id="first epoch", marks=pytest.mark.slow),
        pytest.param("write_history", 3, id="third epoch"),
        pytest.param("save_whole", 1, id="after the last epoch", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_ends_in_the_same_weights(
    data: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, function: str, call: int
) -> None:
    with monkeypatch.context() as patch:
        interrupt(patch, function, call)
        with pytest.raises(KeyboardInterrupt):
            fit(data, tmp_path / "run")
    fit(data, tmp_path / "run")
    assert max(distances(load(tmp_path / "run"), load(finished))) < ROUNDING
    assert [row["epoch"] for row in read_history(tmp_path / "run/history.csv")] == [1, 2, 3, 4]


@pytest.mark.slow
def test_a_network_kept_from_an_epoch_that_is_run_again_is_replaced(
    data: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_half(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:1000])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "copyfile", copy_half)
        with pytest.raises(KeyboardInterrupt):
            fit(data, tmp_path / "run")
    fit(data, tmp_path / "run")
    assert max(distances(load(tmp_path / "run"), load(finished))) < ROUNDING


@pytest.mark.slow
def test_an_interruption_within_an_epoch_costs_only_that_epoch(
    data: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class InterruptFifthBatch(callbacks.Record):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if int(self.model.optimizer.iterations) == 5:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "Record", InterruptFifthBatch)
        with pytest.raises(KeyboardInterrupt):
            fit(data, tmp_path / "run")
    assert len(read_history(tmp_path / "run/history.csv")) == 1
    fit(data, tmp_path / "run")
    assert max(distances(load(tmp_path / "run"), load(finished))) < ROUNDING


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_costs_only_the_epoch_that_did_not_fit(
    data: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullInSecondEpoch(callbacks.Record):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            with full_disk(10_000) if epoch == 1 else nullcontext():
                super().on_epoch_end(epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(train, "Record", FullInSecondEpoch)
        with pytest.raises(OSError):  # noqa: PT011 - the number differs between systems
            fit(data, tmp_path / "run")
    assert not list((tmp_path / "run").glob("*unfinished*")) and not list((tmp_path / "run").glob("*.part"))
    fit(data, tmp_path / "run")
    assert max(distances(load(tmp_path / "run"), load(finished))) < ROUNDING


@pytest.mark.slow
def test_more_epochs_go_on_where_a_finished_run_ended(
    data: Path, tmp_path: Path, finished: Path, two_epochs: Path
) -> None:
    copytree(two_epochs.parent, tmp_path, dirs_exist_ok=True)
    fit(data, tmp_path / "run")
    assert max(distances(load(tmp_path / "run"), load(finished))) < ROUNDING


def test_results_of_fewer_epochs_are_gone_before_more_are_trained(
    data: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree(finished, tmp_path / "run")
    (tmp_path / "run/decision.json").write_text("{}", encoding="utf-8")
    interrupt(monkeypatch, "write_history", 1)
    with pytest.raises(KeyboardInterrupt):
        fit(data, tmp_path / "run", replace(SMALL, epochs=5))
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left.isdisjoint({"decision.json", "model.keras", "metrics.json"})
    assert "state.keras" in left


def test_asking_for_the_epochs_that_were_trained_keeps_the_decision(data: Path, tmp_path: Path, finished: Path) -> None:
    copytree(finished, tmp_path / "run")
    (tmp_path / "run/decision.json").write_text("{}", encoding="utf-8")
    fit(data, tmp_path / "run")
    assert (tmp_path / "run/decision.json").read_text(encoding="utf-8") == "{}"


def test_fewer_epochs_than_were_trained_are_refused(data: Path, finished: Path) -> None:
    with pytest.raises(DatasetError, match="has trained 4 epochs already"):
        fit(data, finished, replace(SMALL, epochs=3))
    assert read_run(finished)[0].epochs == 4


@pytest.mark.parametrize("change", [{"seed": 1}, {"cached": False}, {"recipe": replace(SMALL, brightness=0.3)}])
def test_other_settings_in_the_same_folder_are_refused(data: Path, finished: Path, change: dict[str, Any]) -> None:
    before = (finished / "run.json").read_bytes()
    with pytest.raises(DatasetError, match="other settings; choose another --out"):
        fit(data, finished, **change)
    assert (finished / "run.json").read_bytes() == before


def test_another_split_in_the_same_folder_is_refused(data: Path, finished: Path) -> None:
    with pytest.raises(DatasetError, match="other settings"):
        train.fit(carve(data, seed=5), data, SMALL, "7", finished, 0, finished.parent / "features")


@pytest.mark.parametrize("gone", ["train", "validation", "test"])
def test_a_part_without_images_is_refused(data: Path, tmp_path: Path, gone: str) -> None:
    rows = [row for row in carve(data) if row.split != gone]
    with pytest.raises(DatasetError, match=f"has no rows for {gone}"):
        train.fit(rows, data, SMALL, "7", tmp_path / "run", 0, None)


@pytest.mark.slow
def test_keep_best_keeps_the_lowest_validation_loss(
    data: Path, tmp_path: Path, two_epochs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        say_losses(patch, 3.0, 1.0, 2.0, 1.5)
        fit(data, tmp_path / "best", replace(SMALL, keep="best"))
    assert max(distances(load(tmp_path / "best"), load(two_epochs))) < ROUNDING


def test_keep_last_keeps_the_last_epoch(finished: Path) -> None:
    last = read_history(finished / "history.csv")[-1]
    metrics = json.loads((finished / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation"]["loss"] == pytest.approx(last["val_loss"], rel=1e-4)


@pytest.mark.slow
def test_with_as_many_draws_as_epochs_the_cache_changes_nothing(data: Path, tmp_path: Path) -> None:
    recipe = replace(SMALL, brightness_draws=SMALL.epochs)
    cached, plain = tmp_path / "cached", tmp_path / "plain"
    metrics = fit(data, cached, recipe), fit(data, plain, recipe, cached=False)
    # Batches of another size round differently in the backbone; Adamax passes that on in full.
    assert max(distances(load(cached), load(plain))) < 1e-4
    assert metrics[0]["test"]["loss"] == pytest.approx(metrics[1]["test"]["loss"], rel=1e-3)


def test_training_images_are_brightened_anew_and_others_never(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def note(view: View, *_: Any) -> Any:
        seen.append(view.brightness)
        return np.zeros((32, 32, 3), np.float32)

    monkeypatch.setattr(train, "load_view", note)
    for part in ("train", "validation", "test"):
        rows = [row for row in carve(data) if row.split == part][:1]
        batches = train._dataset(rows, data, SMALL, 0, None, LABELS)
        for epoch in (0, 1):
            batches.start_epoch(epoch)
            batches[0]
    assert len({1.0, *seen[:2]}) == 3
    assert seen[2:] == [1.0] * 4


@pytest.mark.parametrize("augment", ["none", "full"])
def test_augment_decides_how_training_images_are_changed_and_others_never_are(
    data: Path, monkeypatch: pytest.MonkeyPatch, augment: str
) -> None:
    seen: list[View] = []

    def note(view: View, *_: Any) -> Any:
        seen.append(view)
        return np.zeros((32, 32, 3), np.float32)

    monkeypatch.setattr(train, "load_view", note)
    recipe = replace(SMALL, augment=augment)  # type: ignore[arg-type]
    for part in ("train", "validation"):
        rows = [row for row in carve(data) if row.split == part][:1]
        batches = train._dataset(rows, data, recipe, 0, None, LABELS)
        for epoch in (0, 1):
            batches.start_epoch(epoch)
            batches[0]
    assert all(view == View(view.path) for view in seen[2:])
    changes = {view.chance for view in seen[:2]}
    assert changes == {None} if augment == "none" else len(changes - {None}) == 2


def test_batch_size_decides_how_many_images_a_step_takes(data: Path) -> None:
    rows = [row for row in carve(data) if row.split == "train"]
    batches = train._dataset(rows, data, replace(SMALL, batch_size=16), 0, None, LABELS)
    assert [len(batches[index][1]) for index in range(len(batches))] == [16, len(rows) - 16]


@pytest.mark.slow
def test_learning_rate_decides_how_far_a_step_goes(data: Path, tmp_path: Path) -> None:
    moved = []
    for rate in (1e-6, 1e-2):
        fit(data, tmp_path / f"{rate}", replace(SMALL, epochs=1, learning_rate=rate))
        keras.utils.set_random_seed(0)
        build_small_backbone(SMALL, "7")
        untrained = build_head(SMALL)  # as fit() begins with it
        moved.append(max(distances(load(tmp_path / f"{rate}").get_layer("head"), untrained)))
    assert moved[0] < 1e-4 < 1e-3 < moved[1]


@pytest.mark.slow
def test_early_stopping_ends_the_training_and_keeps_the_best_epoch(
    data: Path, tmp_path: Path, two_epochs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        say_losses(patch, 3.0, 1.0, 2.0, 1.5, 0.5)
        fit(data, tmp_path / "stopped", replace(SMALL, epochs=5, early_stopping=2, keep="best"))
    assert len(read_history(tmp_path / "stopped/history.csv")) == 4
    assert max(distances(load(tmp_path / "stopped"), load(two_epochs))) < ROUNDING


@pytest.mark.slow
def test_balanced_class_weights_make_a_rare_class_likelier(data: Path, tmp_path: Path) -> None:
    rare = [row for row in carve(data) if row.label is Label.GLIOMA and row.split == TRAIN][1:]
    rows = [row for row in carve(data) if row not in rare]
    images = np.stack([load_view(View(data / row.path), SMALL.input) for row in rows])
    likely = []
    for name in ("none", "balanced"):
        out = tmp_path / name
        train.fit(rows, data, replace(SMALL, class_weights=name), "7", out, 0, tmp_path / "features")
        likely.append(load(out).predict(images, verbose=0)[:, LABELS.index(Label.GLIOMA)].mean())
    assert likely[0] < 0.8 * likely[1]


def test_every_epoch_reads_every_image_once_in_an_order_of_its_own() -> None:
    batches = train.Batches(read_nothing, [Label.GLIOMA] * 10, batch_size=4, shuffle_seed=3)
    orders = []
    for epoch in (0, 1, 0):
        batches.start_epoch(epoch)
        orders.append([int(row) for index in range(len(batches)) for row in batches[index][0]])
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] == orders[2] != orders[1]


def test_targets_stand_in_the_order_of_the_labels() -> None:
    labels = [Label.PITUITARY, Label.NO_TUMOR, Label.GLIOMA, Label.MENINGIOMA]
    batches = train.Batches(read_nothing, labels, batch_size=4, shuffle_seed=None)
    assert batches[0][1].argmax(axis=1).tolist() == [3, 2, 0, 1]


def test_every_field_of_the_recipe_is_written_down(finished: Path) -> None:
    written = json.loads((finished / "run.json").read_text(encoding="utf-8"))
    assert written["recipe"] == asdict(SMALL)
    assert (written["weights"], written["seed"], written["feature_cache"]) == ("7", 0, True)
