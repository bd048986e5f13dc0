from dataclasses import replace

import numpy as np

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.scan import Scan
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.report.subject import (
    PICTURE_SIDE_PX,
    SHOWN_SLICES,
    fingerprint,
    to_report_image,
)
from tests.factories import make_mapped_result, make_report_series, make_result, make_scan

REJECTED = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)


def test_a_name_is_left_out_unless_asked_for() -> None:
    result = make_result(name="Doe^Jane.png")
    assert "Doe" not in repr(to_report_image(result, 1))
    assert to_report_image(result, 1, show_name=True).name == "Doe^Jane.png"


def test_a_series_name_is_left_out_unless_asked_for() -> None:
    assert "Doe" not in repr(make_report_series(3))
    assert make_report_series(3, name="Doe^Jane").name == "Doe^Jane"


def test_an_analysed_image_has_a_plain_picture_and_its_maps() -> None:
    image = to_report_image(make_mapped_result(), 1)
    assert [picture.kind for picture in image.pictures] == [None, MapKind.SALIENCY, MapKind.LOCATION]


def test_an_image_that_was_not_analysed_has_a_plain_picture_only() -> None:
    assert [picture.kind for picture in to_report_image(make_mapped_result(REJECTED), 1).pictures] == [None]


def test_pictures_have_the_scan_s_true_proportions() -> None:
    scan = Scan(make_scan().pixels, 0.0, "NIfTI", spacing_mm=(3.0, 1.0))
    picture = to_report_image(replace(make_result(), scan=scan), 1).pictures[0]
    assert (picture.height_px, picture.width_px) == (PICTURE_SIDE_PX, PICTURE_SIDE_PX // 3)


def test_a_fingerprint_tells_pixels_and_shapes_apart() -> None:
    pixels = np.zeros((64, 128), np.float32)
    changed = pixels.copy()
    changed[0, 0] = 0.001
    prints = {fingerprint(make_scan(item)) for item in (pixels, changed, pixels.T)}
    assert len(prints) == 3
    assert fingerprint(make_scan(pixels)) == fingerprint(make_scan(pixels.copy()))


def test_a_series_fingerprint_depends_on_every_slice() -> None:
    assert make_report_series(5).fingerprint != make_report_series(6).fingerprint
    assert make_report_series(5).fingerprint != make_report_series(5, unreadable=[2]).fingerprint


def test_the_shown_slices_are_the_first_in_the_verdict_s_order() -> None:
    series = make_report_series(40, tumors=(3, 20, 21, 22, 39))
    assert [index for index, _ in series.shown] == list(series.verdict.order[:SHOWN_SLICES]) == [3, 20, 21]


def test_equally_suspicious_slices_are_shown_in_their_order() -> None:
    series = make_report_series(6)
    assert [index for index, _ in series.shown] == list(series.verdict.order[:SHOWN_SLICES]) == [1, 2, 3]


def test_a_shown_slice_comes_alone_and_under_its_location() -> None:
    series = make_report_series(9, tumors=(4,))
    assert [[picture.kind for picture in pictures] for _, pictures in series.shown] == [
        [None, MapKind.LOCATION],
        [None, MapKind.SALIENCY],
        [None, MapKind.SALIENCY],
    ]


def test_an_unreadable_slice_keeps_its_place() -> None:
    series = make_report_series(5, unreadable=[2])
    assert [slice_.number for slice_ in series.slices] == [1, 2, 3, 4, 5]
    assert (series.slices[2].verdict, series.slices[2].position_mm, series.slices[2].is_analysed) == (None, 4.0, False)
    assert 2 not in dict(series.shown)


def test_a_series_of_unreadable_slices_shows_none() -> None:
    series = make_report_series(3, unreadable=[0, 1, 2])
    assert (series.shown, series.verdict.status) == ((), Status.NOT_A_BRAIN_MRI)
