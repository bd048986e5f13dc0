import io
import struct

import numpy as np
import pytest
from PIL import Image

from brain_tumor.input import tiff_pages
from brain_tumor.input.tiff_pages import find_pages, with_first_page
from tests.factories import encode


def stack(*sizes: tuple[int, int], **options: object) -> bytes:
    """Pages of these columns and rows, each of its own grey: 0, 10, 20 and so on."""
    first, *others = (Image.new("L", size, 10 * index) for index, size in enumerate(sizes))
    return encode(first, "TIFF", save_all=True, append_images=others, **options)


def sizes(data: bytes) -> list[tuple[int, int]]:
    return [(page.columns, page.rows) for page in find_pages(io.BytesIO(data)).found]


def first_pointer(data: bytearray) -> int:
    """Where the offset of the second page stands, in a file of little-endian TIFF."""
    first = find_pages(io.BytesIO(data)).found[0].offset
    (entries,) = struct.unpack_from("<H", data, first)
    return first + 2 + 12 * int(entries)


@pytest.mark.parametrize("big", [False, True])
def test_pages_have_their_sizes_in_tiff_and_in_bigtiff(big: bool) -> None:
    assert sizes(stack((4, 6), (5, 7), (4, 6), big_tiff=big)) == [(4, 6), (5, 7), (4, 6)]


def test_numbers_of_either_byte_order_are_read() -> None:
    # One directory of two entries, width and height: of a short, and of a long.
    entries = struct.pack(">HHIHH", 256, 3, 1, 4, 0) + struct.pack(">HHII", 257, 4, 1, 6)
    assert sizes(struct.pack(">2sHI", b"MM", 42, 8) + struct.pack(">H", 2) + entries + bytes(4)) == [(4, 6)]


def test_a_chain_that_leads_back_ends_there() -> None:
    data = bytearray(stack((4, 6), (4, 6)))
    struct.pack_into("<I", data, first_pointer(data), find_pages(io.BytesIO(data)).found[0].offset)
    assert sizes(bytes(data)) == [(4, 6)]


@pytest.mark.parametrize("at", [2**31, 3])
def test_a_chain_that_leads_out_of_the_file_or_into_its_head_keeps_the_pages_before(at: int) -> None:
    data = bytearray(stack((4, 6), (4, 6)))
    struct.pack_into("<I", data, first_pointer(data), at)
    assert sizes(bytes(data)) == [(4, 6)]


def test_a_whole_file_is_not_cut_off_and_the_beginning_of_one_is() -> None:
    data = stack((40, 60), (40, 60))
    assert not find_pages(io.BytesIO(data)).is_cut_off
    assert find_pages(io.BytesIO(data[: find_pages(io.BytesIO(data)).found[1].offset - 1])).is_cut_off


@pytest.mark.parametrize(
    "data", [b"", b"II", b"II*\x00", b"II*\x00\x08\x00\x00\x00", b"II*\x00\x08\x00\x00\x00\xff\xff"]
)
def test_a_torn_file_has_no_pages(data: bytes) -> None:
    assert find_pages(io.BytesIO(data)).found == []


def test_more_pages_than_are_allowed_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_pages, "MAX_PAGES", 2)
    found = find_pages(io.BytesIO(stack(*[(4, 6)] * 5))).found
    assert len(found) == 3  # so that its caller sees that there are too many


@pytest.mark.parametrize("big", [False, True])
def test_any_page_can_be_made_the_one_that_decoders_show(big: bool) -> None:
    data = stack((4, 6), (4, 6), (4, 6), big_tiff=big)
    for index, page in enumerate(find_pages(io.BytesIO(data)).found):
        shown = np.asarray(Image.open(io.BytesIO(with_first_page(data, page))))
        assert shown.max() == shown.min() == 10 * index
