import pytest

from brain_tumor.labels import LABELS, ClassNames, Label, label_from_name


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
