from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor.errors import DatasetError
from brain_tumor.labels import Label
from brain_tumor_training.examples import Example, write_examples
from brain_tumor_training.run_folder import (
    load_network,
    open_finetune_run,
    open_fit_run,
    read_list,
    read_rows,
    read_run,
    read_seen,
    read_seen_by_start,
    read_settings,
)
from brain_tumor_training.splits import SplitRow
from tests.factories import make_model_bytes
from tests.training.drawn import SMALL, SMALL_FINETUNE

ROWS = [SplitRow(f"{part}.png", Label.GLIOMA, part) for part in ("train", "validation", "test")]
EXAMPLES = [
    Example("train.png", Label.GLIOMA, "a", "clinic", "train", None),
    Example("unknown.png", None, "b", "clinic", "validation", None),
    Example("test.png", Label.NO_TUMOR, "c", "clinic", "test", None),
]


def open_fit(out: Path, **changes: Any) -> None:
    given = {"rows": ROWS, "recipe": SMALL, "weights": "/somewhere/w.h5", "seed": 3, "cached": True, **changes}
    open_fit_run(out, **given)


def open_finetune(out: Path, **changes: Any) -> None:
    given = {"examples": EXAMPLES, "recipe": SMALL_FINETUNE, "weights": "imagenet", "seed": 3, "precision": "float32"}
    open_finetune_run(out, **{**given, "start": None, "stop_after": None, "seen": set(), **changes})


def test_a_run_of_fit_says_what_was_asked_for(tmp_path: Path) -> None:
    open_fit(tmp_path / "run")
    assert read_run(tmp_path / "run") == (SMALL, 3)
    assert read_settings(tmp_path / "run")["weights"] == "w.h5"
    assert read_rows(tmp_path / "run") == ROWS
    assert read_list(tmp_path / "run") is None


def test_a_run_of_finetune_keeps_its_list_and_a_split_of_the_known_classes(tmp_path: Path) -> None:
    open_finetune(tmp_path)
    assert read_run(tmp_path) == (SMALL_FINETUNE, 3)
    assert read_list(tmp_path) == EXAMPLES
    assert [row.path for row in read_rows(tmp_path)] == ["train.png", "test.png"]


def test_the_same_request_goes_on(tmp_path: Path) -> None:
    for _ in range(2):
        open_fit(tmp_path / "fit")
        open_finetune(tmp_path / "finetune")


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"cached": False}, {"weights": "imagenet"}, {"rows": ROWS[:2]}], ids=str
)
def test_another_request_of_fit_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    open_fit(tmp_path)
    with pytest.raises(DatasetError, match="holds a run with other settings"):
        open_fit(tmp_path, **change)


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"precision": "mixed_bfloat16"}, {"stop_after": 1}, {"examples": EXAMPLES[:2]}]
)
def test_another_request_of_finetune_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    open_finetune(tmp_path)
    with pytest.raises(DatasetError, match="holds a run with other settings"):
        open_finetune(tmp_path, **change)


def test_more_epochs_remove_the_results_of_fewer(tmp_path: Path) -> None:
    open_fit(tmp_path)
    (tmp_path / "metrics.json").touch()
    open_fit(tmp_path, recipe=replace(SMALL, epochs=SMALL.epochs + 1))
    assert not (tmp_path / "metrics.json").exists()
    assert read_run(tmp_path)[0].epochs == SMALL.epochs + 1


def test_what_a_run_has_seen_are_its_images_and_those_of_its_start(tmp_path: Path) -> None:
    open_finetune(tmp_path, seen={"older.png"})
    assert read_seen(tmp_path) == read_seen_by_start(tmp_path, None) == {"train.png", "unknown.png", "older.png"}


def test_a_run_of_fit_has_seen_what_trained_and_validated(tmp_path: Path) -> None:
    open_fit(tmp_path)
    assert read_seen(tmp_path) == {"train.png", "validation.png"}


def test_a_model_file_has_seen_the_list_that_is_given_with_it(tmp_path: Path) -> None:
    start = tmp_path / "shipped.tfliteA"
    start.write_bytes(make_model_bytes())
    write_examples(EXAMPLES, tmp_path / "list.csv")
    assert read_seen_by_start(start, tmp_path / "list.csv") == {"train.png", "unknown.png"}
    with pytest.raises(DatasetError, match="name its training list with --start-list"):
        read_seen_by_start(start, None)


def test_a_folder_without_a_run_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no run"):
        read_run(tmp_path)


def test_an_unfinished_run_has_no_network(tmp_path: Path) -> None:
    open_fit(tmp_path)
    with pytest.raises(DatasetError, match="holds no finished run"):
        load_network(tmp_path)
