"""Files in, the series they hold out: one image, a volume, DICOM files that belong together, or an archive of these."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from brain_tumor.errors import ScanError
from brain_tumor.input.archive import archives_last, list_members
from brain_tumor.input.formats import Kind
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.pairs import join_pairs
from brain_tumor.input.reader import check_size, read_source
from brain_tumor.input.series import ReadOptions, Series, Slice
from brain_tumor.input.source_file import SourceFile, refuse
from brain_tumor.input.tiff_stack import open_tiff
from brain_tumor.input.unpacked import unpacked_source
from brain_tumor.input.volume_file import open_volume

if TYPE_CHECKING:
    from brain_tumor.input import dicom_series


def open_series(files: Iterable[SourceFile], options: ReadOptions, left_out: LeftOut | None = None) -> Iterator[Series]:
    """The series that files hold, opened one after the other; docs/series.md has the rules.

    DICOM files of one frame come last, once all files were seen: those that share SeriesInstanceUID, study, patient,
    size and orientation are one series wherever they lie, in folders or archives, separated into its volumes. Until
    then their headers are held, a kilobyte or two each, and no pixels. All else comes in the order given, archives as
    list_members says, one at a time. A DICOM file of many frames is one series per orientation and volume.
    Names hold paths and numbers only: a series of several files is called after the folder that holds them all, one of
    several frames after its file, with "series N" where that holds several. A file that cannot be read is a series of
    one slice, whose read() raises the ScanError; so does a slice that is not answered (Problem.NOT_ANSWERED).
    """
    found: dicom_series.DicomFiles | None = None
    for file in unpack_archives(files, left_out):
        try:
            if not _is_dicom(file):
                yield from _open(file, options)
                continue
            if found is None:
                from brain_tumor.input.dicom_series import DicomFiles  # pydicom is slow, and most runs read no DICOM

                found = DicomFiles(options)
            data = file.content()
            check_size(data, file.name, file.find_format())
            opened = found.add(file, data)
        except ScanError as error:
            yield Series(file.name, (Slice(file.name, None, refuse(error)),))
            continue
        yield from opened
    if found is not None:
        yield from found.series()


def unpack_archives(files: Iterable[SourceFile], left_out: LeftOut | None = None) -> Iterator[SourceFile]:
    """The same files, archives replaced by what they hold; of the others, no more than the first bytes are read.

    Args:
        files: in the order in which they are wanted.
        left_out: counts what archives hold and is no image.
    """
    for file, is_archive in archives_last(join_pairs(files)):
        if is_archive:
            yield from map(_unpack, list_members(file, left_out))
        else:
            yield _unpack(file)


def _unpack(file: SourceFile) -> SourceFile:
    try:
        found = file.find_format()
    except ScanError:
        return file  # reading it will say why
    return unpacked_source(file) if found is not None and found.kind is Kind.PACKED else file


def _is_dicom(file: SourceFile) -> bool:
    found = file.find_format()
    return found is not None and found.kind is Kind.DICOM


def _open(file: SourceFile, options: ReadOptions) -> Iterable[Series]:
    found = file.find_format()
    if found is not None and found.kind is Kind.VOLUME:
        return open_volume(file, options)
    if found is not None and found.kind is Kind.PAGES:
        return [open_tiff(file)]
    return [Series(file.name, (Slice(file.name, None, partial(read_source, file, options)),))]
