from pathlib import Path

import numpy as np
import pytest

from brain_tumor.dicom_out.findings import KEY_SLICES
from tests.dicom_out.objects import BLANK, HEAD, find
from tests.mr_series import write_series


def mixed(folder: Path) -> list[Path]:
    """Healthy slices, and one among them that is doubtful."""
    files = write_series(folder, [HEAD] * 8, name="healthy", apart_mm=10)
    return [files[3].rename(files[3].with_name("doubt.dcm")), *files[:3], *files[4:]]


def test_the_slice_that_is_shown_is_the_most_suspicious(tmp_path: Path) -> None:
    (findings,) = find(mixed(tmp_path))
    assert findings.verdict is not None and findings.key == findings.verdict.order[0] == 3


def test_the_key_slices_are_the_most_suspicious_ones_in_their_order(tmp_path: Path) -> None:
    (findings,) = find(mixed(tmp_path))
    assert findings.verdict is not None
    numbers = [slice_.number for slice_ in findings.key_slices]
    assert numbers == [index + 1 for index in findings.verdict.order[:KEY_SLICES]]
    assert numbers[0] == 4


def test_slices_that_were_not_analysed_are_no_key_slices(tmp_path: Path) -> None:
    (findings,) = find(write_series(tmp_path, [BLANK, HEAD, HEAD, BLANK]))
    assert sorted(slice_.number for slice_ in findings.key_slices) == [2, 3]


def test_a_map_is_kept_where_a_tumor_was_located_only(tmp_path: Path) -> None:
    (findings,) = find(write_series(tmp_path, [BLANK, HEAD], name="mapped"))
    assert [slice_.heat is not None for slice_ in findings.slices] == [False, True]


def test_one_picture_is_kept_of_a_series(tmp_path: Path) -> None:
    (findings,) = find(write_series(tmp_path, [HEAD] * 4))
    assert findings.picture is not None and findings.picture.nbytes <= 512 * 512 * 3


@pytest.mark.parametrize(("pixels", "confidence"), [(HEAD, 0.93), (BLANK, None)])
def test_what_was_not_analysed_has_no_confidence(tmp_path: Path, pixels: np.ndarray, confidence: float | None) -> None:
    (findings,) = find(write_series(tmp_path, [pixels]))
    assert findings.slices[0].confidence == (None if confidence is None else pytest.approx(confidence))
