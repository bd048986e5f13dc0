import csv
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.model_file import load_model_file
from brain_tumor_training import finetune as module
from brain_tumor_training.callbacks import Record, StartEpoch
from brain_tumor_training.example_batches import ExampleBatches
from brain_tumor_training.examples import Example, read_examples, read_own_classes, write_examples
from brain_tumor_training.finetune import finetune
from brain_tumor_training.finetuned_network import build_finetuned, compile_finetuned
from brain_tumor_training.history import read_history
from brain_tumor_training.objectives import class_loss
from brain_tumor_training.recipes import FinetuneRecipe
from brain_tumor_training.run_folder import load_network, read_run, read_seen_by_start
from brain_tumor_training.splits import read_split
from tests.factories import make_model_bytes
from tests.training.drawn import SMALL_FINETUNE, Run, distances, list_examples
from tests.training.twice import train_in_two_programs

pytestmark = pytest.mark.usefixtures("small_trunk")

# Sums of float32 may be taken in another order; one step of training changes a weight a thousand times as much.
ROUNDING = 1e-6
PARTS = ("xception", "head", "location_head")


def tune(data: Path, out: Path, recipe: FinetuneRecipe = SMALL_FINETUNE, **options: Any) -> dict[str, Any]:
    given = {"examples": list_examples(data), "weights": "7", "seed": 0, **options}
    return finetune(data=data, recipe=recipe, out=out, **given)


def load(run: Path) -> keras.Model:
    return load_network(run)


def furthest(model: keras.Model, other: keras.Model) -> float:
    """The largest difference of a weight in any part."""
    return max(max(distances(model.get_layer(part), other.get_layer(part))) for part in PARTS)


def stop(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


def stop_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose n-th call is Ctrl-C."""
    calls = iter(range(1, 100))
    return lambda *args, **options: stop() if next(calls) == call else function(*args, **options)


def test_a_run_leaves_what_its_docstring_names(small_finetune_run: Run, data: Path) -> None:
    run = small_finetune_run.folder
    names = {path.name for path in run.iterdir()}
    assert names >= set(
        "run.json recipe.toml examples.csv split.csv seen.csv history.csv history.png logs model.keras metrics.json "
        "confusion.csv confusion-validation.png".split()
    )
    assert not [name for name in names if "unfinished" in name or name.endswith(".part")]
    assert read_run(run) == (SMALL_FINETUNE, 0)
    assert read_examples(run / "examples.csv") == list_examples(data)
    assert len(read_split(run / "split.csv")) == len(list_examples(data))
    settings = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert settings["recipe"] == json.loads(json.dumps(asdict(SMALL_FINETUNE)))
    assert (settings["weights"], settings["start"], settings["precision"]) == ("7", None, "float32")


def test_history_goes_through_all_stages(small_finetune_run: Run) -> None:
    rows = read_history(small_finetune_run.folder / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "precision", "val_recall_no_tumor"} <= set(rows[0])


def test_recall_and_confusions_are_those_of_the_kept_network(small_finetune_run: Run) -> None:
    with (small_finetune_run.folder / "confusion.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    metrics = json.loads((small_finetune_run.folder / "metrics.json").read_text(encoding="utf-8"))["validation"]
    for label, row in zip(LABELS, rows, strict=True):
        answered = [int(row[f"answered_{other.slug}"]) for other in LABELS]
        right = int(row[f"answered_{label.slug}"])
        assert metrics[f"recall_{label.slug}"] == pytest.approx(right / sum(answered))


def test_training_changes_all_but_the_batch_statistics(small_finetune_run: Run) -> None:
    trained = load(small_finetune_run.folder).get_layer("xception")
    fresh = build_finetuned(SMALL_FINETUNE, "7", "float32").get_layer("xception")
    for layer, untrained in zip(trained.layers, fresh.layers, strict=True):
        if layer.weights:
            assert (max(distances(layer, untrained)) == 0) == isinstance(layer, keras.layers.BatchNormalization)


def test_the_running_average_is_kept_and_not_the_last_weights(small_finetune_run: Run) -> None:
    state = keras.saving.load_model(small_finetune_run.folder / "state.keras")
    kept = load(small_finetune_run.folder)
    assert furthest(kept, state) > 1e-4
    state.optimizer.finalize_variable_values(state.trainable_variables)
    assert furthest(kept, state) == 0


def test_metrics_are_those_of_the_kept_network(small_finetune_run: Run, data: Path) -> None:
    validation = [example for example in list_examples(data) if example.split == "validation"]
    images, targets = ExampleBatches(validation, data, replace(SMALL_FINETUNE, batch_size=99), None)[0]
    answers = load(small_finetune_run.folder).predict(images, verbose=0)["classes"].argmax(axis=1)
    right = (answers == targets["possible"].argmax(axis=1)).mean()
    metrics = json.loads((small_finetune_run.folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation"]["accuracy"] == pytest.approx(right)


class StopInSecondEpoch(Record):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if int(self.model.optimizer.iterations) == 8:
            stop()


@pytest.mark.parametrize(
    ("name", "interrupted", "epochs_done"),
    [
        pytest.param("Record", StopInSecondEpoch, 1, id="in the second epoch"),
        # A StartEpoch is made once in a stage.
        pytest.param("StartEpoch", stop_at(2, StartEpoch), 2, id="between the stages"),
        pytest.param("save_whole", stop, 3, id="after the last epoch", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_ends_in_the_same_weights(
    data: Path,
    tmp_path: Path,
    small_finetune_run: Run,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    interrupted: Any,
    epochs_done: int,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            tune(data, tmp_path / "run")
    assert len(read_history(tmp_path / "run/history.csv")) == epochs_done
    tune(data, tmp_path / "run")
    assert furthest(load(tmp_path / "run"), load(small_finetune_run.folder)) < ROUNDING
    assert [row["epoch"] for row in read_history(tmp_path / "run/history.csv")] == [1, 2, 3]


def test_a_run_can_end_early_and_is_whole_then(data: Path, tmp_path: Path, small_finetune_run: Run) -> None:
    tune(data, tmp_path / "run", stop_after=1)
    (early,) = read_history(tmp_path / "run/history.csv")
    # The first epoch of the whole run, whose learning rate falls no faster.
    assert early == pytest.approx(read_history(small_finetune_run.folder / "history.csv")[0], rel=1e-4)
    assert (tmp_path / "run/model.keras").is_file()
    assert json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))["stop_after"] == 1


@pytest.mark.slow
def test_one_thread_and_the_same_seed_give_the_same_bytes_with_processes_for_images_or_without(
    data: Path, tmp_path: Path, xception_weights: Path
) -> None:
    """Xception itself, in the precision of the shipped file."""
    pytest.importorskip("tensorflow", reason="TensorFlow, whose threads are counted, is not installed")
    # All batches of one size, as each size is compiled anew.
    settings = "input=InputContract(side_px=72), stages=(Stage(72, 1),), batch_size=8, probe_epochs=2"
    recipe = f"replace(FINETUNE_RECIPES['finetuned'], {settings})"
    call = f"finetune(list_examples(data), data, {recipe}, {str(xception_weights)!r}, out, 3{{processes}})"
    without, beside = call.format(processes=""), call.format(processes=", processes=2")
    first, second = train_in_two_programs(without, data, tmp_path, beside, small=False)
    assert first == second


def other_list(data: Path) -> list[Example]:
    first, *rest = list_examples(data)
    return [replace(first, group="renamed"), *rest]


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"weights": "8"}, {"recipe": replace(SMALL_FINETUNE, balance=0.0)}, {"examples": other_list}],
    ids=["seed", "weights", "recipe", "list"],
)
def test_other_settings_in_the_same_folder_are_refused(
    data: Path, small_finetune_run: Run, change: dict[str, Any]
) -> None:
    before = (small_finetune_run.folder / "run.json").read_bytes()
    made = {name: value(data) if callable(value) else value for name, value in change.items()}
    with pytest.raises(DatasetError, match="other settings; choose another --out"):
        tune(data, small_finetune_run.folder, **made)
    assert (small_finetune_run.folder / "run.json").read_bytes() == before


@pytest.mark.parametrize("gone", ["train", "validation"])
def test_a_part_without_images_is_refused(data: Path, tmp_path: Path, gone: str) -> None:
    with pytest.raises(DatasetError, match=f"has no rows for {gone}"):
        tune(data, tmp_path / "run", examples=[example for example in list_examples(data) if example.split != gone])
    assert not (tmp_path / "run").exists()


def test_a_start_gives_its_weights(
    data: Path, tmp_path: Path, small_finetune_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[float] = []

    def note(model: keras.Model, *_: object) -> None:
        begun.append(furthest(model, load(small_finetune_run.folder)))
        stop()

    monkeypatch.setattr(module, "_run_epochs", note)
    with pytest.raises(KeyboardInterrupt):
        tune(data, tmp_path / "run", start=small_finetune_run.folder)
    assert begun == [0]
    settings = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert settings["start"] == json.loads((small_finetune_run.folder / "run.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("seen", ["train", "validation"])
def test_a_start_that_has_seen_a_test_image_is_refused(
    data: Path, tmp_path: Path, small_finetune_run: Run, seen: str
) -> None:
    examples = list_examples(data)
    leaked = next(example for example in examples if example.split == seen)
    swapped = [replace(example, split="test") if example is leaked else example for example in examples]
    with pytest.raises(DatasetError, match=f"trained on 1 images of this list's test part, {leaked.path} first"):
        tune(data, tmp_path / "run", examples=swapped, start=small_finetune_run.folder)
    assert not (tmp_path / "run").exists()


def test_what_trained_the_start_of_a_start_is_remembered(
    data: Path, tmp_path: Path, small_finetune_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first run trained on an image that the second leaves out and the third would test.
    examples = list_examples(data)
    leaked = next(example for example in examples if example.split == "train")
    monkeypatch.setattr(module, "_run_epochs", stop)
    spared = [example for example in examples if example is not leaked]
    with pytest.raises(KeyboardInterrupt):
        tune(data, tmp_path / "second", examples=spared, start=small_finetune_run.folder)
    swapped = [*spared, replace(leaked, split="test")]
    with pytest.raises(DatasetError, match=f"trained on 1 images of this list's test part, {leaked.path} first"):
        tune(data, tmp_path / "third", examples=swapped, start=tmp_path / "second")
    (tmp_path / "second/seen.csv").unlink()  # as in an older run
    assert leaked.path not in read_seen_by_start(tmp_path / "second", None)


def test_the_head_is_tried_on_images_and_answers_that_belong_together(data: Path) -> None:
    made = ExampleBatches(list_examples(data), data, SMALL_FINETUNE, 0)
    ((images, possible),) = module._Inputs(made)[1]
    assert np.array_equal(images, made[1][0])
    assert np.array_equal(possible, made[1][1]["possible"])


def probed(data: Path) -> keras.Model:
    """A network whose head was trained alone, ready to be saved."""
    recipe = replace(SMALL_FINETUNE, probe_draws=1, probe_epochs=1)
    keras.utils.set_random_seed(0)
    network = build_finetuned(recipe, "7", "float32")
    module._probe(network, ExampleBatches(list_examples(data)[:8], data, recipe, 0), recipe)
    compile_finetuned(recipe, network, 10)
    network.optimizer.build(network.trainable_variables)  # as its first step does
    return network


def test_a_state_with_a_probed_head_loads_again(data: Path, tmp_path: Path) -> None:
    network = probed(data)
    network.save(tmp_path / "state.keras")
    # As Keras alone loads it: nothing of the probe may be in the file.
    assert furthest(keras.saving.load_model(tmp_path / "state.keras"), network) == 0


def test_the_probe_trains_the_head_and_nothing_else(data: Path) -> None:
    network = probed(data)
    keras.utils.set_random_seed(0)
    fresh = build_finetuned(SMALL_FINETUNE, "7", "float32")
    changed = {part: max(distances(network.get_layer(part), fresh.get_layer(part))) > 0 for part in PARTS}
    assert changed == {"xception": False, "head": True, "location_head": False}


def test_a_state_of_a_run_that_saved_its_compiled_head_still_loads(data: Path, tmp_path: Path) -> None:
    network = probed(data)
    head = network.get_layer("head")
    head.compile(optimizer="adamax", loss=class_loss)
    head.optimizer.build(head.trainable_variables)
    network.save(tmp_path / "state.keras")
    assert furthest(module._load_state(tmp_path / "state.keras", SMALL_FINETUNE, LABELS), network) == 0


@pytest.mark.slow
def test_classes_of_one_s_own_take_the_trunk_of_a_start_and_train_a_head_of_their_own(
    data: Path, tmp_path: Path, not_brain_mri: Path, small_finetune_run: Run
) -> None:
    pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")
    from brain_tumor_training.export import export
    from brain_tumor_training.fit_decision import fit_decision

    own = {label: Label("clear" if label is Label.NO_TUMOR else "lump", label.is_finding) for label in LABELS}
    examples = [replace(row, label=own[row.label]) for row in list_examples(data) if row.label is not None]
    write_examples(examples, tmp_path / "list.csv")
    classes = read_own_classes(tmp_path / "list.csv", ["clear"])
    listed = read_examples(tmp_path / "list.csv", classes)
    assert listed == examples
    recipe = replace(SMALL_FINETUNE, learning_rate=1e-9, probe_epochs=60)  # the trunk stays what it is
    run = tmp_path / "run"
    metrics = tune(data, run, recipe, examples=listed, start=small_finetune_run.folder, classes=classes)
    assert metrics["validation"]["accuracy"] > 0.7
    network = load(run)
    assert network.output["classes"].shape == (None, 2)
    started = load(small_finetune_run.folder)
    assert max(distances(network.get_layer("xception"), started.get_layer("xception"))) < ROUNDING

    fit_decision(run, data, [], [not_brain_mri], {"fence"}, tmp_path / "features")
    export(run, data, tmp_path / "own.tfliteA")
    assert load_model_file(tmp_path / "own.tfliteA").card.rules.order == classes


def test_a_model_file_to_start_from_needs_the_list_that_trained_it(data: Path, tmp_path: Path) -> None:
    start = tmp_path / "shipped.tfliteA"
    start.write_bytes(make_model_bytes())
    with pytest.raises(DatasetError, match="name its training list with --start-list"):
        tune(data, tmp_path / "run", start=start)
