from itertools import chain, pairwise

import pytest

from brain_tumor.decision.verdict import Status
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.palette import GREY, class_looks
from brain_tumor.presentation.report.charts import draw_bars, draw_strip
from brain_tumor.presentation.shapes import Circle, Drawing, Path, Text
from tests.factories import make_report_series

LOOKS = class_looks(LABELS)

SHARES = {Label.GLIOMA: 0.5, Label.MENINGIOMA: 0.25, Label.NO_TUMOR: 0.25, Label.PITUITARY: 0.0}


def texts(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def test_bars_stand_in_the_order_of_the_classes_with_their_figures() -> None:
    shown = texts(draw_bars(SHARES, Status.CLASSIFIED, 300, 10))
    assert [text for text in shown if text in list(LABELS)] == list(LABELS)
    assert shown[-8:] == ["Glioma", "50.0 %", "Meningioma", "25.0 %", "No Tumor", "25.0 %", "Pituitary", "0.0 %"]


def test_a_bar_twice_as_probable_is_twice_as_long() -> None:
    bars = [shape.points for shape in draw_bars(SHARES, Status.CLASSIFIED, 300, 10).shapes if isinstance(shape, Path)]
    lengths = [points[1][0] - points[0][0] for points in bars if len(points) == 4]
    assert lengths == pytest.approx([2 * lengths[1], lengths[1], lengths[1], 0])


def test_bars_of_an_image_that_was_not_analysed_are_hollow_and_dashed() -> None:
    bars = [shape for shape in draw_bars(SHARES, Status.NOT_A_BRAIN_MRI, 300, 10).shapes if isinstance(shape, Path)]
    assert all(bar.dash and bar.opacity < 0.2 for bar in bars if bar.fill)


def test_each_slice_has_one_marker_in_its_class_s_colour_and_shape() -> None:
    drawing = draw_strip(make_report_series(30, tumors=(10, 11)), 0.0, 500, 8)
    triangles = [
        shape for shape in drawing.shapes if isinstance(shape, Path) and shape.fill == LOOKS[Label.GLIOMA].color
    ]
    circles = [
        shape for shape in drawing.shapes if isinstance(shape, Circle) and shape.fill == LOOKS[Label.NO_TUMOR].color
    ]
    # One more of each explains it.
    assert (len(triangles), len(circles)) == (3, 28)
    assert {len(triangle.points) for triangle in triangles} == {3}


def test_a_slice_that_was_not_analysed_is_hollow() -> None:
    drawing = draw_strip(make_report_series(30), 0.0, 500, 8)
    hollow = [shape for shape in drawing.shapes if isinstance(shape, Circle) and shape.fill is None]
    # Its marker, its gate score and the legend.
    assert [item.stroke for item in hollow] == [GREY] * 3
    assert "hollow: not analysed" in texts(drawing)


def test_the_legend_names_only_what_occurs() -> None:
    shown = texts(draw_strip(make_report_series(9, unreadable=[0]), 0.0, 500, 8))
    assert "not read" in shown
    assert not {"hollow: not analysed", "pale: uncertain", "Glioma"} & set(shown)


@pytest.mark.parametrize("slices", [1, 2, 7, 30, 300, 1000])
@pytest.mark.parametrize("width", [350, 700])
def test_everything_stays_inside_the_drawing(slices: int, width: float) -> None:
    drawing = draw_strip(make_report_series(slices, tumors=[slices - 1], unreadable=[slices // 2]), 0.5, width, 12)
    points = chain.from_iterable(shape.points for shape in drawing.shapes if isinstance(shape, Path))
    centers = [shape.center for shape in drawing.shapes if isinstance(shape, Circle)]
    anchors = [shape.point for shape in drawing.shapes if isinstance(shape, Text)]
    for x, y in (*points, *centers, *anchors):
        assert 0 <= x <= width and 0 <= y <= drawing.height


@pytest.mark.parametrize("slices", [1, 2, 23, 30, 90, 135, 300, 999])
@pytest.mark.parametrize("width", [350, 515, 700])
def test_ticks_name_number_and_position_and_leave_each_other_room(slices: int, width: float) -> None:
    drawing = draw_strip(make_report_series(slices), 0.0, width, 12)
    ticks = [shape for shape in drawing.shapes if isinstance(shape, Text) and shape.text.endswith("mm)")]
    assert ticks[0].text == "1 (0 mm)"
    edges = [(tick.point[0] - 3.3 * len(tick.text), tick.point[0] + 3.3 * len(tick.text)) for tick in ticks]
    assert all(left[1] <= right[0] for left, right in pairwise(edges))
