import io

import pytest

from brain_tumor.input.formats import (
    FORMATS,
    MAX_SCAN_BYTES,
    MAX_VOLUME_BYTES,
    Kind,
    find_format,
    max_bytes,
    read_limited,
)


@pytest.mark.parametrize(("offset", "signature", "found"), FORMATS)
def test_a_file_is_what_its_first_bytes_say(offset: int, signature: bytes, found: object) -> None:
    assert find_format(bytes(offset) + signature + bytes(400)) == found


@pytest.mark.parametrize("data", [b"", b"hello", bytes(1024)])
def test_everything_else_is_unknown(data: bytes) -> None:
    assert find_format(data) is None


@pytest.mark.parametrize("data", [bytes(128) + b"DICM", bytes(344) + b"n+1\x00", b"\x1f\x8b\x08", b"PK\x03\x04"])
def test_what_may_hold_many_slices_may_be_larger(data: bytes) -> None:
    assert max_bytes(find_format(data)) == MAX_VOLUME_BYTES > max_bytes(find_format(b"BM")) == MAX_SCAN_BYTES


def test_a_dicom_file_is_recognised_by_its_first_bytes_alone() -> None:
    found = find_format(bytes(128) + b"DICM" + bytes(9000))
    assert found and found.kind is Kind.DICOM


def test_a_stream_is_read_up_to_one_byte_more_than_its_format_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.input.formats.MAX_SCAN_BYTES", 2000)
    assert len(read_limited(io.BytesIO(bytes(5000)))) == 2001
    assert len(read_limited(io.BytesIO(b"\x1f\x8b" + bytes(4998)))) == 5000
