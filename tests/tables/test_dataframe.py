import sys

import pytest

from brain_tumor.classifier import SliceOutcome
from brain_tumor.errors import MissingExtraError, ScanError
from brain_tumor.input.series import Slice
from brain_tumor.problems import Problem
from brain_tumor.tables.dataframe import to_dataframe
from brain_tumor.tables.rows import COLUMNS
from tests.factories import make_result, make_scan


def test_a_table_has_one_row_per_answer_and_the_columns_in_their_order() -> None:
    table = to_dataframe([make_result(name="a.png"), make_result(name="b.png")])
    assert tuple(table.columns) == COLUMNS
    assert table["file"].tolist() == ["a.png", "b.png"]


def test_a_name_that_is_no_text_has_escapes() -> None:
    assert to_dataframe([make_result(name="\udcff.png")])["file"].tolist() == ["\\udcff.png"]


def test_types_do_not_depend_on_the_rows() -> None:
    answered = SliceOutcome(Slice("a.png", None, make_scan), None, ScanError("a.png", Problem.EMPTY), 0.1)
    filled = to_dataframe([make_result()])
    assert to_dataframe([answered], "test-1").dtypes.tolist() == filled.dtypes.tolist()
    assert to_dataframe([]).dtypes.tolist() == filled.dtypes.tolist()
    assert filled["p_glioma"].dtype == "float64"


def test_a_slice_without_an_answer_is_a_row_with_its_reason() -> None:
    answered = SliceOutcome(Slice("a.nii", 4, make_scan), None, ScanError("a.nii slice 4", Problem.EMPTY), 0.1)
    row = to_dataframe([answered], "test-1").iloc[0]
    assert (row["status"], row["reason_code"], row["slice"], row["model_id"]) == ("error", "empty", 4, "test-1")


def test_without_pandas_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"\[pandas\]"):
        to_dataframe([])
