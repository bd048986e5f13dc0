import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np
from PIL import Image

from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor_training import finetune as module
from brain_tumor_training import train
from brain_tumor_training.examples import Example, read_examples
from brain_tumor_training.finetune import ExampleBatches, finetune, sampling_chances
from brain_tumor_training.finetuned_network import build_finetuned, compile_finetuned
from brain_tumor_training.history import read_history
from brain_tumor_training.network import build_trunk
from brain_tumor_training.objectives import class_loss
from brain_tumor_training.recipes import FinetuneRecipe
from brain_tumor_training.splits import read_split
from tests.factories import encode
from tests.training.drawn import SMALL_FINETUNE, UNCHANGED, Run, distances, list_examples
from tests.training.twice import train_in_two_programs

pytestmark = pytest.mark.usefixtures("small_trunk")

# Sums of float32 may be taken in another order; one step of training changes a weight a thousand times as much.
ROUNDING = 1e-6
PARTS = ("xception", "head", "location_head")


def tune(data: Path, out: Path, recipe: FinetuneRecipe = SMALL_FINETUNE, **options: Any) -> dict[str, Any]:
    given = {"examples": list_examples(data), "weights": "7", "seed": 0, **options}
    return finetune(data=data, recipe=recipe, out=out, **given)


def load(run: Path) -> keras.Model:
    return train.load_network(run)


def furthest(one: keras.Model, other: keras.Model) -> float:
    """The largest difference of a weight in any part."""
    return max(max(distances(one.get_layer(part), other.get_layer(part))) for part in PARTS)


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
        "run.json examples.csv split.csv seen.csv history.csv history.png model.keras metrics.json".split()
    )
    assert not [name for name in names if "unfinished" in name or name.endswith(".part")]
    assert train.read_run(run) == (SMALL_FINETUNE, 0)
    assert read_examples(run / "examples.csv") == list_examples(data)
    assert len(read_split(run / "split.csv")) == len(list_examples(data))
    settings = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert settings["recipe"] == json.loads(json.dumps(asdict(SMALL_FINETUNE)))
    assert (settings["weights"], settings["start"], settings["precision"]) == ("7", None, "float32")


def test_history_goes_through_all_stages(small_finetune_run: Run) -> None:
    rows = read_history(small_finetune_run.folder / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(rows[0])


def test_training_changes_all_but_the_batch_statistics(small_finetune_run: Run) -> None:
    trained = load(small_finetune_run.folder).get_layer("xception")
    fresh = build_finetuned(SMALL_FINETUNE, "7", "float32").get_layer("xception")
    for one, other in zip(trained.layers, fresh.layers, strict=True):
        if one.weights:
            assert (max(distances(one, other)) == 0) == isinstance(one, keras.layers.BatchNormalization)


def test_the_running_average_is_kept_and_not_the_last_weights(small_finetune_run: Run) -> None:
    state = keras.saving.load_model(small_finetune_run.folder / "state.keras")
    kept = load(small_finetune_run.folder)
    assert furthest(kept, state) > 1e-4
    state.optimizer.finalize_variable_values(state.trainable_variables)
    assert furthest(kept, state) == 0


def test_metrics_are_those_of_the_kept_network(small_finetune_run: Run, data: Path) -> None:
    validation = [one for one in list_examples(data) if one.split == "validation"]
    images, targets = ExampleBatches(validation, data, replace(SMALL_FINETUNE, batch_size=99), None)[0]
    answers = load(small_finetune_run.folder).predict(images, verbose=0)["classes"].argmax(axis=1)
    right = (answers == targets["possible"].argmax(axis=1)).mean()
    metrics = json.loads((small_finetune_run.folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation"]["accuracy"] == pytest.approx(right)


class StopInSecondEpoch(train.Record):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if int(self.model.optimizer.iterations) == 8:
            stop()


@pytest.mark.parametrize(
    ("name", "interrupted", "epochs_done"),
    [
        pytest.param("Record", StopInSecondEpoch, 1, id="in the second epoch"),
        # A StartEpoch is made once in a stage.
        pytest.param("StartEpoch", stop_at(2, train.StartEpoch), 2, id="between the stages"),
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
    data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow, whose threads are counted, is not installed")
    call = "finetune(list_examples(data), data, SMALL_FINETUNE, '7', out, 3{processes})"
    without, beside = call.format(processes=""), call.format(processes=", processes=2")
    one, other = train_in_two_programs(without, data, tmp_path, beside)
    assert one == other


@pytest.mark.slow
def test_xception_in_the_shipped_file_s_precision_repeats_to_the_byte_as_well(
    data: Path, tmp_path: Path, xception_weights: Path
) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow, whose threads are counted, is not installed")
    settings = "input=InputContract(side_px=96), stages=(Stage(96, 1),), probe_epochs=2"
    recipe = f"replace(FINETUNE_RECIPES['finetuned'], {settings})"
    call = f"finetune(list_examples(data), data, {recipe}, {str(xception_weights)!r}, out, 3)"
    one, other = train_in_two_programs(call, data, tmp_path, small=False)
    assert one == other


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
        tune(data, tmp_path / "run", examples=[one for one in list_examples(data) if one.split != gone])
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
    leaked = next(one for one in examples if one.split == seen)
    swapped = [replace(one, split="test") if one is leaked else one for one in examples]
    with pytest.raises(DatasetError, match=f"trained on 1 images of this list's test part, {leaked.path} first"):
        tune(data, tmp_path / "run", examples=swapped, start=small_finetune_run.folder)
    assert not (tmp_path / "run").exists()


def test_what_trained_the_start_of_a_start_is_remembered(
    data: Path, tmp_path: Path, small_finetune_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first run trained on an image that the second leaves out and the third would test.
    examples = list_examples(data)
    leaked = next(one for one in examples if one.split == "train")
    monkeypatch.setattr(module, "_run_epochs", stop)
    spared = [one for one in examples if one is not leaked]
    with pytest.raises(KeyboardInterrupt):
        tune(data, tmp_path / "second", examples=spared, start=small_finetune_run.folder)
    swapped = [*spared, replace(leaked, split="test")]
    with pytest.raises(DatasetError, match=f"trained on 1 images of this list's test part, {leaked.path} first"):
        tune(data, tmp_path / "third", examples=swapped, start=tmp_path / "second")
    (tmp_path / "second/seen.csv").unlink()  # as in an older run
    assert leaked.path not in module._read_seen(tmp_path / "second", None)


def test_the_head_is_tried_on_images_and_answers_that_belong_together(data: Path) -> None:
    made = batches(list_examples(data), data)
    ((images, possible),) = module._Inputs(made)[1]
    assert np.array_equal(images, made[1][0])
    assert np.array_equal(possible, made[1][1]["possible"])


@pytest.mark.parametrize(("side", "cells"), [(96, 6), (224, 14), (299, 19)])
def test_location_cells_are_those_of_xception(side: int, cells: int) -> None:
    assert module._location_cells(side) == cells


@pytest.mark.slow
@pytest.mark.parametrize("side", [96, 224, 299])
def test_xception_has_as_many_cells(side: int) -> None:
    _, _, maps, detail = build_trunk(None, side).output
    cells = module._location_cells(side)
    assert detail.shape == (None, cells, cells, 1024)
    assert maps.shape == (None, (cells + 1) // 2, (cells + 1) // 2, 2048)


@pytest.mark.parametrize("cells", [2, 3, 7, 14])
def test_the_covered_shares_add_up_to_the_area_of_the_box(cells: int) -> None:
    mask = np.zeros((48, 48), np.float32)
    mask[5:31, 17:40] = 1
    edges = np.rint(np.linspace(0, 48, cells + 1))
    areas = np.outer(np.diff(edges), np.diff(edges))
    assert (module._share_per_cell(mask, cells) * areas).sum() == pytest.approx(26 * 23, rel=1e-5)


def test_a_box_over_one_quarter_covers_one_of_four_cells() -> None:
    # x runs over the columns, y over the rows: the right upper quarter.
    example = Example("a", Label.GLIOMA, "g", "s", "train", (0.5, 0.0, 1.0, 0.5))
    assert module._share_per_cell(module._mask(example, 32), 2).tolist() == [[0, 1], [0, 0]]


def test_the_smallest_box_is_a_pixel() -> None:
    example = Example("a", Label.GLIOMA, "g", "s", "train", (0.501, 0.501, 0.502, 0.502))
    assert module._mask(example, 32).sum() == 1


def batches(examples: list[Example], data: Path, seed: int | None = 0, **changes: Any) -> ExampleBatches:
    return ExampleBatches(examples, data, replace(SMALL_FINETUNE, **changes), seed)


def test_training_images_have_the_side_of_their_epoch(data: Path) -> None:
    made = batches(list_examples(data), data)
    for epoch, side, cells in ((0, 32, 2), (1, 32, 2), (2, 48, 3)):
        made.start_epoch(epoch)
        images, targets = made[0]
        assert (images.shape, targets["covered"].shape) == ((4, side, side, 3), (4, cells, cells))


def test_validation_images_have_the_last_side_and_stay_as_they_are(data: Path) -> None:
    first, again = batches(list_examples(data), data, None), batches(list_examples(data), data, None)
    again.start_epoch(1)
    assert first[0][0].shape == (4, 48, 48, 3)
    assert np.array_equal(first[0][0], again[0][0])
    assert first[0][1]["possible"].argmax(axis=1).tolist() == [
        list(Label).index(one.label or Label.GLIOMA) for one in list_examples(data)[:4]
    ]


def test_a_view_depends_on_seed_epoch_and_place_alone(data: Path) -> None:
    examples = list_examples(data)
    one, other, third = batches(examples, data), batches(examples, data), batches(examples, data, 1)
    other[3]  # what was read before does not count
    assert np.array_equal(one[1][0], other[1][0])
    assert not np.array_equal(one[1][0], third[1][0])
    before = one[1][0]
    one.start_epoch(1)
    assert not np.array_equal(one[1][0], before)


def test_what_is_covered_tells_tumor_no_tumor_and_unknown(data: Path) -> None:
    tumor, healthy = (next(one for one in list_examples(data) if (one.box is None) == empty) for empty in (False, True))
    examples = [tumor, healthy, replace(tumor, box=None), replace(tumor, label=None, box=None)]
    targets = batches(examples, data, None)[0][1]
    covered = targets["covered"]
    assert covered[0].max() == 1
    assert covered[1].tolist() == [[0, 0, 0]] * 3
    assert covered[2].tolist() == covered[3].tolist() == [[-1, -1, -1]] * 3
    assert targets["possible"].sum(axis=1).tolist() == [1, 1, 1, 3]


def pictures(*kinds: tuple[str, Label | None, int], weight: float = 1.0) -> list[Example]:
    """So many pictures of each source and label, on no disk."""
    return [
        Example(f"{source}/{label}{n}", label, f"{source}/{label}{n}", source, "train", None, weight=weight)
        for source, label, count in kinds
        for n in range(count)
    ]


def chances(examples: list[Example], balance: float) -> list[float]:
    recipe = replace(SMALL_FINETUNE, balance=balance)
    found: list[float] = sampling_chances([[one] for one in examples], recipe).tolist()
    return found


HEALTHY_AND_RARE = pictures(("clinic", Label.NO_TUMOR, 8), ("clinic", Label.GLIOMA, 2))


@pytest.mark.parametrize(("balance", "gliomas"), [(0.0, 1 / 5), (0.5, 1 / 3), (1.0, 1 / 2)])
def test_rare_labels_are_drawn_more_often(balance: float, gliomas: float) -> None:
    # Eight of one label and two of the other: one fifth by number, one half where every label counts alike.
    found = chances(HEALTHY_AND_RARE, balance)
    assert sum(found) == pytest.approx(1)
    assert found == pytest.approx([(1 - gliomas) / 8] * 8 + [gliomas / 2] * 2)


def test_a_label_of_two_sources_counts_twice() -> None:
    # Three kinds: healthy here, healthy there and glioma here.
    kinds = (("here", Label.NO_TUMOR, 2), ("there", Label.NO_TUMOR, 8), ("here", Label.GLIOMA, 4))
    assert chances(pictures(*kinds), 1.0) == pytest.approx([1 / 6] * 2 + [1 / 24] * 8 + [1 / 12] * 4)


def test_tumors_of_unknown_type_are_a_label_of_their_own() -> None:
    assert chances(pictures(("here", None, 1), ("here", Label.GLIOMA, 4)), 1.0) == pytest.approx([1 / 2] + [1 / 8] * 4)


def test_a_weight_is_how_much_more_often_an_image_is_drawn() -> None:
    examples = [*pictures(("own", Label.GLIOMA, 2), weight=3.0), *pictures(("other", Label.GLIOMA, 2))]
    assert chances(examples, 0.5) == pytest.approx([3 / 8] * 2 + [1 / 8] * 2)


def drawn(examples: list[Example], epoch: int = 0, seed: int = 0, **changes: Any) -> list[int]:
    """How often an epoch takes each picture."""
    made = batches(examples, Path(), seed, **changes)
    made.start_epoch(epoch)
    counts: list[int] = np.bincount(made._order, minlength=len(examples)).tolist()
    return counts


@pytest.mark.parametrize("count", [5, 10, 49])
def test_an_epoch_takes_each_picture_once_where_all_count_alike(count: int) -> None:
    # A share of 1 / 10 times 10 is 0.9999999999999999.
    for epoch in range(3):
        assert drawn(pictures(("here", Label.GLIOMA, count)), epoch) == [1] * count


def test_an_epoch_takes_each_picture_at_least_as_often_as_the_whole_number_says() -> None:
    # Of ten views five are gliomas, two and a half of each.
    counts = [drawn(HEALTHY_AND_RARE, epoch, balance=1.0) for epoch in range(60)]
    assert all(sum(one) == 10 and min(one[8:]) >= 2 for one in counts)
    assert np.mean([sum(one[8:]) for one in counts]) == pytest.approx(5, abs=0.5)


def test_an_epoch_has_as_many_views_as_asked() -> None:
    made = batches(HEALTHY_AND_RARE, Path(), epoch_views=23)
    assert (len(made._order), len(made)) == (23, 6)  # batches of four
    assert len(batches(HEALTHY_AND_RARE, Path())._order) == 10


def test_a_short_epoch_takes_other_pictures_each_time() -> None:
    seen = [tuple(drawn(HEALTHY_AND_RARE, epoch, epoch_views=4)) for epoch in range(5)]
    assert {sum(one) for one in seen} == {4}
    assert len(set(seen)) > 1
    assert drawn(HEALTHY_AND_RARE, 1, epoch_views=4) == list(seen[1])


def test_validation_images_are_taken_evenly_over_the_list() -> None:
    examples = pictures(("here", Label.GLIOMA, 9))
    assert [examples.index(one) for one in module._evenly(examples, 3)] == [0, 4, 8]
    assert module._evenly(examples, 99) == examples


def test_an_epoch_takes_one_copy_of_a_picture_and_others_take_the_others(data: Path) -> None:
    healthy = [replace(one, group="one") for one in list_examples(data) if one.label is Label.NO_TUMOR][:3]
    made = batches(healthy, data, augmentation=UNCHANGED)
    assert len(made) == 1
    views = []
    for epoch in range(2, 22):
        made.start_epoch(epoch)
        views.append(made[0][0])
    assert all(view.shape[0] == 1 for view in views)
    assert len({view.tobytes() for view in views}) == 3


def filled(data: Path, **shares: Any) -> tuple[Any, Any]:
    """The view of one boxed tumor and what is known of it, with these shares of filling."""
    tumor = next(one for one in list_examples(data) if one.box is not None)
    small = replace(tumor, box=(0.4, 0.4, 0.6, 0.6))
    images, targets = batches([small], data, augmentation=replace(UNCHANGED, **shares))[0]
    return images[0], {name: values[0] for name, values in targets.items()}


def test_a_filled_tumor_is_none(data: Path) -> None:
    before, _ = filled(data)
    after, targets = filled(data, fill_tumor=1.0)
    inside, outside = np.s_[14:18, 14:18], np.s_[:12]
    assert np.array_equal(before[outside], after[outside])
    assert before[inside].std() > 2 * after[inside].std()
    assert targets["possible"].argmax() == list(Label).index(Label.NO_TUMOR)
    assert not targets["covered"].any()


def test_a_tumor_beside_a_filled_box_stays_one(data: Path) -> None:
    before, known = filled(data)
    after, targets = filled(data, fill_elsewhere=1.0)
    assert np.array_equal(before[14:18, 14:18], after[14:18, 14:18])
    assert not np.array_equal(before, after)
    assert all(np.array_equal(known[name], targets[name]) for name in known)


def draw_head(side: int = 128) -> FloatArray:
    """A disc of grey tissue in the middle, on black."""
    rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    tissue = np.random.default_rng(0).uniform(0.4, 0.6, (side, side))
    return np.where(np.hypot(rows, columns) < 0.9, tissue, 0).astype(np.float32)


NOBODY = Example("a", Label.NO_TUMOR, "a", "here", "train", None)


def changed(example: Example, seed: int = 0, **shares: float) -> tuple[FloatArray, Example]:
    """What becomes of a drawn head with these shares of changes."""
    augmentation = replace(UNCHANGED, **shares)  # type: ignore[arg-type]
    return module._change_content(draw_head(), example, augmentation, np.random.default_rng(seed))


def test_a_drawn_lesion_is_a_tumor_of_unknown_type_with_a_box() -> None:
    image, known = changed(NOBODY, lesion=1.0)
    assert not np.array_equal(image, draw_head())
    assert (known.label, len(known.possible)) == (None, 3)
    assert known.box is not None


def test_where_no_lesion_fits_the_image_stays_without_a_tumor() -> None:
    empty = np.zeros((64, 64), np.float32)
    augmentation = replace(UNCHANGED, lesion=1.0)
    image, known = module._change_content(empty, NOBODY, augmentation, np.random.default_rng(0))
    assert np.array_equal(image, empty) and known == NOBODY


@pytest.mark.parametrize("label", [Label.GLIOMA, None])
def test_a_tumor_gets_no_second_one(label: Label | None) -> None:
    image, known = changed(replace(NOBODY, label=label), lesion=1.0)
    assert np.array_equal(image, draw_head()) and known.label is label


def test_a_skull_is_removed_once() -> None:
    image, known = changed(NOBODY, seed=1, no_skull=1.0)
    assert 0.5 < (image > 0).sum() / (draw_head() > 0).sum() < 0.95
    assert known == NOBODY
    image, _ = changed(replace(NOBODY, skull_stripped=True), seed=1, no_skull=1.0)
    assert np.array_equal(image, draw_head())


def test_a_view_with_a_drawn_lesion_asks_for_any_tumor_in_its_cells(data: Path) -> None:
    healthy = next(one for one in list_examples(data) if one.label is Label.NO_TUMOR)
    # The draws differ by place, and not every one is seen.
    examples = [replace(healthy, group=str(number)) for number in range(8)]
    _, targets = batches(examples, data, batch_size=8, augmentation=replace(UNCHANGED, lesion=1.0))[0]
    possible = targets["possible"].sum(axis=1)
    assert set(possible.tolist()) <= {1, 3} and (possible == 3).any()
    assert [bool(one.max() > 0) for one in targets["covered"]] == [count == 3 for count in possible]


@pytest.mark.parametrize(
    ("box", "region", "seen"),
    [
        ((0.25, 0.5, 0.5, 0.75), (0.0, 0.0, 1.0, 1.0), (0.25, 0.5, 0.5, 0.75)),
        ((0.25, 0.5, 0.5, 0.75), (0.25, 0.25, 0.75, 0.75), (0.0, 0.5, 0.5, 1.0)),
        ((0.0, 0.0, 0.5, 0.5), (0.25, 0.25, 0.75, 0.75), (0.0, 0.0, 0.5, 0.5)),  # half of it is cut off
        ((0.0, 0.0, 0.25, 0.25), (0.5, 0.5, 1.0, 1.0), None),
        (None, (0.25, 0.25, 0.75, 0.75), None),
    ],
)
def test_a_box_is_taken_into_the_region(box: Any, region: Any, seen: Any) -> None:
    assert module._box_in_region(replace(NOBODY, box=box), region).box == seen


def test_the_box_of_a_cropped_image_covers_the_same_tissue(tmp_path: Path) -> None:
    # Tissue in the right lower quarter, and the tumor in its middle.
    pixels = np.zeros((200, 200), np.uint8)
    pixels[100:200, 100:200] = np.random.default_rng(0).integers(80, 160, (100, 100))
    pixels[140:160, 140:160] = 255
    (tmp_path / "a.png").write_bytes(encode(Image.fromarray(pixels), "PNG"))
    example = Example("a.png", Label.GLIOMA, "a", "here", "validation", (0.7, 0.7, 0.8, 0.8))
    contract = replace(SMALL_FINETUNE.input, crop="head")
    images, targets = batches([example], tmp_path, None, input=contract)[0]
    covered = targets["covered"][0]
    assert np.unravel_index(covered.argmax(), covered.shape) == (1, 1)  # of three by three cells
    assert images[0, 24, 24, 0] > 0.9
    whole = batches([example], tmp_path, None)[0][1]["covered"][0]
    assert np.unravel_index(whole.argmax(), whole.shape) == (2, 2)


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
    assert furthest(module._load_state(tmp_path / "state.keras", SMALL_FINETUNE), network) == 0


def test_a_model_file_to_start_from_needs_the_list_that_trained_it(data: Path, tmp_path: Path) -> None:
    start = tmp_path / "shipped.tfliteA"
    start.write_bytes(b"")
    with pytest.raises(DatasetError, match="name its training list with --start-list"):
        tune(data, tmp_path / "run", start=start)
