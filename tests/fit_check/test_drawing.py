import xml.etree.ElementTree as ET

import pytest

from brain_tumor.decision.verdict import Status
from brain_tumor.fit_check.drawing import draw_fit, render_svg
from brain_tumor.fit_check.facts import Score
from brain_tumor.fit_check.judgement import judge
from brain_tumor.presentation.palette import STATUS_COLORS
from brain_tumor.presentation.shapes import Circle, Drawing, Path, Text
from brain_tumor.presentation.wording import NOTICE
from tests.factories import make_rules
from tests.fit_check.archive import RULES, make_facts, make_reference, make_scores

REFERENCE = make_reference()
CLASSIFIED = STATUS_COLORS[Status.CLASSIFIED]
MIXED = make_scores(classified=120, rejected=30, unfamiliar=20, uncertain=30, blank=5)


def draw(scores: list[Score]) -> Drawing:
    facts = make_facts(scores)
    return draw_fit(judge(facts, REFERENCE), facts, REFERENCE, RULES)


def texts(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def boxes(drawing: Drawing, color: str) -> list[Path]:
    return [shape for shape in drawing.shapes if isinstance(shape, Path) and shape.fill == color]


@pytest.mark.parametrize("scores", [MIXED, [], make_scores(classified=1), make_scores(rejected=200)])
def test_everything_stays_on_the_paper(scores: list[Score]) -> None:
    drawing = draw(scores)
    for shape in drawing.shapes:
        assert not isinstance(shape, Circle)
        for x, y in (shape.point,) if isinstance(shape, Text) else shape.points:
            assert 0 <= x <= drawing.width and 0 <= y <= drawing.height
    for shape in drawing.shapes:
        if isinstance(shape, Text) and shape.anchor == "start":
            assert shape.point[0] + 0.52 * drawing.font * len(shape.text) <= drawing.width, shape.text


def test_the_verdict_comes_first_and_the_notice_last() -> None:
    shown = texts(draw(MIXED))
    assert (shown[0], shown[-1]) == ("Fits in part", NOTICE)


def test_a_bar_with_twice_the_images_is_twice_as_tall() -> None:
    scores = [*make_scores(classified=40, gate_score=2.0), *make_scores(classified=20, gate_score=8.0)]
    _badge, first, second, *_ = boxes(draw(scores), CLASSIFIED)
    tall, short = (path.points[2][1] - path.points[0][1] for path in (first, second))
    assert tall == pytest.approx(2 * short)


def test_both_scores_show_every_image() -> None:
    shown = texts(draw(make_scores(classified=60)))
    assert shown.count("60 images") == 2


def test_every_limit_of_the_rules_is_drawn() -> None:
    shown = texts(draw(MIXED))
    assert (shown.count("below: not analysed"), shown.count("below: uncertain")) == (1, 2)


def test_a_limit_that_the_rules_lack_is_not_drawn() -> None:
    facts = make_facts(MIXED)
    rules = make_rules(min_familiarity=-2.0)
    shown = texts(draw_fit(judge(facts, REFERENCE), facts, REFERENCE, rules))
    assert shown.count("below: uncertain") == 1


def test_the_file_is_xml_and_names_verdict_and_figures_for_screen_readers() -> None:
    facts = make_facts(MIXED)
    root = ET.fromstring(render_svg(judge(facts, REFERENCE), facts, REFERENCE, RULES))  # noqa: S314 - our own file
    title, description = (root.find(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("title", "desc"))
    assert title is not None and (title.text or "").startswith("Fit check: Fits in part.")
    assert description is not None and "not analysed: 15 %" in (description.text or "")
