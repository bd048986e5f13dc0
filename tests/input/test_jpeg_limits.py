import io

import pytest
from PIL import Image

from brain_tumor.input.jpeg_limits import MAX_SCANS, has_too_many_scans

SCAN, REMARK = b"\xff\xda\x00\x02", b"\xff\xfe\x00\x02"


def of_scans(scans: int, between: bytes = b"") -> bytes:
    return b"\xff\xd8" + (SCAN + between) * scans + b"\xff\xd9"


@pytest.mark.parametrize("between", [b"", b"\x01\x02", b"\xff\x00", b"\xff\xd0", b"\xff\xff", REMARK])
def test_scans_are_counted_whatever_lies_between_them(between: bytes) -> None:
    assert not has_too_many_scans(of_scans(MAX_SCANS, between))
    assert has_too_many_scans(of_scans(MAX_SCANS + 1, between))


def test_what_a_segment_holds_is_no_scan() -> None:
    preview = of_scans(MAX_SCANS + 1)
    assert not has_too_many_scans(b"\xff\xd8\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview + SCAN)


def test_what_lies_behind_the_picture_does_not_count() -> None:
    assert not has_too_many_scans(of_scans(1) + of_scans(MAX_SCANS + 1))


def test_tens_of_thousands_of_remarks_count_as_too_many() -> None:
    assert not has_too_many_scans(b"\xff\xd8" + REMARK * 9_000)
    assert has_too_many_scans(b"\xff\xd8" + REMARK * 10_000)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_usual_picture_has_few_scans(progressive: bool) -> None:
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(stream, "JPEG", progressive=progressive)
    assert not has_too_many_scans(stream.getvalue())


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff", b"no JPEG"])
def test_a_stream_that_breaks_off_has_few_scans(data: bytes) -> None:
    assert not has_too_many_scans(data)
