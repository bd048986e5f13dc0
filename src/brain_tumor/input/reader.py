"""Bytes in, one Scan out: the bytes decide the format, the name only appears in messages."""

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import Format, Kind, max_bytes
from brain_tumor.input.matlab import read_matlab
from brain_tumor.input.nifti import to_header_name
from brain_tumor.input.raster import read_raster
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import ReadOptions, Slice
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.tiff_stack import open_tiff
from brain_tumor.input.unpacked import unpacked_source
from brain_tumor.input.volume_file import open_volume
from brain_tumor.problems import Problem


def check_size(data: bytes, name: str, found: Format | None) -> None:
    """Refuse a file by its size.

    Raises:
        ScanError: it is empty, or larger than its format may be.
    """
    if not data:
        raise ScanError(name, Problem.EMPTY)
    if len(data) > (limit := max_bytes(found)):
        raise ScanError(name, Problem.TOO_LARGE, limit_mib=limit // 2**20)


def read_scan(data: bytes, name: str, options: ReadOptions | None = None) -> Scan:
    """Read the content of a file that holds one image.

    Args:
        data: the whole file; of one that is too large, one byte more than allowed is enough; see formats.max_bytes.
        name: used in messages only.
        options: which window and plane, by default the file's own.

    Raises:
        ScanError: the file is empty, too large, of a format that is not read, damaged, or holds several slices.
    """
    return read_source(SourceFile(name, lambda: data), options or ReadOptions())


def read_source(file: SourceFile, options: ReadOptions) -> Scan:
    """As read_scan; the voxels of a volume in two files are looked for beside its header."""
    found, data, name = file.find_format(), file.content(), file.name
    check_size(data, name, found)
    if found is None and (header := to_header_name(name)):
        raise ScanError(name, Problem.HEADER_MISSING, found=header)
    if found is None or found.name == "text":
        raise ScanError(name, Problem.UNKNOWN_FORMAT)
    if found.kind is Kind.PACKED:
        return read_source(unpacked_source(file), options)
    if found.kind is Kind.RASTER:
        return read_raster(data, name, found.name)
    if found.kind is Kind.MATLAB:
        return read_matlab(data, name, found.name, options.window)
    slices = _list_slices(file, data, found, options)
    if len(slices) != 1:
        raise ScanError(name, Problem.SEVERAL_SLICES, found=len(slices))
    return slices[0].read()


def _list_slices(file: SourceFile, data: bytes, found: Format, options: ReadOptions) -> tuple[Slice, ...]:
    name = file.name
    if found.kind is Kind.DICOM:
        from brain_tumor.input.dicom import list_slices, read_header  # pydicom is slow to import

        return list_slices(lambda: data, read_header(data, name), name, options)
    if found.kind is Kind.PAGES:
        return open_tiff(file).slices
    if found.kind is Kind.VOLUME:
        return next(open_volume(file, options)).slices
    if found.kind is Kind.ARCHIVE:
        raise ScanError(name, Problem.ARCHIVE)
    raise ScanError(name, Problem.UNSUPPORTED_FORMAT, kind=found.name)
