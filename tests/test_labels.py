import pytest

from brain_tumor.labels import LABELS, Label, label_from_name


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
    ],
)
def test_folder_names_are_understood_in_any_spelling(name: str, label: Label) -> None:
    assert label_from_name(name) is label


@pytest.mark.parametrize("name", ["", "tumor", "Testing", "nothing", "glioma grade"])
def test_other_names_are_no_class(name: str) -> None:
    assert label_from_name(name) is None
