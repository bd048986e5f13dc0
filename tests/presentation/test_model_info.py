from typing import Any

from brain_tumor.model.model_file import read_model_file
from brain_tumor.presentation.model_info import render_model
from tests.factories import make_model_bytes, make_rules


def lines(**changes: Any) -> list[str]:
    return render_model(read_model_file(make_model_bytes(**changes), "m")).splitlines()


def test_the_classes_are_listed_in_the_order_of_the_network() -> None:
    assert "classes: Glioma, Meningioma, No Tumor, Pituitary" in lines()


def test_the_input_states_shape_and_range() -> None:
    assert "input: image, float32 (1, 299, 299, 3), RGB, 0 to 1; stretch-bilinear" in lines()


def test_the_files_inside_are_listed_with_their_sizes() -> None:
    assert "  labels.txt: 37 bytes" in lines()


def test_what_the_card_tells_people_is_shown_with_its_levels() -> None:
    about = {"training_data": {"images": {"train": 3}}}
    shown = lines(about=about)
    start = shown.index("training data:")
    assert shown[start : start + 3] == ["training data:", "  images:", "    train: 3"]


def test_a_card_cannot_steer_the_terminal() -> None:
    assert "licence: \\x1b[2J" in lines(about={"licence": "\x1b[2J"})


def test_numbers_are_shown_with_four_digits() -> None:
    assert "temperature: 0.7183" in lines(temperature=0.7183117769687332)


def test_a_limit_of_the_location_map_is_listed_where_there_is_one() -> None:
    assert "  tumor location: location map of at least 0.25" in lines(rules=make_rules(min_location=0.25))
    assert "tumor location" not in "".join(lines())
