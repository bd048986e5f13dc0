"""Folders of files beside the tables, heat maps, reports and DICOM results: of a whole run, or of one block of it."""

import argparse
import os
import platform
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from brain_tumor.dicom_out.folder import DicomFolder
from brain_tumor.errors import BrainTumorError
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH
from brain_tumor.presentation.report.folder import ReportFolder
from brain_tumor.presentation.report.render import ReportFormat

_BLOCK = re.compile(r"[0-9a-f]{24}")
_EARLIER = "earlier"


@dataclass(frozen=True, slots=True)
class FileFolders:
    """The folders that a run or a block fills; None where nothing of the kind is wanted."""

    maps: MapFolder | None = None
    reports: ReportFolder | None = None
    dicom: DicomFolder | None = None

    def merge(self, other: "FileFolders") -> None:
        """Count what another process wrote for this run."""
        if self.maps and other.maps:
            self.maps.merge(other.maps)
        if self.reports and other.reports:
            self.reports.merge(other.reports)
        if self.dicom and other.dicom:
            self.dicom.merge(other.dicom)


NO_FOLDERS = FileFolders()


@dataclass(frozen=True, slots=True)
class WantedFiles:
    """Which files a person asked for, and where; small, for it is sent to other processes."""

    maps: Path | None = None
    strength: float = DEFAULT_STRENGTH
    reports: Path | None = None
    formats: tuple[ReportFormat, ...] = (ReportFormat.HTML,)
    show_names: bool = False
    dicom: Path | None = None
    with_segmentations: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those that are wanted."""
        return tuple(path for path in (self.maps, self.reports, self.dicom) if path)

    def open(self, block: str = "", goes_on: bool = False) -> FileFolders:
        """The folders, which are new or empty.

        Args:
            block: that the files are of; names in tables begin with it.
            goes_on: whether they may hold files of an earlier run.

        Raises:
            BrainTumorError: one of them is something else.
            MissingExtraError: what writes the files is not installed.
        """
        return FileFolders(
            MapFolder(self.maps, self.strength, block, goes_on) if self.maps else None,
            ReportFolder(self.reports, self.formats, self.show_names, block, goes_on) if self.reports else None,
            DicomFolder(self.dicom, self.with_segmentations, goes_on) if self.dicom else None,
        )

    def absolute(self) -> "WantedFiles":
        """The same, for processes that began in another folder."""
        maps, reports, dicom = (path and path.absolute() for path in (self.maps, self.reports, self.dicom))
        return replace(self, maps=maps, reports=reports, dicom=dicom)

    def describe(self) -> dict[str, str]:
        """In words, by their names: what a run that goes on must not change."""
        found = {}
        if self.maps:
            found["heat maps"] = f"in {self.maps}, strength {self.strength:g}"
        if self.reports:
            names = "named as their files" if self.show_names else "numbered"
            found["reports"] = f"in {self.reports}, {' and '.join(self.formats)}, {names}"
        if self.dicom:
            found["DICOM results"] = f"in {self.dicom}{', with segmentations' * self.with_segmentations}"
        return found


NO_FILES = WantedFiles()


def to_wanted_files(arguments: argparse.Namespace) -> WantedFiles:
    """What the command line asks for; raises BrainTumorError where arguments do not go together."""
    if arguments.dicom_seg and not arguments.dicom_out:
        raise BrainTumorError("--dicom-seg goes with --dicom-out; name its folder")
    formats = tuple(ReportFormat) if arguments.report_format == "both" else (ReportFormat(arguments.report_format),)
    return WantedFiles(
        arguments.heatmaps,
        arguments.heatmap_strength,
        arguments.report,
        formats,
        arguments.report_names,
        arguments.dicom_out,
        arguments.dicom_seg,
    )


@contextmanager
def open_block_folders(wanted: WantedFiles, key: str) -> Iterator[FileFolders]:
    """Folders for the files of one block, each a subfolder of that name; it is there once the block of code ends well.

    Args:
        wanted: with absolute paths.
        key: of the block.

    Raises:
        BrainTumorError, OSError: files cannot be written.
    """
    # A name of its own: a worker that was taken for dead may still write.
    name = f".{key}.{platform.node()}.{os.getpid()}.part"
    parts = {path / key: path / name for path in wanted.folders}
    inside = replace(
        wanted,
        maps=wanted.maps and wanted.maps / name,
        reports=wanted.reports and wanted.reports / name,
        dicom=wanted.dicom and wanted.dicom / name,
    )
    try:
        for part in parts.values():
            shutil.rmtree(part, ignore_errors=True)
        yield inside.open(key)
        for path, part in parts.items():
            # Of a process that ended before it entered the block's rows.
            shutil.rmtree(path, ignore_errors=True)
            if part.exists():
                part.replace(path)
    finally:
        for part in parts.values():
            shutil.rmtree(part, ignore_errors=True)


def set_aside(wanted: WantedFiles, keys: Collection[str]) -> None:
    """Move what earlier runs wrote for blocks that are no more to the subfolder earlier; drop what is unfinished.

    Args:
        wanted: of this run.
        keys: of its blocks.

    Raises:
        OSError: it cannot be moved.
    """
    for folder in wanted.folders:
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name.startswith(".") and path.name.endswith(".part"):
                shutil.rmtree(path, ignore_errors=True)
            elif _BLOCK.fullmatch(path.name) and path.name not in keys:
                (folder / _EARLIER).mkdir(exist_ok=True)
                shutil.rmtree(folder / _EARLIER / path.name, ignore_errors=True)
                path.replace(folder / _EARLIER / path.name)
