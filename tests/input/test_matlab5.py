"""Fields of files that SciPy writes; tests/input/test_matlab.py has what becomes of them."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from brain_tumor.input.matlab5 import TooLargeError, list_variables, read_field

MIB = 2**20
DAMAGE = (ValueError, struct.error, zlib.error, StopIteration)


def make_file(compress: bool = False, **variables: Any) -> bytes:
    buffer: Any = io.BytesIO()
    savemat(buffer, variables, do_compression=compress)
    return bytes(buffer.getvalue())


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_a_field_of_every_type_of_number_is_read(kind: str, compress: bool) -> None:
    values = np.arange(12).astype(kind).reshape(3, 4)
    found = read_field(make_file(compress, a={"other": 1, "image": values}), "a", "image", MIB)
    assert found is not None and np.array_equal(found, values)


@pytest.mark.parametrize("compress", [False, True])
def test_variables_are_listed_in_their_order(compress: bool) -> None:
    assert list_variables(make_file(compress, b=1, cjdata={"image": 2})) == ["b", "cjdata"]
    assert list_variables(make_file(compress)) == []


@pytest.mark.parametrize("value", ["text", {"deeper": 1}, 1 + 2j, [[{"a": 1}]]])
def test_what_is_no_plain_array_is_none(value: Any) -> None:
    assert read_field(make_file(a={"image": value}), "a", "image", MIB) is None


def test_what_is_not_there_is_none() -> None:
    data = make_file(a={"image": np.ones((2, 2))}, b=np.ones((2, 2)))
    assert read_field(data, "c", "image", MIB) is None
    assert read_field(data, "a", "other", MIB) is None
    assert read_field(data, "b", "image", MIB) is None  # no structure


def test_variables_share_the_limit() -> None:
    data = make_file(compress=True, first=np.zeros(100_000, "u1"), a={"image": np.ones((2, 2))})
    with pytest.raises(TooLargeError):
        read_field(data, "a", "image", 100_000)
    assert read_field(data, "a", "image", 102_000) is not None


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_that_is_cut_off_is_damaged_or_lacks_the_field(compress: bool) -> None:
    data = make_file(compress, a={"image": np.arange(100.0).reshape(10, 10)})
    for size in range(128, len(data) - 8, 16):
        try:
            assert read_field(data[:size], "a", "image", MIB) is None
        except DAMAGE:
            continue
