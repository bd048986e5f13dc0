from pathlib import Path

import pytest

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError


def write(folder: Path, content: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content)
    return path


def test_cells_are_read_by_column_without_blanks_around_them(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, b"path,label\n a.png , Glioma\n")) == [{"path": "a.png", "label": "Glioma"}]


def test_missing_cells_are_empty_and_surplus_ones_go(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, b"path,label\na.png\nb.png,Glioma,more,and more\n")) == [
        {"path": "a.png", "label": ""},
        {"path": "b.png", "label": "Glioma"},
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, "\ufeffpath\na.png\n".encode()), ["path"]) == [{"path": "a.png"}]


def test_a_missing_column_is_named_even_where_there_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"list\.csv: has no column label; path and label are needed"):
        read_csv(write(tmp_path, b"path\n"), ["path", "label"])


def test_other_text_is_no_csv(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a CSV file in UTF-8"):
        read_csv(write(tmp_path, "Größe\n".encode("latin-1")))


def test_an_absent_file_says_by_which_option_one_is_given(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv: cannot be read .*; give a CSV file with --list"):
        read_csv(tmp_path / "none.csv", option="--list")


def test_semicolons_and_line_ends_of_a_spreadsheet_are_read(tmp_path: Path) -> None:
    listed = write(tmp_path, "\ufeffpath;label\r\na.png;glioma\r\n".encode())
    assert read_csv(listed, ["path", "label"]) == [{"path": "a.png", "label": "glioma"}]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_what_excel_calls_unicode_text_is_read(tmp_path: Path, encoding: str) -> None:
    listed = write(tmp_path, "\ufeffpath\tlabel\r\nGröße, 1.png\tglioma\r\n".encode(encoding))
    assert read_csv(listed, ["path", "label"]) == [{"path": "Größe, 1.png", "label": "glioma"}]


def test_utf_16_that_ends_within_a_letter_is_no_csv(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a CSV file"):
        read_csv(write(tmp_path, "\ufeffpath\n".encode("utf-16-le")[:-1]))
