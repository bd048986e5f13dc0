"""Slices that belong together: what a file, an archive or a folder of DICOM files holds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from brain_tumor.errors import ScanError
from brain_tumor.input.scan import Scan
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.input.source_file import refuse
from brain_tumor.problems import Problem

ALL_VOLUMES: Final = "all"


class Plane(StrEnum):
    """The three planes of the body that slices are cut along."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


class WindowMode(StrEnum):
    """Which stored values of DICOM and NIfTI files become black and white."""

    # The file's own VOI LUT or window where it fits the values of the series, else ROBUST of the whole series; without
    # one, as FULL, of volumes as ROBUST.
    FILE = "file"
    STORED = "stored"  # as FILE, whether it fits or not
    FULL = "full"  # the smallest and the largest value
    ROBUST = "robust"  # the 1st and the 99th percentile


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a person may choose where a file can be read in several ways."""

    plane: Plane | None = None  # of volumes; None: the plane they were acquired in
    window: WindowMode = WindowMode.FILE
    include_derived: bool = False  # whether phase images, maps and other kinds that are not answered are, all the same
    # Of a file of several volumes, which one, counted from 1; None: the first that is not blank.
    volume: int | Literal["all"] | None = None

    def answers(self, kind: SeriesKind | None, has_original: bool = False) -> bool:
        """Whether the network is asked about images of a kind.

        Args:
            kind: None where nobody knows; then it is asked.
            has_original: whether the images that a derived one may come from stand beside it.
        """
        if kind is None or self.include_derived:
            return True
        return kind.is_answered and not (kind is SeriesKind.DERIVED and has_original)


@dataclass(frozen=True, slots=True)
class DicomReference:
    """How other DICOM objects refer to a slice; an identifier is None where the file has none that is one."""

    study_uid: str | None
    series_uid: str | None
    sop_instance_uid: str | None
    sop_class_uid: str | None
    frame: int | None  # counted from 1 within the file; None for a file of one frame

    @property
    def is_whole(self) -> bool:
        """Whether an object can refer to the slice: all four identifiers are there."""
        return None not in (self.study_uid, self.series_uid, self.sop_instance_uid, self.sop_class_uid)


class SliceReference(Protocol):
    """What reads a slice in any process: slice_ref.SliceRef."""

    def read(self) -> Scan:
        """As Slice.read."""

    def content(self) -> bytes:
        """As Slice.content."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One slice that can be read: cheap to hold, its pixels come when they are asked for."""

    file: str  # path or name as given; of a file in an archive, "archive.zip/inner/path"
    number: int | None  # counted from 1 within the file; None for a file of one slice
    read: Callable[[], Scan]  # raises ScanError; the same call always gives the same pixels
    position_mm: float | None = None  # along the normal of the plane; None where unknown
    dicom: DicomReference | None = None  # None for other formats
    content: Callable[[], bytes] | None = None  # of a DICOM file, whole, as read() reads it; None for other formats
    ref: "SliceReference | None" = None  # with it, another process gets this slice in under a kilobyte

    def __reduce__(self) -> tuple[Any, ...]:
        """A slice is sent to another process by its reference, without what this process has opened for it."""
        read, content = self.read, self.content
        if self.ref is not None:
            read, content = self.ref.read, self.ref.content if content else None
        return Slice, (self.file, self.number, read, self.position_mm, self.dicom, content, self.ref)

    @property
    def name(self) -> str:
        """How messages and answers call it."""
        return self.file if self.number is None else f"{self.file} slice {self.number}"


@dataclass(frozen=True, slots=True)
class SeriesAbout:
    """What the scanner calls a series: technical terms, never a person's name; None where the file does not say."""

    description: str | None = None
    number: int | None = None
    protocol: str | None = None
    sequence: str | None = None


NOTHING_KNOWN = SeriesAbout()


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Slices in the order of their position; a single image is a series of one."""

    name: str  # of the file, or of the folder or archive with a number where that holds several
    slices: tuple[Slice, ...]
    plane: Plane | None = None  # of the slices; None where unknown
    kind: SeriesKind | None = None  # of MR images; None of other modalities and formats
    is_answered: bool = True  # False: its kind is not asked of the network, and read() of its slices says so
    about: SeriesAbout = NOTHING_KNOWN
    # What tells it from other volumes of the same DICOM series: facts of dicom_facts.FrameFacts and their values.
    differs: tuple[tuple[str, str], ...] = ()
    duplicates: int = 0  # copies of its slices that were left out
    volume: int | None = None  # which of its file's, counted from 1; None where it holds one

    @property
    def is_stack(self) -> bool:
        """Whether its slices say something together that one alone does not."""
        return len(self.slices) > 1


def leave_out(slice_: Slice, kind: SeriesKind | None) -> Slice:
    """The slice, whose read() says that images of its kind are not answered."""
    return replace(slice_, read=refuse(ScanError(slice_.name, Problem.NOT_ANSWERED, kind=kind)))
