import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from brain_tumor.input.reader import read_scan
from brain_tumor_training.shortcuts import FileFacts, measure_shortcuts, to_border_facts, to_facts
from tests.factories import encode

FACTS = FileFacts(
    bytes=9000, rows=200, columns=200, aspect=1.0, bytes_per_pixel=0.225, mode=1, jpeg_tables=800, border=0.0
)


def facts_of(image: Image.Image, file_format: str, **options: int) -> FileFacts:
    data = encode(image, file_format, **options)
    return to_facts(data, read_scan(data, "image"))


def test_the_facts_of_a_grey_png() -> None:
    pixels = np.zeros((100, 50), np.uint8)
    pixels[3:-3, 2:-2] = 255
    facts = facts_of(Image.fromarray(pixels), "PNG")
    assert (facts.rows, facts.columns, facts.aspect) == (100, 50, 0.5)
    assert facts.bytes_per_pixel == facts.bytes / 5000
    assert facts.jpeg_tables == 0
    assert facts.border == pytest.approx(0.0)


def test_a_white_picture_has_a_white_border() -> None:
    assert facts_of(Image.new("L", (40, 40), 255), "PNG").border == pytest.approx(1.0)


def test_the_border_is_distinguished_from_the_head() -> None:
    pixels = np.zeros((100, 100), np.uint8)
    pixels[25:75, 25:75] = 200
    data = encode(Image.fromarray(pixels), "PNG")
    facts = to_border_facts(read_scan(data, "image"))
    assert (facts.grey, facts.black_border, facts.black) == pytest.approx((0.0, 1.0, 0.75))
    # The margin around the head is 4 % of its side.
    assert facts.head == pytest.approx(0.54**2, abs=0.02)


def test_the_quality_of_a_jpeg_shows_in_its_tables() -> None:
    image = Image.effect_noise((64, 64), 60)
    low, high = (facts_of(image, "JPEG", quality=quality) for quality in (40, 95))
    assert low.jpeg_tables > high.jpeg_tables > 0


def test_colour_and_grey_files_have_different_modes() -> None:
    grey = Image.new("L", (32, 32), 80)
    assert facts_of(grey, "PNG").mode != facts_of(grey.convert("RGB"), "PNG").mode


def test_a_header_of_one_pixel_has_facts_too() -> None:
    data = io.BytesIO()
    Image.new("L", (1, 1)).save(data, "PNG")
    assert to_facts(data.getvalue(), read_scan(data.getvalue(), "dot")).rows == 1


def test_a_fact_that_follows_the_label_gives_it_away() -> None:
    labels = ["Glioma", "No Tumor"] * 30
    facts = [replace(FACTS, border=0.5 * (label == "Glioma"), bytes=9000 + n) for n, label in enumerate(labels)]
    found = measure_shortcuts(facts, labels, range(60))
    assert found is not None
    assert (found.accuracy.value, found.baseline) == (1.0, 0.5)
    assert found.facts[0].name == "border" and found.facts[0].alone == 1.0
    assert found.facts[0].loss > 0.2


def test_facts_that_are_all_the_same_tell_no_more_than_the_most_frequent_label() -> None:
    labels = (["Glioma"] * 2 + ["No Tumor"]) * 20
    found = measure_shortcuts([FACTS] * 60, labels, range(60))
    assert found is not None
    assert found.accuracy.value == pytest.approx(found.baseline) == pytest.approx(2 / 3)


def test_copies_on_both_sides_do_not_count_as_knowledge() -> None:
    # Every picture is there twenty times and known by its size alone, which says nothing of the next picture.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 20)
    sizes, labels = rng.permutation(40)[groups], np.array(["Glioma", "No Tumor"])[groups % 2]
    facts = [replace(FACTS, rows=float(size)) for size in sizes]
    found = measure_shortcuts(facts, labels.tolist(), groups.tolist())
    assert found is not None
    assert found.accuracy.value < 0.75
    knowing = measure_shortcuts(facts, labels.tolist(), range(800))
    assert knowing is not None and knowing.accuracy.value > 0.9


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        ([], []),
        (["Glioma"] * 4, range(4)),
        (["Glioma", "No Tumor"], range(2)),
        (["Glioma", "No Tumor"] * 2, [0, 1] * 2),
    ],
)
def test_too_little_to_cross_validate_gives_no_figure(labels: list[str], groups: list[int]) -> None:
    assert measure_shortcuts([FACTS] * len(labels), labels, list(groups)) is None
