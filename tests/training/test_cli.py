import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.extras import install_command
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.model_file import load_model_file
from brain_tumor.version import package_version
from brain_tumor_training.cli import main
from brain_tumor_training.dataset import read_tree
from brain_tumor_training.examples import read_examples
from brain_tumor_training.recipes import FINETUNE_RECIPES, RECIPES, Stage
from brain_tumor_training.splits import TEST, SplitRow, read_split, write_split
from tests.disk import full_disk
from tests.factories import make_model_bytes
from tests.training.drawn import SMALL, carve

Capture = pytest.CaptureFixture[str]

needs_keras = pytest.mark.skipif(
    not any(map(find_spec, ("tensorflow", "jax", "torch"))), reason="Keras finds no backend"
)
needs_tensorflow = pytest.mark.skipif(
    not find_spec("tensorflow"), reason="the export needs TensorFlow, which is not installed"
)


@pytest.fixture
def small_recipe(monkeypatch: pytest.MonkeyPatch, small_backbone: None) -> None:
    """Let the recipe ``baseline`` be a small one."""
    monkeypatch.setitem(RECIPES, "baseline", replace(SMALL, epochs=2))


def error_line(capsys: Capture) -> str:
    """What went to stderr, which must be one line of this program."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("brain-tumor-train: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.usefixtures("small_recipe")
def test_from_images_to_a_model_file(data: Path, not_brain_mri: Path, tmp_path: Path, capsys: Capture) -> None:
    run, model = str(tmp_path / "run"), tmp_path / "small.tfliteA"
    assert main(["fit", "--data", str(data), "--weights", "7", "--out", run, "--keep", "best", "--seed", "3"]) == 0
    assert "test: accuracy " in capsys.readouterr().out
    rest = ["--data", str(data), "--not-brain-mri", str(not_brain_mri), "--unseen", "fence"]
    assert main(["fit-decision", run, *rest]) == 0
    shown = capsys.readouterr().out
    assert "fence (not brain MRI, never fitted): " in shown and "of 12 held-back images accepted" in shown
    assert main(["export", run, "--data", str(data), "--out", str(model), "--parity-images", "8"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("written as static int8; compared with Keras on 8 images")
    assert f"next: brain-tumor evaluate {data} --model {model}" in shown
    settings = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert (settings["seed"], settings["recipe"]["keep"], settings["recipe"]["epochs"]) == (3, "best", 2)


@pytest.mark.slow
@needs_keras
@pytest.mark.usefixtures("small_recipe")
def test_fit_takes_a_split_file_and_goes_without_a_cache(data: Path, tmp_path: Path) -> None:
    rows = carve(data, seed=9)
    write_split(rows, tmp_path / "split.csv")
    common = ["--data", str(data), "--weights", "7", "--out", str(tmp_path / "run"), "--epochs", "1"]
    assert main(["fit", *common, "--split", str(tmp_path / "split.csv"), "--no-feature-cache"]) == 0
    assert read_split(tmp_path / "run/split.csv") == rows
    assert not (tmp_path / "run/features").exists()


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.usefixtures("small_recipe")
def test_cross_validate_makes_and_tests_a_network_per_fold(
    data: Path, not_brain_mri: Path, tmp_path: Path, capsys: Capture
) -> None:
    images = [image for image in read_tree(data) if image.official_split == "Training"]
    rows = [f"{image.name},{image.label.value},{index % 2},0" for index, image in enumerate(images)]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge\n" + "\n".join(rows), encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["--index", str(tmp_path / "index.csv"), "--data", str(data), "--weights", "7", "--out", str(out)]
    assert main(["cross-validate", *arguments, "--not-brain-mri", str(not_brain_mri), "--unseen", "fence"]) == 0
    assert f"written to {out / 'cross-validation.json'}" in capsys.readouterr().out
    document = json.loads((out / "cross-validation.json").read_text(encoding="utf-8"))
    assert [item["images"] for item in document["folds"].values()] == [16, 16]
    assert document["figures"]["accuracy"]["pooled"]["total"] == 32
    assert all((out / f"fold-{fold}.tfliteA").is_file() for fold in (0, 1))


def write_official_leak(data: Path, folder: Path) -> str:
    """Groups of the drawn data set, in which a test image is a copy of a training image."""
    copies = {"Training/glioma/000.png", "Testing/glioma/000.png"}
    rows = [f"{image.name},{'copies' if image.name in copies else image.name}\n" for image in read_tree(data)]
    (folder / "groups.csv").write_text("path,group\n" + "".join(rows), encoding="utf-8")
    return str(folder / "groups.csv")


@needs_keras
@pytest.mark.parametrize("given", [True, False])
def test_fit_refuses_a_split_with_copies_across(given: bool, data: Path, tmp_path: Path, capsys: Capture) -> None:
    write_split(carve(data), tmp_path / "split.csv")
    split = ["--split", str(tmp_path / "split.csv")] if given else []
    groups = write_official_leak(data, tmp_path)
    assert main(["fit", "--data", str(data), "--out", str(tmp_path / "run"), "--groups", groups, *split]) == 2
    assert "tears 1 groups of copies apart: 1 test images" in error_line(capsys)
    assert not (tmp_path / "run").exists()


@needs_keras
def test_fit_takes_a_split_whose_leaks_are_meant_and_carves_by_group(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: dict[str, str] = {}

    def fit(rows: Sequence[SplitRow], *_: object) -> dict[str, dict[str, float]]:
        parts.update({row.path: row.split for row in rows})
        return {}

    monkeypatch.setattr("brain_tumor_training.train.fit", fit)
    pairs = [f"{image.name},{index // 2}\n" for index, image in enumerate(read_tree(data))]
    (tmp_path / "pairs.csv").write_text("path,group\n" + "".join(pairs), encoding="utf-8")
    groups = ["--groups", write_official_leak(data, tmp_path), "--groups", str(tmp_path / "pairs.csv")]
    common = ["fit", "--data", str(data), "--out", str(tmp_path / "run"), "--allow-leaks-into", "test"]
    assert main([*common, *groups]) == 0
    neighbours = [f"Training/{label.slug}/{number:03}.png" for label in LABELS for number in range(8)]
    assert all(parts[neighbour] == parts[two] for neighbour, two in zip(neighbours[::2], neighbours[1::2], strict=True))
    assert set(parts.values()) == {"train", "validation", "test"}


def test_help_shows_every_field_of_the_recipe(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fit", "--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    for name, value in asdict(RECIPES["baseline"]).items():
        assert f"{name} = {value}\n" in shown


@pytest.mark.parametrize(
    "command",
    "split training-list finetune cross-validate fit-decision export card data compare-maps".split(),
)
def test_every_command_has_help(command: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert (end.value.code, capsys.readouterr().out.startswith("usage: ")) == (0, True)


TRAINING_LIST = "training-list --data d --index i --groups g --out o".split()
CROSS = "cross-validate --index i --data d --out o --not-brain-mri n".split()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fit"],
        ["fit", "--data", "d", "--out", "o", "--epochs", "0"],
        ["fit", "--data", "d", "--out", "o", "--epochs", "ten"],
        ["fit", "--data", "d", "--out", "o", "--seed", "-1"],
        ["finetune", "--list", "l", "--data", "d", "--out", "o", "--stages", "224"],
        ["finetune", "--list", "l", "--data", "d", "--out", "o", "--stages", "224x0"],
        ["finetune", "--list", "l", "--data", "d", "--out", "o", "--stages", "224x6x1"],
        ["fit", "--data", "d", "--out", "o", "--allow-leaks-into", "train"],
        [*TRAINING_LIST, "--own-weight", "0"],
        [*TRAINING_LIST, "--own-weight", "nan"],
        [*CROSS, "--folds", "1,1"],
        [*CROSS, "--folds", "1,"],
        [*CROSS, "--folds", "one"],
        ["data"],
    ],
)
def test_wrong_use_is_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_split_writes_the_parts_of_a_fold(tmp_path: Path, capsys: Capture) -> None:
    rows = [f"Training/{name}/{fold}-{n}.jpg,{name},{fold},0" for name in CLASSES for fold in (0, 1) for n in range(7)]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge\n" + "\n".join(rows), encoding="utf-8")
    out = tmp_path / "split.csv"
    assert main(["split", "--index", str(tmp_path / "index.csv"), "--hold-out-fold", "1", "--out", str(out)]) == 0
    following = f"next: brain-tumor-train fit --data {tmp_path} --split {out} --out runs/mine\n"
    assert capsys.readouterr().out == f"{out}: 23 train, 5 validation, 28 test\n{following}"
    assert all("/1-" in row.path for row in read_split(out) if row.split == TEST)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_leaves_no_half_of_a_split_and_says_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    rows = [f"Training/{name}/{fold}-{n}.jpg,{name},{fold},0" for name in CLASSES for fold in (0, 1) for n in range(7)]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge\n" + "\n".join(rows), encoding="utf-8")
    with full_disk(500):
        command = ["split", "--index", str(tmp_path / "index.csv"), "--hold-out-fold", "1"]
        assert main([*command, "--out", str(tmp_path / "split.csv")]) == 2
    assert "File too large; make room, the same command goes on from here" in error_line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["index.csv"]


def test_split_leaves_out_copies_by_any_groups(tmp_path: Path, capsys: Capture) -> None:
    names = [f"Training/{name}/{fold}-{n}.jpg" for name in CLASSES for fold in (0, 1) for n in range(7)]
    # By the index the images 0 of a class are copies, by one file the images 1, by another the images 2.
    tables = [
        {name: f"{name.split('/')[1]}-copies" if name.endswith(f"-{copied}.jpg") else name for name in names}
        for copied in range(3)
    ]
    rows = [f"{name},{name.split('/')[1]},{name[-7]},0,{tables[0][name]}\n" for name in names]
    (tmp_path / "index.csv").write_text("path,label,fold,near_fold_edge,group\n" + "".join(rows), encoding="utf-8")
    groups = []
    for index, table in enumerate(tables[1:]):
        path = tmp_path / f"groups-{index}.csv"
        path.write_text("path,group\n" + "".join(f"{item},{two}\n" for item, two in table.items()), encoding="utf-8")
        groups += ["--groups", str(path)]
    out = tmp_path / "split.csv"
    arguments = ["split", "--index", str(tmp_path / "index.csv"), "--hold-out-fold", "1", "--out", str(out)]
    assert main([*arguments, *groups]) == 0
    assert capsys.readouterr().out.startswith(f"{out}: 24 train, 4 validation, 16 test\n")


CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


def test_data_fetch_shows_source_and_licence_before_it_fails(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def download(handle: str) -> str:
        raise ConnectionError("unreachable")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))
    assert main(["data", "fetch"]) == 2
    shown = capsys.readouterr()
    assert "CC0" in shown.out
    assert shown.err.startswith("brain-tumor-train: kaggle.com: the download failed (ConnectionError: unreachable)")
    assert len(shown.err.splitlines()) == 1


def test_data_fetch_tells_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=lambda _: str(tmp_path)))
    assert main(["data", "fetch"]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith(f"downloaded to {tmp_path}\nnext: brain-tumor-train audit {tmp_path} --out audit\n")


@needs_keras
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["fit", "--data", "none", "--out", "run"], "none: no such folder; give the folder that holds Training/"),
        (["fit", "--data", ".", "--out", "run"], ".: has no folders; one per class is needed"),
        (["fit", "--data", ".", "--split", "none.csv", "--out", "run"], "none.csv: cannot be read"),
        (["split", "--index", "none.csv", "--hold-out-fold", "0", "--out", "s.csv"], "none.csv: cannot be read"),
        (["fit-decision", "none", "--data", ".", "--not-brain-mri", "."], "cannot be read"),
        (["fit-decision", ".", "--data", ".", "--not-brain-mri", "."], "cannot be read"),
    ],
)
def test_a_wrong_folder_is_status_2_and_one_line(
    arguments: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert complaint in error_line(capsys)


@needs_keras
def test_weights_that_are_not_there_are_status_2_and_one_line(data: Path, tmp_path: Path, capsys: Capture) -> None:
    run = tmp_path / "run"
    assert main(["fit", "--data", str(data), "--weights", "none.weights.h5", "--out", str(run)]) == 2
    assert "none.weights.h5: cannot be used as weights" in error_line(capsys)
    assert not run.exists()


@needs_keras
@pytest.mark.usefixtures("small_recipe")
def test_images_that_are_not_there_are_status_2_and_one_line(data: Path, tmp_path: Path, capsys: Capture) -> None:
    write_split(carve(data), tmp_path / "split.csv")
    arguments = ["fit", "--data", str(tmp_path), "--split", str(tmp_path / "split.csv"), "--weights", "7"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
    assert "40 of 40 images cannot be read" in capsys.readouterr().err.splitlines()[0]


@needs_tensorflow
def test_a_run_without_a_decision_is_status_2_and_one_line(tmp_path: Path, capsys: Capture) -> None:
    assert main(["export", str(tmp_path), "--data", str(tmp_path)]) == 2
    assert "has no decision.json; run brain-tumor-train fit-decision first" in error_line(capsys)


def test_what_is_not_installed_is_named_with_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "brain_tumor_training.train", None)
    monkeypatch.delattr("brain_tumor_training.train", raising=False)
    assert main(["fit", "--data", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert install_command("train") in error_line(capsys)


def test_an_interruption_is_status_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupt() -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr("brain_tumor_training.dataset.fetch_public_set", interrupt)
    assert main(["data", "fetch"]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err


EVALUATION = {
    "model": {"model_id": "test-1"},
    "data": {"folder": "brains"},
    "measured_on": "2026-01-31",
    "accuracy": {"value": 0.5},
    "macro_f1": {"value": 0.4},
    "accuracy_among_classified": None,
    "uncertain": {"value": 0.1},
    "not_analysed": {"value": 0.0},
    "classes": {"Glioma": {"recall": {"value": 0.6}, "precision": {"value": 0.7}}},
}


@needs_tensorflow
def test_card_keeps_the_main_figures_of_an_evaluation(tmp_path: Path) -> None:
    model, figures = tmp_path / "m.tfliteA", tmp_path / "evaluation.json"
    model.write_bytes(make_model_bytes())
    figures.write_text(json.dumps(EVALUATION), encoding="utf-8")
    assert main(["card", str(model), "--evaluation", f"official split={figures}"]) == 0
    kept = load_model_file(model).card.about["metrics"]["official split"]
    assert (kept["model_id"], kept["accuracy"]) == ("test-1", {"value": 0.5})
    assert kept["recall"] == {"Glioma": {"value": 0.6}}


@needs_tensorflow
@pytest.mark.parametrize("content", ["{}", "[]", "no JSON"])
def test_card_refuses_another_file(content: str, tmp_path: Path, capsys: Capture) -> None:
    model, figures = tmp_path / "m.tfliteA", tmp_path / "figures.json"
    model.write_bytes(make_model_bytes())
    figures.write_text(content, encoding="utf-8")
    assert main(["card", str(model), "--evaluation", f"official={figures}"]) == 2
    assert "is not NAME=evaluation.json" in error_line(capsys)
    assert model.read_bytes() == make_model_bytes()


@needs_tensorflow
def test_card_refuses_a_missing_model(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION), encoding="utf-8")
    missing = ["card", str(tmp_path / "none.tfliteA"), "--evaluation", f"official={tmp_path / 'evaluation.json'}"]
    assert main(missing) == 2
    assert "none.tfliteA: cannot be read" in error_line(capsys)


def test_every_error_of_the_package_ends_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def refuse() -> Path:
        raise ModelFileError("damaged")

    monkeypatch.setattr("brain_tumor_training.dataset.fetch_public_set", refuse)
    assert main(["data", "fetch"]) == 2
    assert error_line(capsys) == "brain-tumor-train: damaged"


INDEX = """\
path,label,official_split,source,group,mirrored,fold,near_fold_edge,box_x0,box_y0,box_x1,box_y1
a.png,glioma,Training,figshare,figshare-1,0,0,0,0.1,0.2,0.3,0.4
b.png,notumor,Training,br35h,b,0,1,0,,,,
copy.png,glioma,Testing,figshare,figshare-1,1,1,0,,,,
"""


def build_list(tmp_path: Path, *options: str) -> int:
    """training-list on three own images, two of them copies, and two of another source."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set/index.csv").write_text(INDEX, encoding="utf-8")
    (tmp_path / "groups.csv").write_text("path,group\na.png,1\nb.png,2\ncopy.png,1\n", encoding="utf-8")
    (tmp_path / "more/flair").mkdir(parents=True)
    for name in ("s01_a.png", "s02_a.png"):
        (tmp_path / "more/flair" / name).touch()
    (tmp_path / "more.csv").write_text("path,group\nflair/s01_a.png,1\nflair/s02_a.png,2\n", encoding="utf-8")
    common = ["--data", str(tmp_path), "--index", str(tmp_path / "set/index.csv")]
    rest = ["--groups", str(tmp_path / "groups.csv"), "--out", str(tmp_path / "list.csv")]
    return main(["training-list", *common, *rest, *options])


def test_training_list_puts_sources_together(tmp_path: Path, capsys: Capture) -> None:
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv")]
    assert build_list(tmp_path, "--hold-out-fold", "0", *other) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv")}
    assert set(rows) == {"set/a.png", "set/b.png", "more/flair/s01_a.png", "more/flair/s02_a.png"}
    assert (rows["set/a.png"].split, rows["set/a.png"].box) == ("test", (0.1, 0.2, 0.3, 0.4))
    assert rows["set/b.png"].split != "test"
    assert "figshare: 0 train, 0 validation, 1 test\n" in capsys.readouterr().out


def test_without_a_held_out_fold_the_test_part_has_copies(tmp_path: Path) -> None:
    assert build_list(tmp_path) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv")}
    assert rows["set/a.png"].group == rows["set/copy.png"].group
    assert rows["set/a.png"].split != rows["set/copy.png"].split == "test"


def test_a_training_list_leaves_out_what_is_noted(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("path,seen\nset/a.png,CT\n", encoding="utf-8")
    assert build_list(tmp_path, "--leave-out", str(tmp_path / "notes.csv")) == 0
    assert {row.path for row in read_examples(tmp_path / "list.csv")} == {"set/b.png", "set/copy.png"}


def test_a_training_list_leaves_out_copies_of_tested_images_in_other_sources(tmp_path: Path, capsys: Capture) -> None:
    flair = ["more/flair/s01_a.png", "more/flair/s02_a.png"]
    groups = {"set/a.png": 1, "set/b.png": 2, "set/copy.png": 1, **dict.fromkeys(flair, 1)}
    audit = tmp_path / "all.csv"
    audit.write_text("path,group\n" + "".join(f"{path},{group}\n" for path, group in groups.items()), encoding="utf-8")
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv"), "--all-groups", str(audit)]
    assert build_list(tmp_path, "--hold-out-fold", "0", *other) == 0
    rows = {row.path: row.split for row in read_examples(tmp_path / "list.csv")}
    assert {path for path, part in rows.items() if part != "test"} == {"set/b.png"}
    audit.write_text("path,group\nset/a.png,1\nset/b.png,2\n", encoding="utf-8")
    command = ["training-list", "--data", str(tmp_path), "--index", str(tmp_path / "set/index.csv")]
    rest = ["--groups", str(tmp_path / "groups.csv"), "--out", str(tmp_path / "list.csv"), "--hold-out-fold", "0"]
    assert main([*command, *rest, *other]) == 2
    assert "all.csv: lacks 2 images of the split, more/flair/s01_a.png first" in error_line(capsys)


FURTHER = """\
path,source,label,family,sequence,patient,skull_stripped,split
a.png,clinic,tumor,,t1,one,1,held-back
b.png,stroke,other lesion,,flair,two,0,train
c.png,web,not-brain-mri,photo,,three,0,train
"""


def test_a_training_list_takes_further_sources_from_their_index(tmp_path: Path) -> None:
    (tmp_path / "further").mkdir()
    (tmp_path / "further/index.csv").write_text(FURTHER, encoding="utf-8")
    index = str(tmp_path / "further/index.csv")
    assert build_list(tmp_path, "--further", index) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv") if row.path.startswith("further")}
    assert set(rows) == {"further/a.png"}
    assert (rows["further/a.png"].split, rows["further/a.png"].skull_stripped) == ("test", True)


def test_a_training_list_knows_sources_by_name(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "further").mkdir()
    (tmp_path / "further/index.csv").write_text(FURTHER, encoding="utf-8")
    index = str(tmp_path / "further/index.csv")
    named = ["--no-tumor-source", "stroke", "--leave-out-source", "stroke"]
    assert build_list(tmp_path, "--further", index, *named) == 0
    rows = {row.path: row for row in read_examples(tmp_path / "list.csv")}
    assert (rows["further/b.png"].label, rows["further/b.png"].split) == (Label.NO_TUMOR, "test")
    list_again = ["--out", str(tmp_path / "list.csv"), "--groups", str(tmp_path / "groups.csv"), "--further", index]
    command = ["training-list", "--data", str(tmp_path), "--index", str(tmp_path / "set/index.csv"), *list_again]
    assert main([*command, "--leave-out-source", "clinics"]) == 2
    assert "lists no source clinics" in error_line(capsys)


def test_a_training_list_weighs_the_set_s_own_images_and_notes_stripped_heads(tmp_path: Path) -> None:
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv")]
    assert build_list(tmp_path, "--own-weight", "2.5", "--stripped", "more/flair", *other) == 0
    rows = read_examples(tmp_path / "list.csv")
    known = {(row.path.partition("/")[0], row.weight, row.skull_stripped) for row in rows}
    assert known == {("set", 2.5, False), ("more", 1.0, True)}


def test_without_folds_no_other_source_has_a_copy_of_the_set_s_own(tmp_path: Path) -> None:
    groups = {"set/a.png": 1, "set/b.png": 2, "set/copy.png": 1, "more/flair/s01_a.png": 1, "more/flair/s02_a.png": 3}
    audit = tmp_path / "all.csv"
    audit.write_text("path,group\n" + "".join(f"{path},{group}\n" for path, group in groups.items()), encoding="utf-8")
    other = ["--other", "more/flair=notumor", "--other-groups", str(tmp_path / "more.csv"), "--all-groups", str(audit)]
    assert build_list(tmp_path, *other) == 0
    assert {row.path for row in read_examples(tmp_path / "list.csv")} == set(groups) - {"more/flair/s01_a.png"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--other", "more/flair=notumor"], "--other needs --other-groups"),
        (["--other", "notumor", "--other-groups", "more.csv"], "--other notumor: is not FOLDER=LABEL"),
        (["--other", "more/flair=gliom", "--other-groups", "more.csv"], "is given the label 'gliom'"),
        (["--data", "elsewhere"], "does not lie below --data elsewhere"),
        (["--stripped", "more/flare"], "--stripped more/flare: is no folder of --other"),
    ],
)
def test_a_training_list_that_cannot_be_built_is_status_2_and_one_line(
    options: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert build_list(tmp_path, *options) == 2
    assert complaint in error_line(capsys)
    assert not (tmp_path / "list.csv").exists()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command finetune has asked for; nothing is trained."""
    calls: list[tuple[Any, ...]] = []

    def finetune(*arguments: Any) -> dict[str, dict[str, float]]:
        calls.append(arguments)
        return {"validation": {"accuracy": 0.5}}

    monkeypatch.setitem(sys.modules, "brain_tumor_training.finetune", SimpleNamespace(finetune=finetune))
    monkeypatch.setattr("brain_tumor_training.finetune", sys.modules["brain_tumor_training.finetune"], raising=False)
    return calls


def tune(tmp_path: Path, *options: str) -> int:
    common = ["--list", str(tmp_path / "list.csv"), "--data", str(tmp_path), "--out", str(tmp_path / "run")]
    return main(["finetune", *common, *options])


def test_finetune_passes_on_its_arguments(tmp_path: Path, asked: list[tuple[Any, ...]], capsys: Capture) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--stages", "96x2,128x1", "--seed", "3", "--weights", "w.h5", "--start", "before") == 0
    recipe = replace(FINETUNE_RECIPES["finetuned"], stages=(Stage(96, 2), Stage(128, 1)))
    rows = read_examples(tmp_path / "list.csv")
    given = (rows, tmp_path, recipe, "w.h5", tmp_path / "run", 3, Path("before"), None, None, 0, False)
    assert [(call[:11], call[11].size, call[12:]) for call in asked] == [(given, 1, (LABELS, "tensorboard"))]
    assert "validation: accuracy 0.5000\n" in capsys.readouterr().out


def test_finetune_can_feed_a_gpu(tmp_path: Path, asked: list[tuple[Any, ...]]) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--batch-size", "64", "--processes", "6") == 0
    recipe, processes = asked[0][2], asked[0][9]
    assert (recipe, processes) == (replace(FINETUNE_RECIPES["finetuned"], batch_size=64), 6)


def test_finetune_can_have_shorter_epochs(tmp_path: Path, asked: list[tuple[Any, ...]]) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--epoch-views", "500") == 0
    assert asked[0][2] == replace(FINETUNE_RECIPES["finetuned"], epoch_views=500)


def test_finetune_can_end_before_its_last_epoch(tmp_path: Path, asked: list[tuple[Any, ...]], capsys: Capture) -> None:
    build_list(tmp_path, "--hold-out-fold", "0")
    assert tune(tmp_path, "--stages", "96x2,128x1", "--stop-after", "2") == 0
    assert asked[0][8] == 2
    assert tune(tmp_path, "--stages", "96x2,128x1", "--stop-after", "4") == 2
    assert "the stages have 3 epochs" in error_line(capsys)


def test_a_leaking_list_is_refused_unless_copies_are_asked_for(
    tmp_path: Path, asked: list[tuple[Any, ...]], capsys: Capture
) -> None:
    build_list(tmp_path)
    assert tune(tmp_path) == 2
    assert "--copies-in-test" in error_line(capsys)
    assert asked == []
    assert tune(tmp_path, "--copies-in-test") == 0
    assert len(asked) == 1


def test_help_shows_every_field_of_the_finetuned_recipe(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["finetune", "--help"])
    shown = capsys.readouterr().out
    for name, value in asdict(FINETUNE_RECIPES["finetuned"]).items():
        assert f"{name} = {value}\n" in shown


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"brain-tumor-train {package_version()}\n")


@pytest.mark.parametrize(
    "command", [["fit", "--data", "x", "--out", "y"], ["finetune", "--list", "x.csv", "--data", "x", "--out", "y"]]
)
def test_a_backend_that_nobody_has_trained_with_is_refused(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert main(command) == 2
    assert "KERAS_BACKEND=jax: training runs on tensorflow" in error_line(capsys)
