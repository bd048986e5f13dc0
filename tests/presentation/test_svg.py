import xml.etree.ElementTree as ET

from brain_tumor.presentation.palette import QUIET, TEXT
from brain_tumor.presentation.shapes import Circle, Drawing, Path, Text
from brain_tumor.presentation.svg import render_svg_file, to_svg_element

DRAWING = Drawing(
    100,
    50,
    12,
    (
        Path(((0, 0), (10, 0), (10, 5)), stroke=TEXT, fill="#0072B2", opacity=0.5, dash=(3, 2)),
        Circle((5, 5), 2, fill=QUIET),
        Text((1, 2), "<b> & more"),
    ),
)


def test_an_element_takes_the_colours_of_its_page() -> None:
    svg = to_svg_element(DRAWING)
    assert "fill:#0072B2;stroke:var(--text);fill-opacity:0.5;stroke-dasharray:3 2" in svg
    assert "fill:var(--quiet);stroke:none" in svg


def test_a_file_has_colours_of_its_own_and_needs_no_other_file() -> None:
    svg = render_svg_file(DRAWING, "A title", "Some <words>")
    assert "var(" not in svg
    assert "href" not in svg and "url(" not in svg and "<script" not in svg


def test_a_file_is_well_formed_and_what_it_shows_is_escaped() -> None:
    root = ET.fromstring(render_svg_file(DRAWING, "A & B", "Some <words>"))  # noqa: S314 - our own file
    texts = [element.text for element in root.iter() if element.text and element.text.strip()]
    assert texts == ["A & B", "Some <words>", "<b> & more"]


def test_only_a_filled_path_is_closed() -> None:
    line = Drawing(10, 10, 1, (Path(((0, 0), (1, 1)), stroke=TEXT),))
    assert 'd="M0.0 0.0L1.0 1.0"' in to_svg_element(line)
    assert 'd="M0.0 0.0L10.0 0.0L10.0 5.0Z"' in to_svg_element(DRAWING)
