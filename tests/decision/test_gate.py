from dataclasses import replace

import numpy as np
import pytest

from brain_tumor.decision.gate import MIN_SIDE_PX, gate_reason
from brain_tumor.decision.reasons import Reason
from tests.factories import make_output, make_rules, make_scan


def test_a_usual_scan_passes() -> None:
    assert gate_reason(make_scan(), make_output(), make_rules()) is None


@pytest.mark.parametrize("shape", [(MIN_SIDE_PX - 1, 200), (200, MIN_SIDE_PX - 1)])
def test_an_image_under_the_smallest_side_is_named_with_its_size(shape: tuple[int, int]) -> None:
    scan = make_scan(np.zeros(shape, np.float32))
    found = gate_reason(scan, make_output(), make_rules())
    assert found == (Reason.TOO_SMALL, f"{shape[1]} x {shape[0]}")


def test_an_even_image_is_blank() -> None:
    even = make_scan(np.full((64, 64), 0.5, np.float32))
    assert gate_reason(even, make_output(), make_rules()) == (Reason.BLANK, None)


@pytest.mark.parametrize(("chroma", "passes"), [(0.1, True), (0.11, False)])
def test_chroma_above_the_limit_is_a_colour_picture(chroma: float, passes: bool) -> None:
    reason = gate_reason(make_scan(chroma=chroma), make_output(), make_rules(max_chroma=0.1))
    assert (reason is None) is passes


@pytest.mark.parametrize(("score", "passes"), [(2.0, True), (1.9, False)])
def test_a_gate_score_under_the_limit_does_not_look_like_a_brain(score: float, passes: bool) -> None:
    reason = gate_reason(make_scan(), make_output(gate_score=score), make_rules(min_gate_score=2.0))
    assert (reason is None) is passes


def test_the_first_reason_counts() -> None:
    tiny_and_colourful = make_scan(np.zeros((8, 8), np.float32), chroma=1.0)
    reason = gate_reason(tiny_and_colourful, make_output(gate_score=-9.0), make_rules())
    assert reason == (Reason.TOO_SMALL, "8 x 8")


@pytest.mark.parametrize(("modality", "passes"), [(None, True), ("MR", True), ("CT", False)])
def test_a_file_that_calls_itself_something_else_than_mr_does_not_pass(modality: str | None, passes: bool) -> None:
    scan = replace(make_scan(), modality=modality)
    reason = gate_reason(scan, make_output(), make_rules())
    assert (reason is None) is passes
    assert passes or reason == (Reason.OTHER_MODALITY, "CT")


def test_a_modality_that_is_no_code_of_dicom_s_is_not_repeated() -> None:
    reason = gate_reason(replace(make_scan(), modality="DOE^JANE"), make_output(), make_rules())
    assert reason == (Reason.OTHER_MODALITY, None)


@pytest.mark.parametrize("values", [2, 4, 6])
def test_a_label_map_has_few_greys(values: int) -> None:
    labels = np.random.default_rng(0).integers(0, values, (80, 80)) / (values - 1)
    assert gate_reason(make_scan(labels.astype(np.float32)), make_output(), make_rules()) == (Reason.FEW_GREYS, None)


def test_a_dark_scan_of_a_few_values_is_no_label_map() -> None:
    # A window sixteen times too wide leaves sixteen greys of 256.
    dark = np.random.default_rng(0).integers(0, 16, (80, 80)) / 255
    assert gate_reason(make_scan(dark.astype(np.float32)), make_output(), make_rules()) is None
