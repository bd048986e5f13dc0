import numpy as np

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.labels import Label
from brain_tumor.presentation.key_picture import SIDE_PX, render_key_picture, render_key_slice
from tests.factories import make_mapped_result

NOTICE, TITLE = "For research only.", "Series: Glioma"


def colours(pixels: np.ndarray) -> int:
    """How many pixels are not grey."""
    return int((pixels.max(axis=2) != pixels.min(axis=2)).sum())


def test_a_tumor_s_location_lies_over_the_slice() -> None:
    pixels = render_key_slice(make_mapped_result())
    assert pixels.shape == (SIDE_PX, SIDE_PX, 3)
    assert colours(pixels) > 0


def test_a_slice_that_was_not_analysed_stays_grey() -> None:
    verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)
    assert colours(render_key_slice(make_mapped_result(verdict))) == 0


def test_no_tumor_has_no_map_that_could_be_taken_for_one() -> None:
    assert colours(render_key_slice(make_mapped_result(Verdict(Label.NO_TUMOR, Status.CLASSIFIED, None)))) == 0


def test_the_slice_is_untouched_between_notice_and_words() -> None:
    shown = np.full((100, 80, 3), 77, np.uint8)
    picture = render_key_picture(shown, NOTICE, TITLE, ["Slice 3 of 9"])
    rows = np.flatnonzero((picture == 77).all(axis=2).sum(axis=1) >= 80)
    left = (SIDE_PX - 80) // 2
    assert (picture[rows[0] : rows[0] + 100, left : left + 80] == 77).all()
    assert picture[: rows[0]].max() > 200 and picture[rows[0] + 100 :].max() > 200


def test_the_notice_has_a_colour_of_its_own() -> None:
    picture = render_key_picture(np.zeros((10, 10, 3), np.uint8), NOTICE, TITLE, [])
    assert colours(picture[:40]) > 0 and colours(picture[50:]) == 0


def test_long_lines_are_broken_and_none_is_lost() -> None:
    shown = np.zeros((10, 10, 3), np.uint8)
    short, long = (render_key_picture(shown, NOTICE, TITLE, [line]) for line in ("word", "word " * 200))
    assert long.shape[1] == short.shape[1] == SIDE_PX
    assert long.shape[0] > short.shape[0] + 10 * 15


def test_the_same_words_give_the_same_pixels() -> None:
    first, second = (render_key_picture(np.zeros((10, 10, 3), np.uint8), NOTICE, TITLE, ["a"]) for _ in range(2))
    assert (first == second).all()
