"""docs/outputs.md names every column, in its order."""

import re
from pathlib import Path

from brain_tumor.labels import LABELS
from brain_tumor.tables.dicom_ids import study_columns
from brain_tumor.tables.rows import slice_columns
from brain_tumor.tables.series_rows import series_columns

PAGE = (Path(__file__).parents[1] / "docs" / "outputs.md").read_text(encoding="utf-8")


def columns_of(heading: str) -> list[str]:
    section = PAGE.partition(f"## {heading}")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return re.findall("`([a-z0-9_]+)`", " ".join(cells))


def test_the_page_lists_the_columns_of_slices_of_series_and_of_studies() -> None:
    assert columns_of("One row per slice") == list(slice_columns(LABELS, with_ids=True))
    assert columns_of("One row per series") == list(series_columns(LABELS, with_ids=True))
    assert columns_of("One row per study") == list(study_columns(LABELS))
