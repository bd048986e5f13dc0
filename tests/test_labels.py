import copy

import pytest

from brain_tumor.labels import LABELS, ClassNames, Label, from_stored, label_from_name, to_stored


def test_classes_are_in_the_order_of_the_columns() -> None:
    assert [label.value for label in LABELS] == ["Glioma", "Meningioma", "No Tumor", "Pituitary"]


def test_a_slug_has_no_blanks_and_no_capitals() -> None:
    assert Label.NO_TUMOR.slug == "no_tumor"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Glioma", Label.GLIOMA),
        ("glioma_tumor", Label.GLIOMA),
        ("MENINGIOMA-Tumour", Label.MENINGIOMA),
        ("pituitary tumors", Label.PITUITARY),
        ("No Tumor", Label.NO_TUMOR),
        ("no_tumour", Label.NO_TUMOR),
        ("notumor", Label.NO_TUMOR),
        ("healthy", Label.NO_TUMOR),
        ("Gliomas", Label.GLIOMA),
        ("1_glioma", Label.GLIOMA),
        ("brain_menin", Label.MENINGIOMA),
        ("Glioblastoma", Label.GLIOMA),
        ("Pituitary adenomas", Label.PITUITARY),
        ("pituitaries", Label.PITUITARY),
        ("nontumor", Label.NO_TUMOR),
        ("non-tumorous", Label.NO_TUMOR),
        ("tumor-free", Label.NO_TUMOR),
        ("negative", Label.NO_TUMOR),
        ("controls", Label.NO_TUMOR),
        ("Healthy controls", Label.NO_TUMOR),
        ("normal brain scans", Label.NO_TUMOR),
        ("no", Label.NO_TUMOR),
        ("no brain tumor", Label.NO_TUMOR),
        ("without tumor", Label.NO_TUMOR),
    ],
)
def test_folder_names_are_understood_in_any_spelling(name: str, label: Label) -> None:
    assert label_from_name(name) is label


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tumor",
        "brain_tumor",
        "yes",
        "Testing",
        "nothing",
        "glioma grade",
        "metastases",
        "not-brain-mri",
        "non brain",
        "no-mri",
        "free",
    ],
)
def test_other_names_are_no_class(name: str) -> None:
    assert label_from_name(name) is None


def test_what_a_person_says_of_a_name_counts_before_its_usual_meaning() -> None:
    names = ClassNames({"normal": Label.GLIOMA, "schwannoma": None})
    assert names.find(" Normal") is Label.GLIOMA
    assert names.find("healthy") is Label.NO_TUMOR
    assert names.find("Schwannoma") is None and names.leaves_out("Schwannoma")
    assert names.find("metastasis") is None and not names.leaves_out("metastasis")


STROKE = Label("stroke", True, "#112233")


def test_a_class_keeps_its_colour_in_json_and_between_processes() -> None:
    assert to_stored(STROKE) == {"name": "stroke", "is_finding": True, "color": "#112233"}
    assert from_stored(to_stored(STROKE)) is STROKE
    assert copy.copy(STROKE) is STROKE  # as pickle does
    assert from_stored({"name": "stroke", "is_finding": True}).color is None  # a file of before


@pytest.mark.parametrize("color", ["red", "#12345", "#1122334", "#11223g", "#112233;}", ""])
def test_what_is_no_colour_is_refused(color: str) -> None:
    with pytest.raises(ValueError, match="is no colour; give one as #RRGGBB"):
        from_stored({"name": "stroke", "is_finding": True, "color": color})


@pytest.mark.parametrize("wrong", [{"color": 7}, {"colour": "#112233"}])
def test_a_class_has_no_other_fields(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="may have a colour"):
        from_stored({"name": "stroke", "is_finding": True, **wrong})
