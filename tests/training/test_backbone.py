import pytest

from brain_tumor_training.backbone import XCEPTION


@pytest.mark.parametrize(("side", "cells"), [(96, 6), (224, 14), (299, 19)])
def test_detail_cells_are_those_of_xception(side: int, cells: int) -> None:
    assert XCEPTION.detail_cells(side) == cells


@pytest.mark.slow
@pytest.mark.parametrize("side", [96, 224, 299])
def test_xception_has_as_many_cells(side: int) -> None:
    pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)
    from brain_tumor_training.network import build_trunk

    _, _, maps, detail = build_trunk(None, side).output
    cells = XCEPTION.detail_cells(side)
    assert detail.shape == (None, cells, cells, XCEPTION.detail_features)
    assert maps.shape == (None, (cells + 1) // 2, (cells + 1) // 2, XCEPTION.features)
