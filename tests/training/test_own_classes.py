"""A data set with classes of its own, from its folders to the thresholds."""

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor.cli import main
from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS, ClassNames, Label
from brain_tumor.model.model_file import load_model_file
from brain_tumor.presentation.palette import class_looks
from brain_tumor_training.dataset import read_own_classes, read_tree
from brain_tumor_training.fit_decision import fit_decision
from brain_tumor_training.run_folder import load_network, read_classes, read_rows
from brain_tumor_training.splits import carve_validation, write_split
from brain_tumor_training.splits import read_own_classes as read_listed_classes
from brain_tumor_training.train import fit
from tests.training.drawn import SMALL, Run, draw_slice

YES, NO = Label("yes", True), Label("no", False)


@pytest.fixture(scope="module")
def two_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``yes`` and ``no`` in Training and Testing; slices with and without bars."""
    root = tmp_path_factory.mktemp("own")
    for split, images in (("Training", 12), ("Testing", 2)):
        for name, drawn in (("yes", Label.GLIOMA), ("no", Label.NO_TUMOR)):
            (root / split / name).mkdir(parents=True)
            for number in range(images):
                seed = 1000 * (split == "Testing") + number
                (root / split / name / f"{number:02}.png").write_bytes(draw_slice(drawn, seed))
    return root


def test_the_folders_names_are_the_classes(two_folders: Path) -> None:
    classes = read_own_classes(two_folders, [])
    assert classes == (NO, YES)
    images = read_tree(two_folders, ClassNames(classes=classes))
    assert {image.label for image in images if image.name.startswith("Testing/yes")} == {YES}


def test_a_person_says_which_class_is_no_finding(tmp_path: Path) -> None:
    for split in ("Training", "Testing"):
        for name in ("stroke", "clear"):
            (tmp_path / split / name).mkdir(parents=True)
    assert [label.is_finding for label in read_own_classes(tmp_path, [])] == [True, True]
    assert [label.is_finding for label in read_own_classes(tmp_path, ["clear"])] == [False, True]
    with pytest.raises(DatasetError, match="cleer is none of the classes clear, stroke"):
        read_own_classes(tmp_path, ["cleer"])


def test_names_that_make_one_column_are_refused(tmp_path: Path) -> None:
    for name in ("a b", "a-b"):
        (tmp_path / "Training" / name).mkdir(parents=True)
    (tmp_path / "Testing").mkdir()
    with pytest.raises(DatasetError, match="two or more classes with different names are needed, found a b, a-b"):
        read_own_classes(tmp_path, [])


def test_a_split_file_names_its_classes(two_folders: Path, tmp_path: Path) -> None:
    rows = carve_validation(read_tree(two_folders, ClassNames(classes=(NO, YES))), 0.25, 0)
    write_split(rows, tmp_path / "split.csv")
    assert read_listed_classes(tmp_path / "split.csv", []) == (NO, YES)


@pytest.fixture(scope="module")
def own_run(two_folders: Path, not_brain_mri: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    from tests.training.drawn import build_small_backbone

    out = tmp_path_factory.mktemp("own-run")
    run = Run(out / "run", two_folders, not_brain_mri, out / "features", SMALL)
    rows = carve_validation(read_tree(two_folders, ClassNames(classes=(NO, YES))), SMALL.validation_share, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brain_tumor_training.train.build_backbone", build_small_backbone)
        fit(rows, two_folders, SMALL, "7", run.folder, 0, run.cache, (NO, YES))
    fit_decision(run.folder, two_folders, [], [not_brain_mri], {"fence"}, run.cache)
    return run


def test_the_run_knows_its_classes(own_run: Run) -> None:
    assert read_classes(own_run.folder) == (NO, YES)
    assert {row.label for row in read_rows(own_run.folder)} == {NO, YES}
    assert load_network(own_run.folder).output_shape == (None, 2)


def test_a_run_of_this_project_s_classes_says_nothing_of_them(small_run: Run) -> None:
    settings = json.loads((small_run.folder / "run.json").read_text(encoding="utf-8"))
    assert "classes" not in settings
    assert read_classes(small_run.folder) == LABELS


def test_thresholds_on_sources_never_seen_are_of_this_project_s_classes(own_run: Run, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="this run has no, yes"):
        fit_decision(
            own_run.folder, own_run.data, [], [own_run.not_brain_mri], {"fence"}, own_run.cache, doubt=tmp_path / "list"
        )


@pytest.fixture(scope="module")
def own_model(own_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")
    from brain_tumor_training.export import export

    path = tmp_path_factory.mktemp("own-model") / "own.tfliteA"
    export(own_run.folder, own_run.data, path, colors={"no": "#223344"})
    return path


def test_the_card_holds_name_finding_and_colour(own_model: Path) -> None:
    order = load_model_file(own_model).card.rules.order
    assert [(label.value, label.is_finding) for label in order] == [("no", False), ("yes", True)]
    assert [label.color for label in order] == ["#223344", class_looks((NO, YES))[YES].color]


@pytest.mark.parametrize(
    ("colors", "complaint"), [({"maybe": "#223344"}, "maybe: colours are for .* no, yes"), ({"no": "red"}, "no colour")]
)
def test_colours_that_cannot_be_meant_are_refused(
    own_run: Run, tmp_path: Path, colors: dict[str, str], complaint: str
) -> None:
    pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")
    from brain_tumor_training.export import export

    with pytest.raises(DatasetError, match=complaint):
        export(own_run.folder, own_run.data, tmp_path / "own.tfliteA", colors=colors)


def test_the_model_file_names_them_in_every_table(own_model: Path, tmp_path: Path) -> None:
    (tmp_path / "bars.png").write_bytes(draw_slice(Label.GLIOMA, 77))
    (tmp_path / "plain.png").write_bytes(draw_slice(Label.NO_TUMOR, 77))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    command = ["predict", str(tmp_path), "--model", str(own_model), "--csv", str(tmp_path / "answers.csv")]
    assert main(command) == 1  # broken.png is an error, the others are answered
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    assert [rows[name]["class"] for name in ("bars", "plain", "broken")] == ["yes", "no", ""]
    assert float(rows["bars"]["p_yes"]) + float(rows["bars"]["p_no"]) == pytest.approx(1, abs=2e-6)
    assert main([*command, "--resume"]) == 1


def test_the_model_file_is_evaluated_on_the_folders_that_trained_it(
    own_model: Path, own_run: Run, tmp_path: Path
) -> None:
    command = ["evaluate", str(own_run.data), "--model", str(own_model), "--out", str(tmp_path / "report")]
    assert main(command) == 0
    document = json.loads((tmp_path / "report" / "evaluation.json").read_text(encoding="utf-8"))
    assert document["confusion_matrix"]["order"] == ["no", "yes"]
    assert document["accuracy"]["total"] == 4
