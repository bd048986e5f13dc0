import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.prediction.file_list import read_file_list


@pytest.mark.parametrize(
    "content", [b"a.png\nb c.png\n", b"\xef\xbb\xbfa.png\r\nb c.png\r\n", b"a.png\0b c.png\0", b"a.png\n\nb c.png"]
)
def test_a_list_has_a_path_a_line_or_between_zero_bytes(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(content)
    assert read_file_list(str(tmp_path / "list")) == ["a.png", "b c.png"]


def test_a_line_end_in_a_name_is_kept_between_zero_bytes(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"a\nb.png\0")
    assert read_file_list(str(tmp_path / "list")) == ["a\nb.png"]


@pytest.mark.parametrize("content", ["path,label\na.png,x\n", "\ufefflabel;file\r\nx;a.png\r\n"])
def test_a_csv_is_read_by_its_column(content: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(content, encoding="utf-8", newline="")
    assert read_file_list(str(tmp_path / "list.csv")) == ["a.png"]


def test_a_minus_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a.png")))
    assert read_file_list("-") == ["a.png"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_list_without_files_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    with pytest.raises(BrainTumorError, match=name):
        read_file_list(str(tmp_path / name))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_list_of_powershell_is_read(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes("\ufeffGröße.png\r\nb c.png\r\n".encode(encoding))
    assert read_file_list(str(tmp_path / "list")) == ["Größe.png", "b c.png"]


def test_a_list_in_utf_16_that_ends_within_a_letter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes("\ufeffa.png\n".encode("utf-16-le")[:-1])
    with pytest.raises(BrainTumorError, match="damaged"):
        read_file_list(str(tmp_path / "list"))
