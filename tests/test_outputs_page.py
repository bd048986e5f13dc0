"""docs/outputs.md names every column, in its order."""

import re
from pathlib import Path

from brain_tumor.tables.rows import COLUMNS
from brain_tumor.tables.series_rows import SERIES_COLUMNS

PAGE = (Path(__file__).parents[1] / "docs" / "outputs.md").read_text(encoding="utf-8")


def columns_of(heading: str) -> list[str]:
    section = PAGE.partition(f"## {heading}")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return re.findall("`([a-z0-9_]+)`", " ".join(cells))


def test_the_page_lists_the_columns_of_slices_and_of_series() -> None:
    assert columns_of("One row per slice") == list(COLUMNS)
    assert columns_of("One row per series") == list(SERIES_COLUMNS)
