import json
from typing import Any

from brain_tumor.model.model_file import read_model_file
from brain_tumor.presentation.model_info import FileFacts, render_model, render_model_json
from tests.factories import make_model_bytes, make_rules

FILE = FileFacts("m.tfliteA", 1234, "f00d")


def lines(**changes: Any) -> list[str]:
    return render_model(read_model_file(make_model_bytes(**changes), "m"), FILE).splitlines()


def test_the_classes_are_listed_in_the_order_of_the_network() -> None:
    assert "classes: Glioma, Meningioma, No Tumor, Pituitary" in lines()


def test_the_input_states_shape_and_range() -> None:
    assert "input: image, float32 (1, 299, 299, 3), RGB, 0 to 1; stretch-bilinear" in lines()


def test_both_hashes_say_what_they_are_of() -> None:
    model = read_model_file(make_model_bytes(), "m")
    assert "SHA-256 of the file: f00d" in lines()
    assert f"SHA-256 of the network: {model.card.flatbuffer_sha256}" in lines()


def test_a_summary_has_twenty_lines_at_most() -> None:
    metrics = {f"set {number}": {"accuracy": {"value": 0.9}} for number in range(40)}
    assert len(lines(about={"metrics": metrics, "licence": "Apache-2.0"})) == 20


def test_an_accuracy_is_shown_with_its_interval() -> None:
    metrics = {"held_back": {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.94}}}
    assert "accuracy on held back: 90.0 % (85.0 to 94.0)" in lines(about={"metrics": metrics})


def test_json_holds_the_whole_card_and_the_files_inside() -> None:
    model = read_model_file(make_model_bytes(about={"training_data": {"images": {"train": 3}}}), "m")
    found = json.loads(render_model_json(model, FILE))
    assert found["file"]["sha256"] == "f00d"
    assert found["file"]["members"]["labels.txt"] == 37
    assert "train" in json.dumps(found)


def test_a_card_cannot_steer_the_terminal() -> None:
    assert "licence: \\x1b[2J" in lines(about={"licence": "\x1b[2J"})


def test_numbers_are_shown_with_four_digits() -> None:
    assert "temperature: 0.7183" in lines(temperature=0.7183117769687332)


def test_a_limit_of_the_location_map_is_listed_where_there_is_one() -> None:
    assert "location: map of at least 0.25" in lines(rules=make_rules(min_location=0.25))
    assert "location: map" not in "".join(lines())
