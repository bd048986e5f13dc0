import pytest

from brain_tumor.labels import LABELS, Label
from brain_tumor_training.class_balance import balanced_weights, describe_parts
from brain_tumor_training.splits import SplitRow

COUNTS = {Label.GLIOMA: 40, Label.MENINGIOMA: 20, Label.NO_TUMOR: 20, Label.PITUITARY: 20}


def make_rows(validating: int) -> list[SplitRow]:
    trained = [SplitRow(f"{label}{n}", label, "train") for label, count in COUNTS.items() for n in range(count)]
    return trained + [SplitRow(f"v{n}", LABELS[n % 4], "validation") for n in range(validating)]


def test_each_class_weighs_the_same_and_an_image_1_in_the_mean() -> None:
    weights = balanced_weights(make_rows(8), LABELS)
    assert [weights[LABELS.index(label)] * count for label, count in COUNTS.items()] == pytest.approx([25] * 4)


def test_uneven_classes_are_named_with_what_helps() -> None:
    text = describe_parts(make_rows(200), LABELS)
    assert "uneven: 40 images of Glioma, 20 of Meningioma train" in text
    assert "--class-weights balanced" in text
    assert "images validate" not in text


def test_few_validation_images_are_said_to_make_rough_thresholds() -> None:
    assert "Only 8 images validate." in describe_parts(make_rows(8), LABELS)
