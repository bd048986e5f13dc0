import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn", reason="the training extra is not installed")
pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor.errors import DatasetError, ScanError
from brain_tumor.labels import Label
from brain_tumor_training import audit_list as module
from brain_tumor_training import audit_list_report
from brain_tumor_training.audit_list import ListAudit, Noted, Prediction, audit_list, read_noted
from brain_tumor_training.cli import main
from brain_tumor_training.examples import Example, write_examples
from brain_tumor_training.recipes import FINETUNE_RECIPES
from brain_tumor_training.shortcuts import BorderFacts

RECIPE = FINETUNE_RECIPES["finetuned"]
HOSTILE = "<script>alert(1)</script>"


def make(label: Label | None, count: int, **fields: object) -> list[Example]:
    """So many images of one look, each a picture of its own."""
    name = "-".join([str(label), *(str(value) for value in fields.values())]).replace("/", "_")
    template = Example("", label, "", "clinic", "train", None)
    named = (replace(template, path=f"{name}-{index}.png", group=f"{name}-{index}") for index in range(count))
    return [replace(example, **fields) for example in named]  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Every picture has the same border, unless a test writes its pictures."""
    if "tmp_path" not in request.fixturenames:
        same = BorderFacts(grey=0.0, black_border=1.0, black=0.5, head=0.8)
        monkeypatch.setattr(module, "_read_border", lambda path: same)


def measure(examples: Sequence[Example], noted: dict[str, Noted] | None = None, data: Path = Path()) -> ListAudit:
    return audit_list(examples, data, RECIPE, noted)


def prediction(audit: ListAudit, fact: str) -> Prediction:
    return next(found for found in audit.predictions if found.fact == fact)


def areas(audit: ListAudit, fact: str) -> tuple[float, float]:
    """The area under the ROC curve before and after balancing, to two digits."""
    tumor = prediction(audit, fact).tumor
    assert tumor.before and tumor.after
    return round(tumor.before.value, 2), round(tumor.after.value, 2)


def test_a_skull_that_follows_the_label_gives_it_away() -> None:
    audit = measure(make(Label.GLIOMA, 20, skull_stripped=True) + make(Label.NO_TUMOR, 20))
    assert areas(audit, "skull") == (1.0, 1.0)
    assert areas(audit, "source") == areas(audit, "border") == (0.5, 0.5)
    accuracy = prediction(audit, "skull").classes.after
    assert accuracy and accuracy.value == 1.0
    assert [(look.fact, look.value, look.with_tumor, look.without) for look in audit.one_sided] == [
        ("skull", "skull-stripped", 20, 0),
        ("skull", "with skull", 0, 20),
        ("sequence and skull", "unknown, skull-stripped", 20, 0),
        ("sequence and skull", "unknown, with skull", 0, 20),
    ]


def test_a_skull_that_both_sides_have_tells_nothing() -> None:
    stripped = [*make(Label.GLIOMA, 20, skull_stripped=True), *make(Label.NO_TUMOR, 20, skull_stripped=True)]
    audit = measure([*stripped, *make(Label.GLIOMA, 20), *make(Label.NO_TUMOR, 20)])
    assert areas(audit, "skull") == (0.5, 0.5)
    assert audit.one_sided == ()


def test_weights_that_repair_an_imbalance_change_what_is_drawn_and_not_what_is_there() -> None:
    few = [*make(Label.GLIOMA, 10, weight=3.0), *make(Label.NO_TUMOR, 10, skull_stripped=True, weight=3.0)]
    many = [*make(Label.GLIOMA, 30, skull_stripped=True), *make(Label.NO_TUMOR, 30)]
    assert areas(measure([*few, *many]), "skull") == (0.75, 0.5)
    same = [replace(item, weight=1.0) for item in few]
    assert areas(measure([*same, *many]), "skull") == (0.75, 0.75)


def test_the_recipe_balances_sources_and_labels() -> None:
    audit = measure([*make(Label.GLIOMA, 10, source="small"), *make(Label.NO_TUMOR, 40)])
    assert audit.balance == 0.5
    # Pictures to the power of one half: sqrt(10) to sqrt(40) is one to two.
    assert [(look.value, round(look.drawn, 3)) for look in audit.looks if look.fact == "source"] == [
        ("clinic", round(2 / 3, 3)),
        ("small", round(1 / 3, 3)),
    ]
    assert audit.drawn_with_tumor == pytest.approx(1 / 3)


def test_copies_of_a_picture_count_once() -> None:
    tumors, healthy = make(Label.GLIOMA, 20), make(Label.NO_TUMOR, 20)
    copies = [replace(healthy[0], path=f"copy-{index}.png", skull_stripped=True) for index in range(60)]
    audit = measure([*tumors, *healthy, *copies])
    assert (audit.images, audit.pictures) == (100, 40)
    stripped = next(look for look in audit.looks if look.value == "skull-stripped")
    assert (stripped.with_tumor, stripped.without) == (0, 1)
    assert stripped.drawn == pytest.approx(60 / 61 / 40)
    assert prediction(audit, "border").pictures == 40


def test_a_sequence_comes_from_the_index_and_is_else_unknown() -> None:
    examples = [*make(Label.GLIOMA, 10), *make(Label.NO_TUMOR, 10)]
    noted = {example.path: Noted("T2") for example in examples[:10]} | {examples[10].path: Noted("")}
    audit = measure(examples, noted)
    assert areas(audit, "sequence") == (1.0, 1.0)
    assert {(look.value, look.with_tumor, look.without) for look in audit.looks if look.fact == "sequence"} == {
        ("T2", 10, 0),
        ("unknown", 0, 10),
    }


def test_what_only_one_patient_looks_like_does_not_predict_the_patient() -> None:
    examples = [*make(Label.GLIOMA, 50), *make(Label.NO_TUMOR, 50)]
    known = {
        example.path: Noted(f"sequence {index // 5}", f"patient {index // 5}") for index, example in enumerate(examples)
    }
    assert areas(measure(examples, known), "sequence") == (0.5, 0.5)
    unknown = {path: replace(item, patient="") for path, item in known.items()}
    assert areas(measure(examples, unknown), "sequence") == (1.0, 1.0)


def test_a_tumor_of_unknown_type_is_a_tumor_and_no_class() -> None:
    audit = measure([*make(None, 20, skull_stripped=True), *make(Label.NO_TUMOR, 20)])
    assert areas(audit, "skull") == (1.0, 1.0)
    assert audit.classes == (Label.NO_TUMOR,)
    assert prediction(audit, "skull").classes.before is None
    assert "classes" not in audit_list_report.render_text(audit).splitlines()[1]


def test_only_what_trains_is_measured() -> None:
    tested = make(Label.NO_TUMOR, 20, source="elsewhere", split="test")
    audit = measure([*make(Label.GLIOMA, 20), *make(Label.NO_TUMOR, 20), *tested])
    assert audit.images == 40 and audit.one_sided == ()
    with pytest.raises(DatasetError, match="no rows for train"):
        measure(tested)


def test_the_page_escapes_names_and_needs_no_other_file() -> None:
    audit = measure([*make(Label.GLIOMA, 10, source=HOSTILE), *make(Label.NO_TUMOR, 10)])
    page = audit_list_report.render_report(audit, "list.csv")["report.html"].decode()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "src=" not in page and "href=" not in page


def write(data: Path, examples: Sequence[Example]) -> None:
    """Tumors have a white border, other pictures a black one."""
    for example in examples:
        path = data / example.path
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((64, 64), 0 if example.label is Label.NO_TUMOR else 255, np.uint8)
        pixels[8:-8, 8:-8] = 120
        Image.fromarray(pixels).save(path)


def test_a_border_that_follows_the_label_gives_it_away(tmp_path: Path) -> None:
    examples = [*make(Label.GLIOMA, 20), *make(Label.NO_TUMOR, 20)]
    write(tmp_path, examples)
    assert areas(measure(examples, data=tmp_path), "border") == (1.0, 1.0)


def test_a_bounded_number_of_pictures_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_READ", 30)
    examples = [*make(Label.GLIOMA, 40), *make(Label.NO_TUMOR, 40)]
    write(tmp_path, examples)
    audit = measure(examples, data=tmp_path)
    assert (prediction(audit, "border").pictures, prediction(audit, "skull").pictures) == (30, 80)


def test_a_picture_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match=r"Glioma-0\.png"):
        measure(make(Label.GLIOMA, 1), data=tmp_path)


def test_another_file_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("path,label\na.png,glioma\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"index.csv: is not an index with the columns path and sequence"):
        read_noted(tmp_path / "index.csv", "")


def test_the_command_writes_the_report_and_names_the_shortcuts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tumors = make(Label.GLIOMA, 10, source="hospital")
    examples = [*(replace(tumor, path=f"further/{tumor.path}") for tumor in tumors), *make(Label.NO_TUMOR, 10)]
    write(tmp_path, examples)
    write_examples(examples, tmp_path / "list.csv")
    rows = "".join(f"{tumor.path},T2,{tumor.path}\n" for tumor in tumors)
    (tmp_path / "further/index.csv").write_text(f"path,sequence,patient\n{rows}", encoding="utf-8")
    command = ["audit", "--list", str(tmp_path / "list.csv"), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*command, "--further", str(tmp_path / "further/index.csv")]) == 0
    said = capsys.readouterr().out
    assert "pictures     20 of 20 training images" in said
    assert "source               tumor: AUC 1.000 (1.000 to 1.000), balanced 1.000" in said
    assert "sequence: 2 of 2, 100.0 % of what is drawn: " in said
    assert "T2 (only with a tumor)" in said and "unknown (only without)" in said
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "audit-list.json"}
    document = json.loads((tmp_path / "out/audit-list.json").read_text(encoding="utf-8"))
    assert document["list"] == "list.csv"
    assert document["predictions"][0]["tumor"]["after"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    hospital = next(look for look in document["one_sided"] if look["value"] == "hospital")
    assert (hospital["fact"], hospital["side"]) == ("source", "only with a tumor")
    assert hospital["drawn"] == pytest.approx(0.5)
    for file in (tmp_path / "out").iterdir():
        assert str(tmp_path).encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "either folders of images or a training list"),
        (["images", "--list", "list.csv", "--data", "images"], "either folders of images or a training list"),
        (["--list", "list.csv"], "--list and --data belong together"),
        (["images", "--further", "index.csv"], "--list and --data belong together"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(
    options: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", *options, "--out", str(tmp_path / "out")]) == 2
    assert complaint in capsys.readouterr().err
