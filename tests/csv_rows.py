"""Tables that the program has written, as people read them."""

import csv
from pathlib import Path


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with Path(path).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
