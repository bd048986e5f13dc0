"""Where the part of a multipart answer lies."""

import pytest

from brain_tumor.prediction.multipart import MultipartError, find_first_part

TYPE = 'multipart/related; type="application/dicom"; boundary="xyz"'


def part_of(body: bytes, content_type: str = TYPE) -> bytes:
    start, end = find_first_part(lambda offset, size: body[offset : offset + size], len(body), content_type)
    return body[start:end]


@pytest.mark.parametrize("content", [b"", b"DICM", b"\r\n--xy\r\n\r\n", b"--xyz"[:4] + bytes(200_000)])
@pytest.mark.parametrize("before", [b"", b"\r\n", b"preamble\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r\n", b"\r\nepilogue"])
def test_the_content_is_found_whatever_stands_around_it(before: bytes, after: bytes, content: bytes) -> None:
    head = b"--xyz\r\nContent-Type: application/dicom\r\n\r\n"
    assert part_of(before + head + content + b"\r\n--xyz--" + after) == content


def test_an_answer_that_is_no_multipart_is_one_part() -> None:
    assert part_of(b"DICM", "application/dicom") == b"DICM"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", TYPE),
        (b"--xyz\r\n\r\ncut off", TYPE),
        (b"--other\r\n\r\nDICM\r\n--other--", TYPE),
        (b"--xyz\r\n\r\nDICM\r\n--xyz--", "multipart/related"),
    ],
)
def test_what_is_no_part_is_an_error(body: bytes, content_type: str) -> None:
    with pytest.raises(MultipartError):
        part_of(body, content_type)
