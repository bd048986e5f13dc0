"""Bad PNG, JPEG, BMP, TIFF and WebP files, and what only looks like one."""

import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

from brain_tumor.problems import Problem
from tests.factories import encode, png_bytes
from tests.hostile.bad_file import PATIENT, READS, BadFile, bad

_PNG = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _RGBA = 0, 2, 3, 6  # PNG's colour types
_DAMAGED, _TOO_MANY, _SEVERAL = Problem.DAMAGED, Problem.TOO_MANY_PIXELS, Problem.SEVERAL_FRAMES
_UNKNOWN = Problem.UNKNOWN_FORMAT


def zeros(size: int) -> bytes:
    """So many zeros, packed by zlib, without holding them."""
    packer, piece = zlib.compressobj(9), bytes(2**20)
    packed = b"".join(packer.compress(piece) for _ in range(size >> 20))
    return packed + packer.compress(bytes(size % 2**20)) + packer.flush()


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def make_png(columns: int, rows: int, pixels: bytes, depth: int = 8, colour: int = _GREY, more: bytes = b"") -> bytes:
    """A PNG of packed pixels under this header; more: chunks between header and pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0))
    return _PNG + header + more + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def picture(mode: str = "L", side: int = 64) -> Image.Image:
    """A picture of noise, the same every time."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (side, side), np.random.default_rng(0).bytes(side * side * channels))


def with_text(text: str) -> bytes:
    """A good PNG with a text chunk."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text, zip=True)
    return encode(picture(), "PNG", pnginfo=info)


def animation(file_format: str, frames: int) -> bytes:
    """So many different tiny pictures in one file."""
    first, *others = (Image.new("L", (2, 2), number % 255) for number in range(frames))
    return encode(first, file_format, save_all=True, append_images=others, duration=list(range(10, 10 + frames)))


def make_jpeg(columns: int, rows: int) -> bytes:
    """A good JPEG whose frame header announces another size."""
    data = encode(picture(), "JPEG")
    offset = data.index(b"\xff\xc0") + 5
    return data[:offset] + struct.pack(">HH", rows, columns) + data[offset + 4 :]


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG that repeats its last scan: each costs a few bytes and a walk over the whole picture."""
    data = encode(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    tables = data.rindex(b"\xff\xc4", 0, last)
    return data[:-2] + data[tables:-2] * scans + b"\xff\xd9"


def make_tiff(tags: dict[int, tuple[int, int, int]], pixels: bytes = bytes(64), next_page: int = 0) -> bytes:
    """A TIFF of 8 x 8 grey pixels; tags: (type, count, value or offset) by number, instead of or besides its own."""
    usual = {
        256: (4, 1, 8), 257: (4, 1, 8), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
        273: (4, 1, 0), 277: (3, 1, 1), 278: (4, 1, 8), 279: (4, 1, len(pixels)),
    }  # fmt: skip
    entries = usual | tags
    start = 8 + 2 + 12 * len(entries) + 4
    if 273 not in tags:
        entries[273] = (4, 1, start)
    packed = b"".join(struct.pack("<HHII", number, *entries[number]) for number in sorted(entries))
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries)) + packed + struct.pack("<I", next_page) + pixels


def page_chain(pages: int) -> bytes:
    """A TIFF with so many empty pages behind its picture."""
    picture_page = make_tiff({}, next_page=8 + 2 + 12 * 9 + 4 + 64)
    end = len(picture_page)
    return picture_page + b"".join(struct.pack("<HI", 0, end + 6 * (page + 1)) for page in range(pages))


def make_bmp(columns: int, rows: int, depth: int = 8, compression: int = 0, pixels: bytes = bytes(64)) -> bytes:
    """A BMP with a grey palette under this header."""
    start = 14 + 40 + 1024
    palette = b"".join(bytes((value, value, value, 0)) for value in range(256))
    header = struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, depth, compression, len(pixels), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def make_webp(columns: int, rows: int) -> bytes:
    """An extended WebP that announces a canvas and holds no picture."""
    canvas = struct.pack("<I", columns - 1)[:3] + struct.pack("<I", rows - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00" + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def changed(data: bytes, index: int, *values: int) -> bytes:
    """The data with other bytes from a place on."""
    return data[:index] + bytes(values) + data[index + len(values) :]


def joined(*parts: bytes) -> bytes:
    """A polyglot."""
    return b"".join(parts)


PNGS: tuple[BadFile, ...] = (
    bad("empty.png", b"", Problem.EMPTY),
    bad("one-byte.png", b"\x89", _UNKNOWN),
    bad("signature-only.png", _PNG, _DAMAGED),
    bad("cut-in-its-header.png", lambda: png_bytes()[:20], _DAMAGED),
    bad("cut-in-its-pixels.png", lambda: encode(picture(), "PNG")[:2000], _DAMAGED),
    bad("cut-before-its-end.png", lambda: encode(picture(), "PNG")[:-12], READS),
    bad("header-checksum.png", lambda: changed(png_bytes(), 29, 0, 0, 0, 0), _DAMAGED),
    bad("pixels-not-packed.png", lambda: make_png(8, 8, b"not packed at all"), _DAMAGED),
    bad("no-pixels.png", lambda: make_png(8, 8, b""), _DAMAGED),
    bad("short-pixels.png", lambda: make_png(64, 64, zeros(100)), _DAMAGED),
    bad("65000-x-65000.png", lambda: make_png(65_000, 65_000, zeros(100)), _TOO_MANY),
    bad("largest-size.png", lambda: make_png(2**31 - 1, 2**31 - 1, zeros(100)), _TOO_MANY),
    bad("negative-size.png", lambda: make_png(2**32 - 8, 8, zeros(100)), ""),
    bad("0-x-0.png", lambda: make_png(0, 0, zeros(1)), _DAMAGED),
    bad("0-x-5.png", lambda: make_png(0, 5, zeros(5)), _DAMAGED),
    bad("1-x-1.png", lambda: encode(Image.new("L", (1, 1)), "PNG"), READS),
    bad("1-x-20000.png", lambda: encode(Image.new("L", (1, 20_000)), "PNG"), READS),
    bad("20000-x-1.png", lambda: encode(Image.new("L", (20_000, 1)), "PNG"), READS),
    bad("1-x-25000000.png", lambda: make_png(1, 25_000_000, zeros(50_000_000)),
        Problem.SIDE_TOO_LONG),
    bad("5000-x-5000-rgba.png", lambda: make_png(5000, 5000, zeros(5000 * 20_001), colour=_RGBA), READS),
    bad("5000-x-5000-deep-rgba.png", lambda: make_png(5000, 5000, zeros(5000 * 40_001), 16, _RGBA), READS),
    bad("5000-x-5000-deep.png", lambda: make_png(5000, 5000, zeros(5000 * 10_001), depth=16), READS),
    bad("5000-x-5000-palette.png", lambda: make_png(5000, 5000, zeros(5000 * 5001), 8, _PALETTE,
        chunk(b"PLTE", bytes(768)) + chunk(b"tRNS", bytes(256))), READS),
    bad("pixels-go-on.png", lambda: make_png(64, 64, zeros(200 * 2**20)), READS),
    bad("depth-3.png", lambda: make_png(8, 8, zeros(72), depth=3), _DAMAGED),
    bad("palette-missing.png", lambda: make_png(8, 8, zeros(72), colour=_PALETTE), _DAMAGED),
    bad("text-bomb.png", lambda: make_png(8, 8, zeros(72), more=chunk(b"zTXt", b"a\x00\x00" + zeros(2**28))), _DAMAGED),
    bad("profile-bomb.png", lambda: make_png(8, 8, zeros(72), more=chunk(b"iCCP", b"a\x00\x00" + zeros(2**28))),
        _DAMAGED),
    bad("100000-chunks.png", lambda: make_png(8, 8, zeros(72), more=chunk(b"teSt", b"") * 100_000), READS),
    bad("endless-chunk.png", lambda: changed(make_png(8, 8, zeros(72)), 33, 255, 255, 255, 255), READS),
    bad("2000-frames.png", lambda: animation("PNG", 2000), _SEVERAL),
    bad("announces-2000000000-frames.png", lambda: make_png(
        8, 8, zeros(72), more=chunk(b"acTL", struct.pack(">II", 2_000_000_000, 0))), _SEVERAL),
    bad("says-who-it-is.png", lambda: with_text(PATIENT)[:-30], _DAMAGED),
)  # fmt: skip

JPEGS: tuple[BadFile, ...] = (
    bad("start-only.jpg", b"\xff\xd8\xff", _DAMAGED),
    bad("cut.jpg", lambda: encode(picture(), "JPEG")[:-500], _DAMAGED),
    bad("65500-x-65500.jpg", lambda: make_jpeg(65_500, 65_500), _TOO_MANY),
    bad("5000-x-5000.jpg", lambda: make_jpeg(5000, 5000), READS),
    bad("no-rows.jpg", lambda: make_jpeg(64, 0), _DAMAGED),
    bad("no-columns.jpg", lambda: make_jpeg(0, 64), _DAMAGED),
    bad("no-tables.jpg", lambda: encode(picture(), "JPEG").replace(b"\xff\xc4", b"\xff\xfe"), READS),
    bad("100000-remarks.jpg", lambda: b"\xff\xd8" + b"\xff\xfe\x00\x02" * 100_000, Problem.TOO_MANY_SCANS),
    bad("20000-scans.jpg", lambda: many_scans(2000, 20_000), Problem.TOO_MANY_SCANS),
    bad("cmyk.jpg", lambda: encode(picture("CMYK"), "JPEG"), READS),
    bad("damaged-exif.jpg", lambda: encode(picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"), READS),
    bad("html-behind.jpg", lambda: joined(encode(picture(), "JPEG"), b"<script>alert(1)</script>"), READS),
    bad("jpeg-2000.jp2", lambda: encode(picture(), "JPEG2000"), READS),
)

TIFFS: tuple[BadFile, ...] = (
    bad("header-only.tif", b"II*\x00", _DAMAGED),
    bad("no-page.tif", b"II*\x00\x00\x00\x00\x00", _DAMAGED),
    bad("page-beyond-the-end.tif", b"II*\x00\xff\xff\xff\x7f", _DAMAGED),
    bad("page-follows-itself.tif", lambda: make_tiff({}, next_page=8), READS),
    bad("100000-pages.tif", lambda: page_chain(100_000), READS),
    bad("pages-in-a-circle.tif", lambda: page_chain(3)[:-4] + struct.pack("<I", 8), READS),
    bad("65000-x-65000.tif", lambda: make_tiff({256: (4, 1, 65_000), 257: (4, 1, 65_000)}), _TOO_MANY),
    bad("no-columns.tif", lambda: make_tiff({256: (4, 1, 0)}), _DAMAGED),
    bad("pixels-beyond-the-end.tif", lambda: make_tiff({273: (4, 1, 2**31)}), _DAMAGED),
    bad("strip-of-4-gigabytes.tif", lambda: make_tiff({279: (4, 1, 2**32 - 1)}), READS),
    bad("a-billion-strips.tif", lambda: make_tiff({273: (4, 2**30, 8), 279: (4, 2**30, 8)}), _DAMAGED),
    bad("deflate-bomb.tif", lambda: make_tiff({259: (3, 1, 8)}, zeros(200 * 2**20)), READS),
    bad("5000-x-5000.tif", lambda: make_tiff({256: (4, 1, 5000), 257: (4, 1, 5000), 278: (4, 1, 5000),
        259: (3, 1, 8)}, zeros(25_000_000)), READS),
    bad("strip-of-64-bit.tif", lambda: make_tiff({258: (3, 1, 64)}), Problem.PIXEL_KIND),
    bad("huge-tile.tif", lambda: make_tiff({322: (4, 1, 65_520), 323: (4, 1, 65_520), 324: (4, 1, 8),
        325: (4, 1, 64), 259: (3, 1, 8)}), _DAMAGED),
    bad("1000-channels.tif", lambda: make_tiff({277: (3, 1, 1000)}), _DAMAGED),
    bad("no-depth.tif", lambda: make_tiff({258: (3, 1, 0)}), _DAMAGED),
    bad("unknown-compression.tif", lambda: make_tiff({259: (3, 1, 9999)}), _DAMAGED),
    bad("palette-missing.tif", lambda: make_tiff({262: (3, 1, 3)}), _DAMAGED),
    bad("floats.tif", lambda: encode(Image.new("F", (8, 8)), "TIFF"), READS),
    bad("32-bit.tif", lambda: encode(Image.new("I", (8, 8), 2**20), "TIFF"), Problem.VALUES_OUT_OF_RANGE),
    bad("big.tif", b"II+\x00\x08\x00\x00\x00" + b"\xff" * 8, _DAMAGED),
)  # fmt: skip

OTHERS: tuple[BadFile, ...] = (
    bad("header-only.bmp", b"BM", _DAMAGED),
    bad("65000-x-65000.bmp", lambda: make_bmp(65_000, 65_000), _TOO_MANY),
    bad("upside-down.bmp", lambda: make_bmp(8, -8), READS),
    bad("negative-columns.bmp", lambda: make_bmp(-8, 8), _TOO_MANY),
    bad("most-negative-rows.bmp", lambda: make_bmp(8, -(2**31)), _TOO_MANY),
    bad("no-columns.bmp", lambda: make_bmp(0, 8), _DAMAGED),
    bad("no-depth.bmp", lambda: make_bmp(8, 8, depth=0), _DAMAGED),
    bad("cut.bmp", lambda: make_bmp(64, 64), _DAMAGED),
    bad("run-lengths-run-over.bmp", lambda: make_bmp(8, 8, compression=1, pixels=b"\xff\x01" * 5000), _DAMAGED),
    bad("run-lengths-bomb.bmp", lambda: make_bmp(5000, 5000, compression=1, pixels=b"\xff\x01" * 100_000), ""),
    bad("header-of-4-gigabytes.bmp", lambda: changed(make_bmp(8, 8), 14, 255, 255, 255, 255), _DAMAGED),
    bad("cut.webp", lambda: encode(picture(), "WEBP")[:50], _DAMAGED),
    bad("16384-x-16384.webp", lambda: make_webp(16_384, 16_384), _TOO_MANY),
    bad("300-frames.webp", lambda: animation("WEBP", 300), _SEVERAL),
    bad("page.png", b"<!DOCTYPE html><html><script>alert(1)</script></html>", _UNKNOWN),
    bad("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", _UNKNOWN),
    bad("program.png", b"\x7fELF" + bytes(2000), Problem.UNSUPPORTED_FORMAT),
    bad("pickle.png", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.", _UNKNOWN),
    bad("array.npy", b"\x93NUMPY\x01\x00" + bytes(2000), _UNKNOWN),
    bad("text.png", "a brain\n".encode("utf-16"), _UNKNOWN),
    bad("zeros.png", lambda: bytes(2**20), _UNKNOWN),
    bad("noise.png", lambda: np.random.default_rng(1).bytes(10_000), _UNKNOWN),
    bad("postscript.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", _UNKNOWN),
    bad("animation.png", b"GIF89a" + bytes(500), _DAMAGED),
    bad("paper.png", b"%PDF-1.7\n" + bytes(500), Problem.UNSUPPORTED_FORMAT),
    bad("phone.jpg", b"\x00\x00\x00\x18ftypheic" + bytes(500), _DAMAGED),
    bad("archive.png", b"Rar!\x1a\x07\x01\x00" + bytes(500), Problem.UNSUPPORTED_FORMAT),
    bad("archive.7z", b"7z\xbc\xaf\x27\x1c" + bytes(500), Problem.UNSUPPORTED_FORMAT),
    bad("pointer.png", b"version https://git-lfs.github.com/spec/v1\n", Problem.UNSUPPORTED_FORMAT),
    bad("bitmap.png", lambda: make_bmp(8, 8), READS),
    bad("really-a-picture.dcm", png_bytes, READS),
    bad("65-megabytes.png", lambda: png_bytes() + bytes(65 * 2**20), Problem.TOO_LARGE),
)
