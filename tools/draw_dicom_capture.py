"""Draws the picture of docs/hospital.md again: ``python -m tools.draw_dicom_capture``.

A series is made of the samples, which show no patient, and answered by the shipped network; the picture is the
secondary capture that ``predict --dicom-out`` writes for it.
"""

import tempfile
from pathlib import Path

from PIL import Image

from brain_tumor import load_classifier
from brain_tumor.dicom_out.findings import to_findings
from brain_tumor.dicom_out.results import to_dicom_results
from tests.mr_series import sample_pixels, write_series

TARGET = Path(__file__).parents[1] / "docs" / "images" / "dicom-capture.webp"


def main() -> None:
    """Write TARGET."""
    healthy, lesion = sample_pixels("1-average-healthy-brain.png"), sample_pixels()
    classifier = load_classifier()
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder) / "series", [healthy, lesion, lesion, lesion, healthy])
        outcome = classifier.classify_series(str(Path(folder) / "series"))
        capture = to_dicom_results(to_findings(outcome), classifier.card)[1]
    Image.fromarray(capture.pixel_array).save(TARGET, "WEBP", quality=80, method=6)


if __name__ == "__main__":
    main()
