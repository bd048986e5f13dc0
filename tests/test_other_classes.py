"""A model of classes that are not this project's: what the card says is what every way out shows."""

import csv
import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.arguments import to_class_names
from brain_tumor.classifier import Result
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesReason, decide_series
from brain_tumor.decision.verdict import Status, Verdict, decide
from brain_tumor.dicom_out.codes import LOCATION_MAP
from brain_tumor.errors import BrainTumorError, DatasetError, ModelFileError, ScanError
from brain_tumor.evaluation.labelled import Dataset, ImageFile, find_labelled
from brain_tumor.evaluation.report import render_report
from brain_tumor.evaluation.run import ModelFacts, evaluate
from brain_tumor.labels import LABELS, NO_CLASS, Label, find_class
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.presentation.palette import class_looks
from brain_tumor.presentation.report.render import render_html_report
from brain_tumor.presentation.report.subject import to_report_image
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, reason_words
from brain_tumor.problems import Problem
from brain_tumor.tables.rows import slice_columns, to_error_row, to_row
from brain_tumor.tables.serialize import from_json_line, render_csv, to_json_line
from brain_tumor.tables.series_rows import to_finding
from page.advice import ADVICE
from page.charts import probability_chart, strip_chart
from tests.factories import make_card, make_output, make_rules, make_scan

YES, NO = Label("Lesion", True), Label("Clear", False)
BENIGN, MALIGNANT = Label("Benign mass", True), Label("Malignant mass", True)


def make_answer(probabilities: tuple[float, ...], order: tuple[Label, ...], gate_score: float = 1.0) -> Result:
    output = make_output(probabilities, gate_score)
    verdict = decide(make_scan(), output, make_rules(order=order))
    return Result("slice.png", make_scan(), output, verdict, order, "other-1")


def test_a_class_is_one_object_wherever_it_comes_from() -> None:
    assert Label("Lesion", True) is YES
    assert pickle.loads(pickle.dumps(YES)) is YES  # noqa: S301 - its own
    assert Label("Lesion", False) is not YES
    with pytest.raises(ValueError, match="is none of Glioma, Meningioma, No Tumor, Pituitary"):
        Label("Lesion")


def test_a_card_holds_other_classes_and_what_they_are() -> None:
    card = make_card(rules=make_rules(order=(NO, YES)), golden=Golden("golden.png", (0.5, 0.5), (1.0,), tolerance=0.05))
    read = Card.from_json(card.to_json(), "m.tfliteA")
    assert read.rules.order == (NO, YES)
    assert [label.is_finding for label in read.rules.order] == [False, True]


def test_a_card_of_this_project_s_classes_is_as_earlier_releases_read_it() -> None:
    assert '"order": [\n      "Glioma",\n      "Meningioma",\n      "No Tumor",\n      "Pituitary"\n    ]' in (
        make_card().to_json()
    )


@pytest.mark.parametrize(
    "order",
    ['["Glioma"]', '[{"name": "A", "is_finding": true}]', '[{"name": "A b", "is_finding": true}, "Glioma", "Glioma"]',
     '[{"name": "A b", "is_finding": true}, {"name": "a_b", "is_finding": false}]',
     '[{"name": 3, "is_finding": true}, "Glioma"]', '[{"name": "A", "is_finding": 1}, "Glioma"]',
     '["Glioma", "Lesion"]'],
)  # fmt: skip
def test_a_card_whose_classes_cannot_be_distinguished_is_refused(order: str) -> None:
    names = ",\n      ".join(f'"{label}"' for label in LABELS)
    text = make_card().to_json()
    assert f"[\n      {names}\n    ]" in text
    with pytest.raises(ModelFileError, match="its card is incomplete"):
        Card.from_json(text.replace(f"[\n      {names}\n    ]", order), "m.tfliteA")


@pytest.mark.parametrize(
    "name",
    ["", " A", "=1+1", "a\x1b[31m", "a\u202eb", "x" * 65, "../a", "<b>a</b>", "![](http://example.org/a.png)", "a\nb"],
)
def test_a_name_that_is_more_than_text_where_it_is_shown_is_no_class(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a class"):
        Label(name, True)


@pytest.mark.parametrize("name", ["膠質腫", "ग्लियोमा", "benign_mass", "Grade 2/3 (WHO, 2021)", "T1+C", "Müller's cyst"])
def test_names_in_any_language_are_classes(name: str) -> None:
    assert Label(name, True).value == name


def test_a_rejected_image_ends_as_the_class_without_a_finding() -> None:
    answer = make_answer((0.1, 0.9), (NO, YES), gate_score=-1.0)
    assert (answer.verdict.label, answer.verdict.status) == (NO, Status.NOT_A_BRAIN_MRI)


def test_a_model_without_such_a_class_names_none() -> None:
    answer = make_answer((0.1, 0.9), (BENIGN, MALIGNANT), gate_score=-1.0)
    assert answer.verdict.label is NO_CLASS
    assert to_row(answer)["class"] == "No class"


def test_the_finding_s_probability_is_what_the_other_classes_leave() -> None:
    assert make_answer((0.25, 0.75), (NO, YES)).finding_probability == 0.75
    assert make_answer((0.25, 0.75), (BENIGN, MALIGNANT)).finding_probability == 1.0


def test_doubt_looks_at_the_class_without_a_finding() -> None:
    rules = make_rules(order=(NO, YES), min_no_tumor=0.9, min_tumor=0.9)
    for probabilities, reason in (((0.8, 0.2), Reason.TUMOR_POSSIBLE), ((0.2, 0.8), Reason.NO_TUMOR_POSSIBLE)):
        assert decide(make_scan(), make_output(probabilities), rules).reason is reason
    without: Rules = make_rules(order=(BENIGN, MALIGNANT), min_tumor=0.9)
    assert decide(make_scan(), make_output((0.2, 0.8)), without).status is Status.CLASSIFIED


def test_the_columns_of_a_table_follow_the_card() -> None:
    row = to_row(make_answer((0.1, 0.9), (BENIGN, MALIGNANT)))
    assert (row["p_benign_mass"], row["p_malignant_mass"]) == pytest.approx((0.1, 0.9))
    assert "p_glioma" not in row
    error = to_error_row("a.png", ScanError("a.png", Problem.EMPTY), "other-1", (BENIGN, MALIGNANT))
    assert tuple(error) == tuple(row) == slice_columns((BENIGN, MALIGNANT))
    (read,) = csv.DictReader(io.StringIO(render_csv([row], tuple(row))))
    assert read["p_malignant_mass"] == "0.900000"


def test_a_row_gives_back_what_a_series_needs() -> None:
    row = from_json_line(to_json_line(to_row(make_answer((0.1, 0.9), (NO, YES)))))
    finding = to_finding(row, (NO, YES), has_location=False)
    assert finding is not None
    assert finding.verdict == Verdict(YES, Status.CLASSIFIED, None)
    assert dict(finding.probabilities) == pytest.approx({NO: 0.1, YES: 0.9})


def test_a_series_names_the_finding_of_its_run() -> None:
    clear, lesion = make_answer((0.9, 0.1), (NO, YES)), make_answer((0.1, 0.9), (NO, YES))
    answers = [clear, clear, lesion, lesion, lesion, clear]
    verdict = decide_series([answer.to_finding(5.0 * index) for index, answer in enumerate(answers)], (NO, YES))
    assert (verdict.label, verdict.reason) == (YES, SeriesReason.TUMOR_RUN)
    assert verdict.shares == {NO: 0.5, YES: 0.5}
    assert verdict.order[:3] == (2, 3, 4)
    assert decide_series([None], (BENIGN, MALIGNANT)).label is NO_CLASS


def test_charts_and_report_show_the_model_s_classes() -> None:
    answer = make_answer((0.1, 0.9), (NO, YES))
    chart = probability_chart(answer.probabilities, Status.CLASSIFIED)
    assert [value["class"] for value in chart["data"]["values"]] == ["Clear", "Lesion"]
    rows = strip_chart([answer.to_finding(None)], 0, (NO, YES))["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert rows == ["Clear", "Lesion"]
    page = render_html_report(to_report_image(answer, 1), make_card(rules=make_rules(order=(NO, YES))))
    assert "Lesion" in page
    assert "Meningioma" not in page.partition("Limits")[0]


def test_words_that_are_the_same_for_every_model_speak_of_no_tumor() -> None:
    words = [*MAP_EXPLANATIONS.values(), *map(reason_words, Reason), *ADVICE.values(), LOCATION_MAP.meaning]
    assert [text for text in words if "tumor" in text.lower()] == []


def test_nine_findings_differ_in_colour_or_shape() -> None:
    looks = class_looks([NO, *(Label(f"Finding {number}", True) for number in range(9))])
    assert len(set(looks.values())) == 10


def test_this_project_s_classes_have_a_colour_and_a_shape_each() -> None:
    looks = class_looks(LABELS).values()
    assert len({look.color for look in looks}) == len({look.mark for look in looks}) == 4
    assert np.array([look.color for look in looks])[2] == class_looks([NO])[NO].color


def test_a_data_set_is_read_with_the_model_s_own_classes(tmp_path: Path) -> None:
    for folder in ("lesion", "CLEAR"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(b"")
    names = to_class_names([], (NO, YES))
    assert {label for _, label in find_labelled(tmp_path, names).files} == {NO, YES}
    with pytest.raises(DatasetError, match="has no folder named after a class \\(Glioma, Meningioma"):
        find_labelled(tmp_path)
    with pytest.raises(BrainTumorError, match="'glioma' is none of Clear, Lesion or leave-out"):
        to_class_names([("lesion", "glioma")], (NO, YES))


def test_a_usual_spelling_means_a_class_that_the_model_has() -> None:
    assert find_class("glioma_tumor", (NO, Label.GLIOMA)) is Label.GLIOMA
    assert find_class("meningioma", (NO, Label.GLIOMA)) is None


class _Answering:
    """Answers by the file's name, one for each."""

    def __init__(self, answers: dict[str, Result]) -> None:
        self._answers = answers

    def classify(self, data: bytes, name: str) -> Result:
        return self._answers[name]


@pytest.mark.parametrize(
    ("classes", "named"), [((NO, YES), (NO, YES)), ((BENIGN, MALIGNANT), (BENIGN, MALIGNANT, NO_CLASS))]
)
def test_an_evaluation_has_the_model_s_classes(
    tmp_path: Path, classes: tuple[Label, Label], named: tuple[Label, ...]
) -> None:
    answers, files = {}, []
    for number, (label, probabilities, gate) in enumerate(
        [(0, (0.9, 0.1), 1.0), (0, (0.2, 0.8), 1.0), (1, (0.1, 0.9), 1.0), (1, (0.1, 0.9), -1.0)]
    ):
        path = tmp_path / f"{number}.png"
        path.write_bytes(b"")
        files.append((ImageFile(path, path.name), classes[label]))
        answers[path.name] = make_answer(probabilities, classes, gate)
    dataset = Dataset("some", tuple(files), (), classes=classes)
    evaluation = evaluate(_Answering(answers), ModelFacts("m", "m", "0", "0"), dataset, [], "2026-01-31")
    assert tuple(evaluation.measures.classes) == named
    assert evaluation.measures.accuracy is not None
    assert (evaluation.measures.accuracy.hits, evaluation.measures.accuracy.total) == (2, 4)
    report = render_report(evaluation)
    assert b"p_lesion" in report["predictions.csv"] or b"p_benign_mass" in report["predictions.csv"]
    assert b"Meningioma" not in report["report.html"]
