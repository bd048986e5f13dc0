import math
import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.decision.verdict import Status
from brain_tumor.fit_check.drawing import draw_fit
from brain_tumor.fit_check.judgement import judge
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.palette import FILLS, GREY, ON_WHITE, QUIET, STATUS_COLORS, TEXT, WHITE, class_looks
from brain_tumor.presentation.report.charts import draw_bars, draw_strip
from brain_tumor.presentation.shapes import Drawing
from page.charts import probability_chart, strip_chart
from tests.factories import make_report_series
from tests.fit_check.archive import RULES, make_facts, make_reference, make_scores

ROOT = Path(__file__).parents[2]
CLASS_COLORS = {label: look.color for label, look in class_looks(LABELS).items()}
DARK_PAGE = "#0E1117"  # of Streamlit
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
SHARES = {Label.GLIOMA: 0.5, Label.MENINGIOMA: 0.25, Label.NO_TUMOR: 0.15, Label.PITUITARY: 0.1}


def to_linear(color: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    channels = np.array([int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def to_oklab(color: str, vision: str) -> list[float]:
    """Ottosson 2020: distances in it are what an eye sees; 0.02 is just noticed."""
    seen = np.clip(VISIONS[vision] @ to_linear(color), 0, 1)
    cones = np.cbrt(
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ seen
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return [float(value) for value in lab @ cones]


def contrast(first: str, second: str) -> float:
    """As WCAG 2 defines it, 1 to 21."""
    dark, light = sorted(float(to_linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (first, second))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("family", [CLASS_COLORS, STATUS_COLORS])
def test_colours_of_one_family_are_distinguished_by_every_eye(family: dict[str, str], vision: str) -> None:
    for first, second in combinations(family.values(), 2):
        assert math.dist(to_oklab(first, vision), to_oklab(second, vision)) > 0.06, (first, second)


@pytest.mark.parametrize("page", [WHITE, DARK_PAGE])
def test_marks_are_seen_on_both_pages(page: str) -> None:
    assert all(contrast(color, page) >= 3 for color in (*CLASS_COLORS.values(), GREY))


def test_letters_reach_the_contrast_of_wcag_aa() -> None:
    assert all(contrast(color, WHITE) >= 4.5 for color in (*STATUS_COLORS.values(), ON_WHITE[TEXT], ON_WHITE[QUIET]))


def test_no_status_has_the_colour_of_a_class() -> None:
    assert not set(STATUS_COLORS.values()) & set(CLASS_COLORS.values())


def test_every_status_has_a_fill_of_its_own() -> None:
    assert len(set(FILLS.values())) == len(Status)


@pytest.mark.parametrize("folder", ["src/brain_tumor", "page"])
def test_no_other_module_writes_a_colour(folder: str) -> None:
    modules = [path for path in (ROOT / folder).rglob("*.py") if path.name != "palette.py"]
    assert [path for path in modules if re.search("#[0-9A-Fa-f]{6}\\b", path.read_text(encoding="utf-8"))] == []


def test_widgets_of_the_page_have_no_class_s_colour() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    assert theme["light"]["primaryColor"] == STATUS_COLORS[Status.CLASSIFIED]
    assert theme["dark"]["primaryColor"] not in CLASS_COLORS.values()


def colors_of(drawing: Drawing) -> set[str]:
    return {str(getattr(shape, "fill", None)) for shape in drawing.shapes}


def test_a_class_has_one_colour_on_page_and_report() -> None:
    bars = probability_chart(SHARES, Status.CLASSIFIED)["layer"][0]["encoding"]["fill"]["scale"]
    series = make_report_series(9, tumors=(4, 5))
    strip = strip_chart([None], 0)["layer"][1]["encoding"]["fill"]["scale"]
    expected = [CLASS_COLORS[label] for label in LABELS]
    assert bars["range"] == strip["range"][:4] == expected
    assert bars["domain"] == strip["domain"][:4] == list(LABELS)
    assert set(expected) <= colors_of(draw_bars(SHARES, Status.CLASSIFIED, 300, 10))
    assert {CLASS_COLORS[Label.GLIOMA], CLASS_COLORS[Label.NO_TUMOR]} <= colors_of(draw_strip(series, 0.0, 500, 8))


def test_a_fit_check_shows_statuses_in_their_colours_and_no_class() -> None:
    facts, reference = make_facts(make_scores(classified=60, rejected=20, uncertain=20)), make_reference()
    colors = colors_of(draw_fit(judge(facts, reference), facts, reference, RULES))
    assert set(STATUS_COLORS.values()) <= colors
    assert not set(CLASS_COLORS.values()) & colors


def test_the_card_says_the_colour_of_a_class_whatever_the_order() -> None:
    stroke, clear, bleed = Label("stroke", True, "#112233"), Label("clear", False, "#445566"), Label("bleed", True)
    for order in ((stroke, clear, bleed), (bleed, clear, stroke)):
        looks = class_looks(order)
        assert (looks[stroke].color, looks[clear].color) == ("#112233", "#445566")
