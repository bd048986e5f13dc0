import json
import sys
from pathlib import Path

import pytest

from brain_tumor.cli import main
from brain_tumor.evaluation import command
from brain_tumor.extras import install_command
from brain_tumor.model.card import Card
from brain_tumor.presentation.wording import NOTICE
from tests.evaluation.fakes import FakeClassifier, fill
from tests.factories import make_card

Capture = pytest.CaptureFixture[str]


class FakeWithCard(FakeClassifier):
    @property
    def card(self) -> Card:
        return make_card()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file whose answers are FakeClassifier's."""
    monkeypatch.setattr(command, "load_classifier", lambda *_: FakeWithCard())
    path = tmp_path / "fake.tfliteA"
    path.write_bytes(b"model")
    return path


def evaluate(data: Path, fake: Path, out: Path, *more: str | Path) -> int:
    return main(["evaluate", str(data), "--model", str(fake), "--out", str(out), *map(str, more)])


def test_a_report_is_written_and_summed_up(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    data, out = fill(tmp_path / "data", "glioma/glioma-90.png", "notumor/no_tumor-90.png"), tmp_path / "out"
    assert evaluate(data, fake, out) == 0
    output = capsys.readouterr()
    assert "accuracy      100.0 % (34.2 to 100.0)" in output.out
    assert f"report        {out / 'report.html'}" in output.out
    assert NOTICE in output.err
    model = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["model"]
    # As `sha256sum` prints it for the five bytes above.
    assert model["file_sha256"] == "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"
    assert (model["model_id"], model["file_name"]) == ("test-1", "fake.tfliteA")


def test_an_unreadable_file_is_status_1(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    data = fill(tmp_path / "data", "glioma/glioma-90.png")
    (data / "glioma/broken.png").write_bytes(b"")
    assert evaluate(data, fake, tmp_path / "out") == 1
    assert "unreadable    1 file" in capsys.readouterr().out


def test_the_list_and_the_gate_folders_are_used(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    data = fill(tmp_path / "data", "glioma/glioma-90.png", "glioma/pituitary-90.png")
    table = tmp_path / "split.csv"
    table.write_text("path,label,split\nglioma/glioma-90.png,Glioma,test\n", encoding="utf-8")
    brains, others = (
        fill(tmp_path / "brains", "t1/no_tumor-90.png"),
        fill(tmp_path / "others", "ct/reject-1.png"),
    )
    options = ("--list", table, "--brain-mri", brains, "--not-brain-mri", others)
    assert evaluate(data, fake, tmp_path / "out", *options) == 0
    out = capsys.readouterr().out
    assert "on data, 1 image\n" in out
    assert "accepted      100.0 % (20.7 to 100.0)  t1 (brain MRI)" in out
    assert "accepted      0.0 % (0.0 to 79.3)  ct (not brain MRI)" in out


def test_several_folders_and_a_list_of_other_sources_are_used(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    data = fill(tmp_path / "data", "glioma/glioma-90.png")
    first, second = fill(tmp_path / "one", "tumor/glioma-90.png"), fill(tmp_path / "two", "tumor/no_tumor-90.png")
    held = fill(tmp_path / "held", "volunteers/glioma-95.png", "volunteers/no_tumor-90.png", "volunteers/reject-1.png")
    table = tmp_path / "held-back.csv"
    rows = "volunteers/glioma-95.png,t1,notumor,test\nvolunteers/reject-1.png,t1,notumor,train\n"
    table.write_text(f"path,source,label,split\n{rows}", encoding="utf-8")
    options = ("--brain-mri", first, "--brain-mri", second, "--sources-list", table, "--data", held)
    assert evaluate(data, fake, tmp_path / "out", *options) == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    families = document["sources"]["families"]
    assert [
        (family["family"], family["called_tumor"]["hits"], family["called_tumor"]["total"]) for family in families
    ] == [
        ("one/tumor", 1, 1),
        ("two/tumor", 0, 1),
        ("t1", 1, 1),
    ]
    assert document["data"]["notes"] == ["The list held-back.csv chose 1 of its 2 rows."]
    assert "t1 (brain MRI, No Tumor): 1 of 1" in capsys.readouterr().out


def test_a_list_of_sources_starts_from_the_evaluated_folder(tmp_path: Path, fake: Path) -> None:
    data = fill(tmp_path / "data", "glioma/glioma-90.png", "elsewhere/glioma-90.png")
    table = tmp_path / "list.csv"
    table.write_text("path,source,label\nelsewhere/glioma-90.png,x,\nelsewhere/gone.png,x,\n", encoding="utf-8")
    assert evaluate(data, fake, tmp_path / "out", "--sources-list", table) == 1
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    (family,) = document["sources"]["families"]
    assert (family["images"], family["unreadable"], family["accepted"]["total"]) == (2, 1, 1)
    assert [item["file"] for item in document["unreadable"]] == ["elsewhere/gone.png"]


def test_corruptions_are_measured_on_request(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    data = fill(tmp_path / "data", *(f"{label}/{label}-90-{n}.png" for label in ("glioma", "pituitary") for n in "abc"))
    out = tmp_path / "out"
    assert evaluate(data, fake, out, "--corruptions", "--corruption-images", "4") == 0
    # This classifier believes the name of a file, so no damage to the picture changes its answer.
    said = "corruptions   macro F1 1.000 on 4 clean images falls by 0.0 points at strength 3 of 5"
    assert said in capsys.readouterr().out
    robustness = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["robustness"]
    assert (robustness["drawn_from"], robustness["sample"]["Glioma"], robustness["sample"]["Pituitary"]) == (6, 2, 2)
    assert [(item["corruption"], item["strength"]) for item in robustness["corruptions"][4:6]] == [
        ("Gaussian noise", 5),
        ("Rician noise", 1),
    ]
    assert len(robustness["corruptions"]) == 12 * 5
    assert {item["images"] for item in robustness["corruptions"]} == {4}
    assert '<h2 id="robustness">' in (out / "report.html").read_text(encoding="utf-8")
    assert (out / "robustness.png").exists()


def test_without_the_request_no_corruption_is_measured(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    assert evaluate(fill(tmp_path / "data", "glioma/glioma-90.png"), fake, tmp_path / "out") == 0
    assert "corruptions" not in capsys.readouterr().out
    assert 'id="robustness"' not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_folder_without_classes_is_wrong_use(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    assert evaluate(tmp_path, fake, tmp_path / "out") == 2
    assert "no folder named after a class" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file_is_wrong_use(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    assert evaluate(fill(tmp_path / "data", "glioma/glioma-90.png"), fake, fake) == 2
    assert "fake.tfliteA: cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "compare"])
@pytest.mark.parametrize(
    ("library", "name"),
    [("sklearn", "scikit-learn"), ("scipy", "SciPy"), ("matplotlib", "Matplotlib"), ("jinja2", "Jinja2")],
)
def test_a_missing_library_is_named_with_the_way_to_install_it(
    command: str, library: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    arguments = ["in", "--out", "out"] if command == "evaluate" else ["a.tfliteA", "b.tfliteA", "in"]
    assert main([command, *arguments]) == 2
    assert f"{command} needs {name}: {install_command('evaluate')}" in capsys.readouterr().err


def test_the_shipped_model_can_be_evaluated(tmp_path: Path, model_path: Path, capsys: Capture) -> None:
    data = fill(tmp_path / "data", "Glioma/a.png", "meningioma/b.png", "notumor/c.png", "pituitary/d.png")
    assert evaluate(data, model_path, tmp_path / "out", "--threads", "1") == 0
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert document["accuracy"]["total"] == 4
    assert document["model"]["model_id"] in capsys.readouterr().out


def test_the_maps_are_checked_where_boxes_are_given(tmp_path: Path, fake: Path, capsys: Capture) -> None:
    data, table = fill(tmp_path / "data", "glioma/glioma-90.png", "notumor/no_tumor-90.png"), tmp_path / "boxes.csv"
    table.write_text("path,box_x0,box_y0,box_x1,box_y1\nglioma/glioma-90.png,0.2,0.6,0.3,0.7\n", encoding="utf-8")
    assert evaluate(data, fake, tmp_path / "out", "--boxes", table, "--map-images", "1") == 0
    # The answers of the fake depend on the name alone.
    assert "box filled    0.000 (0.000 to 0.000)" in capsys.readouterr().out
    maps = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["maps"]
    assert (maps["tumor_images"], maps["healthy_images"], maps["saliency"]) == (1, 1, None)


def test_boxes_of_another_folder_are_noticed_before_the_work_begins(
    tmp_path: Path, fake: Path, capsys: Capture
) -> None:
    data, table = fill(tmp_path / "data", "glioma/glioma-90.png"), tmp_path / "boxes.csv"
    table.write_text("path,box_x0,box_y0,box_x1,box_y1\nTraining/a.png,0.2,0.6,0.3,0.7\n", encoding="utf-8")
    assert evaluate(data, fake, tmp_path / "out", "--boxes", table) == 2
    assert "none of its scans with a finding has a box" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_second_model_is_refused(tmp_path: Path, fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluate(fill(tmp_path / "data", "glioma/glioma-90.png"), fake, tmp_path / "out", "--model", fake)
    assert "is given twice" in capsys.readouterr().err


def test_images_that_were_left_out_stand_beside_the_number_of_those_measured(
    tmp_path: Path, fake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = fill(tmp_path / "data", "Gliomas/glioma-90.png", "metastasis/glioma-90.png")
    assert evaluate(data, fake, tmp_path / "out", "--label", "Metastasis=leave-out") == 0
    assert "on data, 1 image, 1 left out\n" in capsys.readouterr().out
