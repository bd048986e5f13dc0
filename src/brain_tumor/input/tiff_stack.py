"""TIFF files of several pages: one series, in the order of the pages."""

import threading
from collections.abc import Sequence
from functools import partial

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import MAX_STACK_BYTES
from brain_tumor.input.raster import check_pixels, read_raster, read_value_range
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import Series, Slice
from brain_tumor.input.source_file import SourceFile, refuse
from brain_tumor.input.tiff_pages import MAX_PAGES, Page, find_pages, with_first_page
from brain_tumor.problems import Problem


def open_tiff(file: SourceFile) -> Series:
    """A stack of pages of one size, each read when it is asked for; a file of one page is a series of one slice.

    Pages share one scale of grey: what is white is the same in all of them. Where the file is cut off, the last slice
    says so.

    Raises:
        ScanError: there are more than MAX_PAGES, they are larger than MAX_STACK_BYTES, or they differ in size.
    """
    with file.stream() as stream:
        if stream.seek(0, 2) > MAX_STACK_BYTES:
            raise ScanError(file.name, Problem.TOO_LARGE, limit_mib=MAX_STACK_BYTES // 2**20)
        chain = find_pages(stream)
    pages = chain.found
    if len(pages) < 2 and not chain.is_cut_off:
        read = partial(_read_page, file, pages[0]) if pages else partial(_read_single, file)
        return Series(file.name, (Slice(file.name, None, read),))
    if len(pages) > MAX_PAGES:
        raise ScanError(file.name, Problem.TOO_MANY_FRAMES, found=f"over {MAX_PAGES}", limit=MAX_PAGES)
    if len({(page.rows, page.columns) for page in pages}) > 1:
        raise ScanError(file.name, Problem.SEVERAL_FRAMES)
    check_pixels(pages[0].rows, pages[0].columns, file.name)
    stack = _Stack(file, pages)
    slices = [Slice(file.name, number, partial(stack.read, number - 1)) for number in range(1, len(pages) + 1)]
    if chain.is_cut_off:  # nobody knows how many pages are missing
        slices.append(Slice(file.name, len(pages) + 1, refuse(_missing_page(file.name))))
    return Series(file.name, tuple(slices))


def _missing_page(name: str) -> ScanError:
    return ScanError(name, Problem.DAMAGED, format="TIFF", found="its further pages are missing")


class _Stack:
    """Pages that are shown with one scale of grey."""

    def __init__(self, file: SourceFile, pages: Sequence[Page]) -> None:
        self._file, self._pages = file, pages
        self._lock = threading.Lock()
        self._is_known = False
        self._range: tuple[float, float] | None = None

    def read(self, index: int) -> Scan:
        data = self._file.content()
        with self._lock:
            if not self._is_known:
                self._range, self._is_known = self._find_range(data), True
        name = f"{self._file.name} slice {index + 1}"
        return read_raster(with_first_page(data, self._pages[index]), name, "TIFF", self._range, is_page=True)

    def _find_range(self, data: bytes) -> tuple[float, float] | None:
        """The smallest and largest value of all pages of deep or floating-point grey; None of others."""
        found = []
        for page in self._pages:
            try:
                found.append(read_value_range(with_first_page(data, page), self._file.name, "TIFF"))
            except ScanError:
                continue  # reading it will say why
        known = [item for item in found if item]
        return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _read_page(file: SourceFile, page: Page) -> Scan:
    return read_raster(with_first_page(file.content(), page), file.name, "TIFF", is_page=True)


def _read_single(file: SourceFile) -> Scan:
    return read_raster(file.content(), file.name, "TIFF")
