import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from PIL import Image

from brain_tumor.evaluation.figures import (
    Tile,
    render_calibration,
    render_confusion,
    render_errors,
    render_risk_coverage,
    render_robustness,
    render_roc,
    render_source_curves,
)
from brain_tumor.evaluation.risk_coverage import measure_risk_coverage
from brain_tumor.labels import LABELS, Label
from brain_tumor.presentation.palette import class_looks
from tests.evaluation.fakes import make_evaluation


def size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        image.load()
        return image.size


def drawn(svg: bytes) -> str:
    """The SVG without what Matplotlib remembers about each text."""
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own output
    return re.sub(r"<metadata>.*?</metadata>", "", svg.decode(), flags=re.DOTALL)


def test_the_curve_of_a_source_that_is_mostly_wrong_lies_in_its_panel() -> None:
    # Its axis ended at half of the answers, so the curve of the worst source was not seen.
    curves = {
        "good": measure_risk_coverage(np.full(5, 0.9), np.array([False] * 5)),
        "bad": measure_risk_coverage(np.full(5, 0.9), np.array([True] * 3 + [False] * 2)),
    }
    assert "<!-- 60 % -->" in drawn(render_source_curves(curves).svg)


def test_the_confusion_matrix_states_counts_and_per_cent_of_the_row() -> None:
    picture = render_confusion(np.array([[3, 1], [0, 4]]), ["left", "right"])
    # Matplotlib draws letters as shapes and keeps the text in a comment before them.
    assert all(f"<!-- {text} -->" in drawn(picture.svg) for text in ("75.0 %", "25.0 %", "100.0 %", "left"))
    assert min(size(picture.png)) > 400


def test_a_class_without_images_is_a_row_of_zeros() -> None:
    assert "<!-- 0.0 % -->" in drawn(render_confusion(np.array([[1, 0], [0, 0]]), ["left", "right"]).svg)


def test_the_roc_names_each_class_with_its_area(tmp_path: Path) -> None:
    measures = make_evaluation(tmp_path).measures
    areas = {label: item.auc for label, item in measures.classes.items()}
    svg = drawn(render_roc(measures.curves, areas).svg)
    assert all(f"<!-- {label}, AUC 1.000 -->" in svg for label in (Label.NO_TUMOR, Label.PITUITARY))


def test_each_class_has_its_colour_in_the_roc(tmp_path: Path) -> None:
    measures = make_evaluation(tmp_path).measures
    svg = drawn(render_roc(measures.curves, dict.fromkeys(LABELS)).svg)
    assert all(f"stroke: {class_looks(LABELS)[label].color.lower()}" in svg for label in measures.curves)


def test_the_calibration_curve_states_its_error(tmp_path: Path) -> None:
    calibration = make_evaluation(tmp_path).measures.calibration
    assert calibration is not None
    picture = render_calibration(calibration.bins, calibration.error)
    assert f"<!-- expected calibration error {calibration.error.value:.3f} -->" in drawn(picture.svg)


def test_the_risk_coverage_curve_states_its_area() -> None:
    # The less confident of two answers is wrong: risks of 0 and 1/2, so an area of 1/4.
    curve = measure_risk_coverage(np.array([0.9, 0.6]), np.array([False, True]))
    assert "<!-- area under the curve 0.2500 -->" in drawn(render_risk_coverage(curve).svg)


def test_each_corruption_has_a_panel_of_its_name() -> None:
    svg = drawn(render_robustness((1, 2), 0.9, {f"kind {n}": (0.8, 0.7) for n in range(5)}).svg)
    assert all(svg.count(f"<!-- kind {n} -->") == 1 for n in range(5))


def test_pictures_of_nothing_can_still_be_drawn() -> None:
    assert size(render_roc({}, {}).png)
    assert size(render_calibration((), None).png)
    assert size(render_errors([]))


def test_equal_numbers_give_equal_files() -> None:
    first, second = (render_confusion(np.eye(2, dtype=np.int64), ["left", "right"]) for _ in range(2))
    assert first == second


def test_the_sheet_of_errors_grows_by_rows_of_four() -> None:
    tile = Tile(np.eye(8, dtype=np.float32), ("true a", "named b", "file"))
    size_of_1, size_of_4, size_of_5 = (size(render_errors([tile] * count)) for count in (1, 4, 5))
    assert size_of_5[1] > 1.5 * size_of_4[1]
    assert size_of_1[1] < 1.2 * size_of_4[1]


def test_file_names_that_look_like_formulas_or_lack_a_glyph_are_drawn_as_text() -> None:
    assert size(render_errors([Tile(None, ("$\\frac{", "\u8111.png"))]))
