"""DICOM objects as files in a folder of their own."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from brain_tumor.atomic_write import NewFolder
from brain_tumor.dicom_out.findings import SeriesFindings
from brain_tumor.dicom_out.results import require_dicom_library, to_dicom_results, to_file_content
from brain_tumor.errors import ScanError
from brain_tumor.model.card import Card
from brain_tumor.presentation.wording import render_count

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_KINDS = {"SR": "structured report", "OT": "secondary capture", "SEG": "heat map"}


class DicomFolder:
    """A new folder that is filled with ``SR.UID.dcm``, ``OT.UID.dcm`` and ``SEG.UID.dcm``, series by series."""

    def __init__(self, path: Path, with_heat_maps: bool, goes_on: bool = False) -> None:
        """Take a folder that is empty or not there yet.

        Args:
            path: of the folder.
            with_heat_maps: whether segmentations are written too.
            goes_on: as for NewFolder.

        Raises:
            BrainTumorError: another folder, where earlier objects would pass for this run's.
            MissingExtraError: highdicom is not installed.
        """
        self.path = path
        self._with_heat_maps = with_heat_maps
        self._written: Counter[str] = Counter()
        self._without = self._failed = 0
        self.files = 0  # that were written
        require_dicom_library()
        self._folder = NewFolder(path, "DICOM results", goes_on=goes_on)

    def write(self, findings: SeriesFindings, card: Card) -> bool:
        """Write the objects of one series or image, each file whole or not at all.

        Returns:
            False when they cannot be made, though the images have all that is needed.

        Raises:
            BrainTumorError: they cannot be written.
        """
        try:
            results = self._make(findings, card)
        except ScanError:
            self._failed += 1
            return False
        self._without += not results
        for dataset in results:
            self._folder.write(self._to_path(dataset.Modality, dataset.SOPInstanceUID), to_file_content(dataset))
            self._written[dataset.Modality] += 1
            self.files += 1
        return True

    def merge(self, other: "DicomFolder") -> None:
        """Count what another process wrote for the same run."""
        self._written += other._written
        self._without += other._without
        self._failed += other._failed
        self.files += other.files

    def summary(self) -> str:
        """What was written and where, and how many inputs have no objects, in a sentence or two."""
        counts = ", ".join(
            render_count(count, words) for kind, words in _KINDS.items() if (count := self._written[kind])
        )
        said = f"DICOM results written to {self.path}: {counts}." if counts else "No DICOM results written."
        if self._without:
            subject = "1 image or series has" if self._without == 1 else f"{self._without:,} images or series have"
            said += f" {subject} none: no DICOM files, or without the identifiers that an object needs."
        if self._failed:
            said += (
                f" Of {self._failed:,} the files cannot be read any more, or hold values that no object can take over."
            )
        return said

    def _make(self, findings: SeriesFindings, card: Card) -> "list[Dataset]":
        part = 1
        # Images of one series may lie in several folders, which are answered one by one.
        while results := to_dicom_results(findings, card, with_heat_map=self._with_heat_maps, part=part):
            if not self._to_path(results[0].Modality, results[0].SOPInstanceUID).exists():
                break
            part += 1
        return results

    def _to_path(self, modality: str, uid: str) -> Path:
        return self.path / f"{modality}.{uid}.dcm"
