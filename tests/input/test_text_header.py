import io

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.text_header import MAX_HEADER_BYTES, Lines
from brain_tumor.problems import Problem


def test_lines_come_without_their_ends_and_the_position_is_behind_them() -> None:
    lines = Lines(io.BytesIO(b"NRRD0005\r\ntype: uchar\n\n\x01\x02"), "NRRD", "a.nrrd")
    assert [lines.next(), lines.next(), lines.next()] == ["NRRD0005", "type: uchar", ""]
    assert lines.at == len(b"NRRD0005\r\ntype: uchar\n\n")


def test_the_end_of_the_file_is_no_line() -> None:
    assert Lines(io.BytesIO(b""), "NRRD", "a.nrrd").next() is None


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert Lines(io.BytesIO(b"content: \xff\n"), "NRRD", "a.nrrd").next() == "content: \ufffd"


@pytest.mark.parametrize("line", [b"x" * 100, b"x" * 100 + b"\n"])
def test_a_header_without_end_is_refused(line: bytes) -> None:
    lines = Lines(io.BytesIO(line * (MAX_HEADER_BYTES // 100 + 1)), "NRRD", "a.nrrd")
    with pytest.raises(ScanError) as caught:
        list(iter(lines.next, None))
    assert caught.value.problem is Problem.DAMAGED
