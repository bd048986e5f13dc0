import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.comparison import SHOWN, Comparison, compare, render_files, render_text
from brain_tumor.evaluation.labelled import Dataset, ImageFile
from brain_tumor.evaluation.run import Answer, Outcome
from brain_tumor.labels import LABELS, Label
from tests.factories import png_bytes

GLIOMA, HEALTHY = Label.GLIOMA, Label.NO_TUMOR
NAMES = ("one", "two")
# A class, and how likely it is; None for a file that the model cannot read.
Said = tuple[Label, float] | None


def to_answer(label: Label, top: float) -> Answer:
    others = (1 - top) / (len(LABELS) - 1)
    probabilities = tuple(top if item is label else others for item in LABELS)
    return Answer(Verdict(label, Status.CLASSIFIED, None), probabilities, top)


def comparison(
    truth: Sequence[Label],
    first: Sequence[Said],
    second: Sequence[Said],
    folder: Path = Path("in"),
    classes: Sequence[Label] = LABELS,
) -> Comparison:
    """Two models on images 0.png, 1.png and so on."""
    files = tuple(ImageFile(folder / f"{index}.png", f"{index}.png") for index in range(len(truth)))
    dataset = Dataset("in", tuple(zip(files, truth, strict=True)), ("a note",))
    by_first, by_second = (
        [Outcome(file, {}, to_answer(*said) if said else None) for file, said in zip(files, side, strict=True)]
        for side in (first, second)
    )
    return compare(dataset, by_first, by_second, NAMES, classes)


def test_both_are_counted_on_the_images_that_both_could_read() -> None:
    truth = [GLIOMA, GLIOMA, HEALTHY, HEALTHY]
    found = comparison(
        truth,
        [(GLIOMA, 0.9), None, (HEALTHY, 0.9), (GLIOMA, 0.6)],
        [(GLIOMA, 0.9), (GLIOMA, 0.9), (GLIOMA, 0.7), None],
    )
    assert found.images == 2
    assert [share and (share.hits, share.total) for share in found.accuracies] == [(2, 2), (1, 2)]
    assert (found.accuracy.both_right, found.accuracy.only_first, found.accuracy.only_second) == (1, 1, 0)


def test_without_an_image_that_both_could_read_there_is_nothing_to_compare() -> None:
    with pytest.raises(DatasetError, match="none of its 2 files could be read"):
        comparison([GLIOMA, HEALTHY], [(GLIOMA, 0.9), None], [None, (HEALTHY, 0.9)])


def test_disagreements_come_with_the_most_confident_first() -> None:
    found = comparison(
        [GLIOMA] * 4,
        [(GLIOMA, 0.5), (GLIOMA, 0.9), (GLIOMA, 0.6), (GLIOMA, 0.99)],
        [(HEALTHY, 0.95), (HEALTHY, 0.5), (HEALTHY, 0.5), (GLIOMA, 0.99)],
    )
    assert [pair.file.name for pair in found.disagreements] == ["0.png", "1.png", "2.png"]


def test_a_finding_is_all_findings_together_against_the_rest() -> None:
    # The second model takes one tumor for another, and still tells tumors from the others.
    truth = [GLIOMA, GLIOMA, HEALTHY, HEALTHY]
    right = [(label, 0.9) for label in truth]
    other = [(Label.MENINGIOMA, 0.9), (Label.MENINGIOMA, 0.9), (HEALTHY, 0.9), (HEALTHY, 0.9)]
    found = comparison(truth, right, other)
    assert found.areas["a finding"].second.value == 1.0
    assert (found.areas["Glioma"].first.value, found.areas["Glioma"].second.value) == (1.0, 0.5)
    assert set(found.areas) == {"a finding", "Glioma", "No Tumor"}  # of the others there is no image


def test_classes_that_are_all_findings_are_compared_one_by_one_alone() -> None:
    classes = [Label("Left", True), Label("Right", True)]
    files = tuple(ImageFile(Path(name), name) for name in "ab")
    dataset = Dataset("in", tuple(zip(files, classes, strict=True)), (), classes=tuple(classes))
    answers = [Answer(Verdict(label, Status.CLASSIFIED, None), (0.6, 0.4), 0.6) for label in classes]
    outcomes = [Outcome(file, {}, answer) for file, answer in zip(files, answers, strict=True)]
    assert set(compare(dataset, outcomes, outcomes, NAMES, classes).areas) == {"Left", "Right"}


def test_where_no_class_stands_for_not_analysed_the_likeliest_one_counts() -> None:
    rejected = Answer(
        Verdict(Label("No class", False), Status.NOT_A_BRAIN_MRI, Reason.BLANK), (0.2, 0.7, 0.1, 0.0), None
    )
    file = ImageFile(Path("a"), "a")
    dataset = Dataset("in", ((file, Label.MENINGIOMA),), ())
    found = compare(dataset, [Outcome(file, {}, rejected)], [Outcome(file, {}, rejected)], NAMES, LABELS)
    assert found.accuracy.both_right == 1


def test_the_words_say_who_is_who_and_what_differs() -> None:
    truth = [GLIOMA] * 8
    text = render_text(comparison(truth, [(GLIOMA, 0.9)] * 8, [(HEALTHY, 0.9)] * 6 + [(GLIOMA, 0.9)] * 2))
    assert text.startswith("A is one, B is two; 8 images of in\na note\n")
    assert "B minus A     -75.0 points" in text
    # Six coins that all show the same side: 2 / 2^6.
    assert "both right 2, only A 6, only B 0, neither 0; McNemar p = 0.0312" in text
    assert text.endswith("disagree on   6 images")


def test_every_disagreement_is_in_the_table_and_the_first_are_pictures(tmp_path: Path) -> None:
    count = SHOWN + 1
    for index in range(count):
        (tmp_path / f"{index}.png").write_bytes(png_bytes())
    found = comparison([GLIOMA] * count, [(GLIOMA, 0.9)] * count, [(HEALTHY, 0.8)] * count, tmp_path)
    files = render_files(found)
    rows = list(csv.DictReader(files["disagreements.csv"].decode().splitlines()))
    assert len(rows) == count
    assert rows[0] == {
        "file": "0.png",
        "label": "Glioma",
        "first": "Glioma",
        "first_confidence": "0.9",
        "second": "No Tumor",
        "second_confidence": "0.8",
    }
    assert files["disagreements.png"].startswith(b"\x89PNG")
    assert str(tmp_path) not in files["comparison.json"].decode() + files["comparison.txt"].decode()
    document = json.loads(files["comparison.json"])
    assert (document["images"], document["disagreements"], document["accuracy_second"]["hits"]) == (count, count, 0)
