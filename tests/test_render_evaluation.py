"""The page of measured figures, from small made-up files."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.evaluation.metrics import proportion_ci
from brain_tumor.evaluation.tables import render_json
from tests.evaluation.fakes import make_evaluation
from tools import render_evaluation

Figures = dict[str, Any]
INDEX = """\
path,source,label,family,sequence,patient,skull_stripped,split
a.jpg,lgg-flair,glioma,,FLAIR,p1,0,held-back
b.jpg,lgg-t1c,glioma,,T1 with contrast,p1,0,held-back
c.jpg,lgg-t1c,no tumor,,T1 with contrast,p1,0,held-back
d.jpg,files-t2,tumor,,T2,p2,1,held-back
e.jpg,files-t1,tumor,,T1,p2,1,train
"""


def counted(hits: int, total: int) -> Figures | None:
    estimate = proportion_ci(hits, total)
    return asdict(estimate) if estimate else None


def family(name: str, kind: str, images: int, **hits: int) -> Figures:
    """A family as evaluation.json has it; right, where it is among the hits, is judged."""
    names = ("accepted", "called_tumor", "called_tumor_classified", "called_tumor_surely", "uncertain", "right")
    return {
        "family": name,
        "origin": "index.csv",
        "kind": kind,
        "is_brain_mri": kind != "not brain MRI",
        "expected": ["Glioma"] if "right" in hits else [],
        "images": images,
        "unreadable": 0,
        "rejections": {"not_a_brain": images - hits["accepted"]} if hits.get("accepted", images) < images else {},
        **{name: counted(hits.get(name, 0), images) for name in names},
        **({"no_tumor_classified": counted(hits["no_tumor"], images)} if "no_tumor" in hits else {}),
    }


LEFT_OUT = [
    family("lgg-flair", "brain MRI, Glioma", 10, accepted=10, called_tumor=8, no_tumor=1, right=7),
    family("files-t2", "brain MRI, a tumor", 30, accepted=27, called_tumor=24, no_tumor=2, right=24),
    family("lgg-t1c: brain MRI, Glioma", "brain MRI, Glioma", 20, accepted=20, called_tumor=18, no_tumor=0, right=10),
    family(
        "lgg-t1c: brain MRI, No Tumor",
        "brain MRI, No Tumor",
        40,
        accepted=40,
        called_tumor=4,
        called_tumor_classified=1,
        no_tumor=30,
        right=36,
    ),
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render_json(make_evaluation(tmp_path_factory.mktemp("images")))


@pytest.fixture
def official(measured: str) -> Figures:
    figures: Figures = json.loads(measured)
    return figures


def write(folder: Path, name: str, content: object) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def page(folder: Path, official: Figures, *more: str) -> str:
    out = folder / "page.md"
    file = write(folder, "official.json", official)
    render_evaluation.main(["--official", str(file), "--out", str(out), *more])
    return out.read_text()


def left_out(folder: Path, official: Figures, families: list[Figures] = LEFT_OUT) -> list[str]:
    evaluation = {**official, "model": {"model_id": "left-out-1"}, "sources": {"families": families}}
    index = write(folder, "index.csv", INDEX)
    return ["--left-out", str(write(folder, "left-out.json", evaluation)), "--index", str(index)]


def card(stop_after: int | None = None) -> Figures:
    parity = {"images": 200, "float_max_difference": 1e-6, "same_class": 0.995, "mean_difference": 0.001}
    parity |= {"gate_difference": 0.1, "accuracy_keras": 0.9, "accuracy_exported": 0.9}
    first = {"stages": [{"side_px": 224, "epochs": 3}], "batch_size": 32, "balance": 0.5}
    second = {"stages": [{"side_px": 299, "epochs": 1}], "batch_size": 16, "balance": 0.75, "epoch_views": 4000}
    start = {"recipe": first, "precision": "float32", "seed": 0, "start": None}
    start |= {"stop_after": stop_after} if stop_after else {}
    training = {"recipe": second, "precision": "float32", "seed": 1, "start": {"model_id": "x", "training": start}}
    rates = {"brain_mri": False, "seen_in_fit": False, "test_accepted": 1, "test_images": 9}
    rates |= {"accepted_unseen": 2, "images": 20}
    return {
        "about": {"parity": parity, "quantization": "static int8", "training": training, "gate_rates": {"ct": rates}}
    }


def lines_of(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_the_first_table_is_of_sources_never_seen_and_pools_them_by_sequence(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official, *left_out(tmp_path, official))
    table = text[text.index("\n|") :].strip().split("\n\n")[0].splitlines()
    assert table[0].startswith("| together | sources | images | accepted | called a tumor | sure No Tumor |")
    assert [row.split(" | ")[:3] for row in table[2:]] == [
        ["| **tumors on T1 with contrast**", "1", "20"],
        ["| **tumors on T2 and FLAIR**", "2", "40"],
        ["| **all tumors**", "3", "60"],
        ["| **without a tumor**", "1", "40"],
    ]
    assert "37 of 40, 92.5 % (80.1 to 97.4) | 32 of 40, 80.0 % (65.2 to 89.5) | 3 of 40, 7.5 % " in table[3]
    assert {row.count("|") for row in table} == {10}
    assert "`left-out-1`" in text


def test_each_source_has_its_sequence_skull_and_label(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official, *left_out(tmp_path, official))
    assert lines_of(text, "| files-t2") == [
        "| files-t2 | T2 | removed | tumor | 30 | 27, 90 % | 24, 80 % | 2, 7 % | 0, 0 % | 0, 0 % | 24, 80 % |"
    ]
    assert [row.split(" | ")[3] for row in lines_of(text, "| lgg-t1c")] == ["glioma", "no tumor"]
    assert "| tumors on T2 and FLAIR | the image does not look like a brain MRI | 3 |" in text


def test_other_sequences_of_a_collection_that_trained_are_named(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official, *left_out(tmp_path, official))
    assert "Other sequences of the same collections were used in training:\nfiles-t1.\n" in text


def test_counts_that_an_older_file_lacks_are_said_not_to_be_measured(tmp_path: Path, official: Figures) -> None:
    old = [{key: value for key, value in LEFT_OUT[0].items() if key != "no_tumor_classified"}, LEFT_OUT[1]]
    text = page(tmp_path, official, *left_out(tmp_path, official, old))
    (row,) = lines_of(text, "| **tumors on T2 and FLAIR**")
    assert row.split(" | ")[5] == "not measured"


def test_a_missing_input_leaves_its_section_out(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official)
    assert lines_of(text, "## ") == [
        "## Pictures that are not brain MRI",
        "## Four classes",
        "## Appendix: what had been seen before",
        "## The commands",
    ]
    assert "\n\n\n" not in text


def test_held_back_images_are_distinguished_from_sources_of_before_and_from_those_that_trained(
    tmp_path: Path, official: Figures
) -> None:
    healthy = family("healthy-t1", "brain MRI, No Tumor", 8, accepted=8, right=8)
    official["sources"]["families"].append(healthy)
    described = {"about": {**card()["about"], "sources": {"lgg-flair": {}, "healthy-t1": {}}}}
    held_back = write(tmp_path, "held-back.json", {"sources": {"families": LEFT_OUT[:2]}})
    more = ["--held-back", str(held_back), "--card", str(write(tmp_path, "card.json", described))]
    text = page(tmp_path, official, *more, "--index", str(write(tmp_path, "index.csv", INDEX)))
    before, further = text.split("## Other brain MRI")
    assert before.index("| files-t2") < before.index("| lgg-flair")  # unseen sources first
    assert lines_of(before, "| lgg-flair")[0].startswith("| lgg-flair | FLAIR | yes | glioma | yes | 10 |")
    assert lines_of(before, "| files-t2")[0].startswith("| files-t2 | T2 | removed | tumor | no | 30 |")
    assert lines_of(further, "| healthy-t1")[0].startswith("| healthy-t1 | T1 | yes | no tumor | yes | 8 | 8, 100 % |")


def test_an_evaluation_that_repeats_a_source_counts_it_once(tmp_path: Path, official: Figures) -> None:
    official["sources"]["families"] += LEFT_OUT[:2]
    held_back = write(tmp_path, "held-back.json", {"sources": {"families": LEFT_OUT[:2]}})
    index = write(tmp_path, "index.csv", INDEX)
    text = page(tmp_path, official, "--held-back", str(held_back), "--index", str(index))
    assert len(lines_of(text, "| files-t2")) == 1
    assert lines_of(text, "| **tumors on T2 and FLAIR**")[0].startswith("| **tumors on T2 and FLAIR** | 2 | 40 |")


def test_pictures_that_are_not_brain_mri_stand_together(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official)
    assert lines_of(text, "| cats") == ["| cats | other | 3 | 1, 33 % | 1, 33 % | 1, 33 % | 0, 0 % |"]
    (total,) = lines_of(text, "| **all together**")
    assert total.startswith("| **all together** | | 4 | 2 of 4, 50.0 % (15.0 to 85.0) | 2 of 4, ")
    assert "| not brain MRI | the image does not look like a brain MRI | 2 |" in text


def test_classified_errors_and_those_of_the_most_confident_are_shown(tmp_path: Path, official: Figures) -> None:
    older = {key: value for key, value in official.items() if key != "risk_coverage"}
    text = page(tmp_path, official, "--unseen", str(write(tmp_path, "unseen.json", older)))
    (row,) = lines_of(text, "| wrong among")
    assert row == "| wrong among the 90 % most confident | 1 of 8, 12.5 % (2.2 to 47.1) | not measured |"
    (row,) = lines_of(text, "| *classified* and wrong")
    assert row.startswith("| *classified* and wrong, of all | 1 of 10, 10.0 % ")


def folds(folder: Path, official: Figures) -> list[str]:
    accuracy = {**official["accuracy"], "value": official["accuracy"]["value"] + 0.2}
    arguments = []
    for number, figures in ((0, official), (4, {**official, "accuracy": accuracy})):
        name = f"fold-{number}"
        write(folder / name, "evaluation.json", figures)
        write(folder / name, "card.json", card(stop_after=2))
        write(
            folder / name, "predictions.csv", "file,status,class,label,location_x0\nx/a.jpg,classified,Glioma,Glioma,\n"
        )
        arguments += ["--fold", f"{number}={folder / name}"]
    return arguments


def test_folds_have_a_column_each_their_mean_and_all_images_together(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official, *folds(tmp_path, official))
    assert "| figure | fold 0 | fold 4 | mean | sd | all images |" in text
    value = official["accuracy"]["value"]
    (row,) = lines_of(text, "| accuracy | 0.")
    assert row.startswith(f"| accuracy | {value:.3f} | {value + 0.2:.3f} | {value + 0.1:.3f} | 0.141 | ")
    assert "| images | 10 | 20 |" in text
    assert "`224x3 --batch-size 32 --stop-after 2`, then `299x1 --epoch-views 4000`: 3 epochs together." in text
    assert "| same class as Keras | 99.5 % | 99.5 % |" in text


def test_folds_that_were_kept_need_no_folder_and_say_that_their_recipe_is_older(
    tmp_path: Path, official: Figures
) -> None:
    text = page(tmp_path, official, "--folds", str(render_evaluation.DOCS / "leak-free-folds.json"))
    assert "The networks belong to the recipe of `finetuned-5c00dcd8`" in text
    assert "11 of the 7,019 test images have\na copy in training or validation: 5 in fold 1," in text
    assert "Without them the accuracy of all folds is 94.2 % (93.6 to 94.7)." in text
    assert lines_of(text, "| leak-free, all folds, mass") == ["| leak-free, all folds, mass | 60 | 0 | 58 | 58 |  |"]
    assert "| accuracy, labels in doubt left out | 0.911 | 0.961 | 0.956 | 0.955 | 0.972 |" in text


def test_runs_say_which_settings_changed(tmp_path: Path, official: Figures) -> None:
    text = page(tmp_path, official, "--card", str(write(tmp_path, "card.json", card())))
    assert "| 1 | `224x3 --batch-size 32` | float32 | 0 |  |" in text
    assert "| 2 | `299x1 --epoch-views 4000` | float32 | 1 | `balance` 0.5, then 0.75 |" in text
    assert "--out runs/shipped-end --stages 299x1 --epoch-views 4000\n" in text
    assert "| ct, never fitted | no | 1 of 9 | 2 of 20, 10.0 % (2.8 to 30.1) |" in text


def test_pictures_count_the_four_kinds_of_answers(tmp_path: Path, official: Figures) -> None:
    answers = {"right": 5, "uncertain": 2, "not_analysed": 1, "sure_and_wrong": 1}
    kinds = {"slide": {"counts": answers, "sure_and_wrong": []}, "as is": {"counts": dict.fromkeys(answers, 0)}}
    file = write(tmp_path, "pictures.json", {"model": "finetuned-7", "kinds": kinds})
    text = page(tmp_path, official, "--pictures", str(file))
    assert "`finetuned-7` answered 9 official test images" in text
    assert "| slide | 5 | 2 | 1 | 1 |\n| as is | 0 | 0 | 0 | 0 |" in text


def test_doubtful_labels_stand_beside_the_rest(
    tmp_path: Path, official: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    write(docs, "test-figures-known.csv", "step,known,decided\n")
    write(docs, "label-notes.csv", "path,seen\nnotumor/a.jpg,mass\nnotumor/b.jpg,CT\nother/ct/e.jpg,brain MRI\n")
    write(
        tmp_path,
        "predictions.csv",
        "file,status,class,label,location_x0\n"
        "set/Testing/notumor/a.jpg,classified,Glioma,No Tumor,0.25\n"
        "set/Testing/notumor/b.jpg,not_a_brain_mri,No Tumor,No Tumor,\n"
        "set/Testing/notumor/c.jpg,classified,No Tumor,No Tumor,\n"
        "set/Testing/glioma/d.jpg,uncertain,Pituitary,Glioma,0.5\n",
    )
    write(
        tmp_path,
        "gate_predictions.csv",
        "file,status,class,confidence,family,is_brain_mri\n"
        "e.jpg,classified,Glioma,0.95,ct,0\n"
        "ct/f.jpg,not_a_brain_mri,No Tumor,,ct,0\n"
        "ct/g.jpg,error,,,ct,0\n",
    )
    monkeypatch.setattr(render_evaluation, "DOCS", docs)
    text = page(tmp_path, official)
    part = text[text.index("## Labels in doubt") : text.index("## Appendix")]
    assert lines_of(part, "| official") == [
        "| official Testing split, CT | 1 | 1 | 0 | 0 |  |",
        "| official Testing split, mass | 1 | 0 | 1 | 1 |  |",
        "| official Testing split, all others | 2 | 0 | 1 | 1 | 50.0 % (9.5 to 90.5) |",
        "| official Testing split | 1 of 3, 33.3 % (6.1 to 79.2) | 0 of 1, 0.0 % (0.0 to 79.3) |",
    ]
    assert lines_of(part, "| all others") + lines_of(part, "| brain MRI") == [
        "| all others | not brain MRI | 2 | 0 of 2, 0.0 % (0.0 to 65.8) | 0 of 2, 0.0 % (0.0 to 65.8) |",
        "| brain MRI | not brain MRI | 1 | 1 of 1, 100.0 % (20.7 to 100.0) | 1 of 1, 100.0 % (20.7 to 100.0) |",
    ]


def test_the_readme_table_has_four_columns_and_writes_nothing(
    tmp_path: Path, official: Figures, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(render_evaluation.DOCS / "leak-free-folds.json")
    file = write(tmp_path, "official.json", official)
    out = tmp_path / "page.md"
    render_evaluation.main(
        ["--official", str(file), "--readme", "--out", str(out), *left_out(tmp_path, official), "--folds", kept]
    )
    head, _, figures, sentences = capsys.readouterr().out.splitlines()
    assert head == "| official Testing split | leak-free folds | sources never seen | sure and wrong |"
    assert "| right: **94.2 %** (93.6 to 94.7) | tumors called a tumor: **83.3 %** (72.0 to 90.7); " in figures
    assert figures.endswith("| tumors: **5.0 %** (1.7 to 13.7); tumor-free slices: **2.5 %** (0.4 to 12.9) |")
    assert "without these 3 sources, on 60 tumor and 40 tumor-free slices of them. |" in sentences
    assert not out.exists()


def test_the_readme_table_says_what_is_not_measured(
    tmp_path: Path, official: Figures, capsys: pytest.CaptureFixture[str]
) -> None:
    render_evaluation.main(["--official", str(write(tmp_path, "official.json", official)), "--readme"])
    assert "| not measured | not measured | not measured |" in capsys.readouterr().out


def test_no_figure_is_typed_into_the_prose() -> None:
    template = (render_evaluation.DOCS.parent / "tools" / render_evaluation.PAGE).read_text()
    prose = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", template, flags=re.DOTALL)
    names = r"\bF1\b|\bH200\b"
    assert re.findall(r"[\w.]*\d[\w.]*", re.sub(names, "", prose)) == []
