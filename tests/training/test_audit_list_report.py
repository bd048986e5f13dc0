import json

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

from brain_tumor.labels import Label
from brain_tumor_training.audit_list import BeforeAfter, ListAudit, Look, Prediction
from brain_tumor_training.audit_list_report import DATA, PAGE, format_area, render_report, render_text, to_document
from brain_tumor_training.fact_prediction import FoldMean

MEAN = FoldMean(0.928, 0.919, 0.943)
UNDEFINED = BeforeAfter(None, None)
BOTH = Look("source", "clinic", 10, 10, 0.3, 0.3)


def one_sided(number: int) -> Look:
    return Look("source", f"hospital {number}", 5, 0, 0.08, 0.0)


def audited(*looks: Look, classes: BeforeAfter = UNDEFINED) -> ListAudit:
    return ListAudit(
        images=40,
        pictures=30,
        drawn_with_tumor=0.5,
        balance=0.5,
        classes=(Label.GLIOMA, Label.NO_TUMOR),
        predictions=(Prediction("source", 30, BeforeAfter(MEAN, MEAN), classes),),
        looks=looks,
    )


def test_an_area_is_said_with_its_lowest_and_highest_fold() -> None:
    assert format_area(MEAN) == "0.928 (0.919 to 0.943)"
    assert format_area(None) == "not defined"


def test_each_fact_is_a_line_and_chance_is_said() -> None:
    assert render_text(audited(BOTH)).splitlines() == [
        "pictures     30 of 40 training images, copies count once; 50.0 % of what is drawn shows a tumor",
        "source               tumor: AUC 0.928 (0.919 to 0.943), balanced 0.928 (0.919 to 0.943)",
        "chance       AUC 0.500, of the classes 50.0 %; in brackets the lowest and the highest of 5 folds",
        "one-sided    none: every look occurs with and without a tumor",
    ]


def test_classes_are_said_where_they_are_defined() -> None:
    text = render_text(audited(BOTH, classes=BeforeAfter(MEAN, None)))
    assert "; classes: 92.8 % (91.9 to 94.3), balanced not defined" in text


def test_of_many_one_sided_looks_four_are_named() -> None:
    last = render_text(audited(BOTH, *map(one_sided, range(6)))).splitlines()[-1]
    assert last.startswith("one-sided    source: 6 of 7, 48.0 % of what is drawn: hospital 0 (only with a tumor); ")
    assert last.endswith("hospital 3 (only with a tumor); 2 more")


def test_the_document_names_the_side_of_a_look() -> None:
    document = to_document(audited(BOTH, one_sided(1), Look("skull", "with skull", 0, 4, 0.0, 0.1)), "list.csv")
    assert [(item["value"], item["side"]) for item in document["one_sided"]] == [
        ("hospital 1", "only with a tumor"),
        ("with skull", "only without"),
    ]
    assert (document["list"], document["chance"]) == ("list.csv", {"tumor": 0.5, "classes": 0.5})


def test_the_page_comes_last_and_names_the_list() -> None:
    report = render_report(audited(BOTH), "list.csv")
    assert list(report) == [DATA, PAGE]
    assert json.loads(report[DATA])["pictures"] == 30
    assert b"list.csv" in report[PAGE]
