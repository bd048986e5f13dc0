"""The files of a series in, its DICOM results out: what `brain-tumor predict --dicom-out` makes of them."""

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from brain_tumor.classifier import Classifier
from brain_tumor.decision.series import decide_series
from brain_tumor.dicom_out.findings import FindingsDraft, SeriesFindings
from brain_tumor.dicom_out.identity import MANUFACTURER
from brain_tumor.dicom_out.results import to_dicom_results, to_file_content
from brain_tumor.input.dicom_identity import Identity
from brain_tumor.input.files import open_paths
from brain_tumor.input.series import Series


class SeriesAnswerer:
    """Answers series with one classifier, one after the other."""

    def __init__(self, classifier: Classifier, with_heat_map: bool = False) -> None:
        """Take a classifier; with_heat_map: also make segmentations."""
        self._classifier, self._with_heat_map = classifier, with_heat_map

    def __call__(self, files: Sequence[Path], stop: threading.Event) -> list[bytes] | None:
        """Answer the images of one DICOM series.

        Args:
            files: of the images.
            stop: ends the work after the next slice, once it is set.

        Returns:
            Whole DICOM files, for each orientation of its slices a report and a capture; None where it was stopped.

        Raises:
            ScanError: no object can refer to the images.
        """
        results: list[bytes] = []
        made: set[str] = set()
        for series in open_paths(map(str, files)):
            if not series.is_answered:  # phase images and maps, which radiologists do not read as brains
                continue
            findings = self._answer(series, stop)
            if findings is None:
                return None
            if findings.verdict or findings.slices[0].verdict:
                results += self._make(findings, made)
        return results

    def _answer(self, series: Series, stop: threading.Event) -> SeriesFindings | None:
        draft, found = FindingsDraft(), []
        with closing(self._classifier.classify_many(series.slices)) as outcomes:
            for outcome in outcomes:
                if stop.is_set():
                    return None
                draft.add(outcome)
                found.append(outcome.result.to_finding(outcome.slice.position_mm) if outcome.result else None)
        return draft.finish(
            series, decide_series(found, self._classifier.card.rules.classes) if series.is_stack else None
        )

    def _make(self, findings: SeriesFindings, made: set[str]) -> list[bytes]:
        card, part = self._classifier.card, 1
        while results := to_dicom_results(findings, card, with_heat_map=self._with_heat_map, part=part):
            if results[0].SOPInstanceUID not in made:
                break
            part += 1
        made.update(str(result.SOPInstanceUID) for result in results)
        return [to_file_content(result) for result in results]


def is_own(identity: Identity) -> bool:
    """Whether this program made an object."""
    return identity.manufacturer == MANUFACTURER
