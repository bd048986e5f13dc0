"""Are two model files the same network, trained twice? From the reports of `brain-tumor evaluate` on the same images.

    python -m tools.compare_answers reports/official reports/rebuilt

Prints how far the answers lie apart; exit status 1 when that is further than the tolerance.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from brain_tumor.csv_reader import read_csv
from brain_tumor.evaluation.tables import PREDICTIONS

Row = Mapping[str, str]
# Threads add up in another order every time, so training again ends in another network. Chosen before the shipped file
# was first made again.
MAX_ACCURACY_GAP, MIN_SAME_CLASS, MIN_SAME_SIDE = 0.01, 0.97, 0.98


FIRST, SECOND = "accuracy, first", "accuracy, second"
SAME_CLASS, SAME_SIDE = "same class", "same side of the gate"


def compare(first: Mapping[str, Row], second: Mapping[str, Row]) -> dict[str, float]:
    """Shares, 0 to 1, and differences of probabilities.

    Args:
        first: rows of the first model's predictions.csv by file.
        second: those of the second.

    Raises:
        ValueError: they are not of the same images.
    """
    if first.keys() != second.keys() or not first:
        raise ValueError("the reports are of other images; evaluate both files on the same ones")
    pairs = [(row, second[file]) for file, row in first.items()]
    columns = [column for column in pairs[0][0] if column.startswith("p_")]
    distances = [max(abs(float(a[column]) - float(b[column])) for column in columns) for a, b in pairs]
    return {
        "images": len(pairs),
        FIRST: sum(a["class"] == a["label"] for a, _ in pairs) / len(pairs),
        SECOND: sum(b["class"] == b["label"] for _, b in pairs) / len(pairs),
        SAME_CLASS: sum(a["class"] == b["class"] for a, b in pairs) / len(pairs),
        SAME_SIDE: sum(_is_refused(a) == _is_refused(b) for a, b in pairs) / len(pairs),
        "largest difference of a probability, mean over images": sum(distances) / len(distances),
    }


def is_within_tolerance(compared: Mapping[str, float]) -> bool:
    """Whether this may be one network, trained twice.

    Args:
        compared: of compare().
    """
    return (
        abs(compared[FIRST] - compared[SECOND]) <= MAX_ACCURACY_GAP
        and compared[SAME_CLASS] >= MIN_SAME_CLASS
        and compared[SAME_SIDE] >= MIN_SAME_SIDE
    )


def _is_refused(row: Row) -> bool:
    return row["status"] == "not_a_brain_mri"


def read_answers(report: Path) -> dict[str, Row]:
    """The rows of a report's predictions.csv, by file."""
    return {row["file"]: row for row in read_csv(report / PREDICTIONS, ["file"])}


def main() -> int:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path, nargs=2, help="folders that brain-tumor evaluate --out wrote")
    first, second = parser.parse_args().reports
    compared = compare(read_answers(first), read_answers(second))
    for name, value in compared.items():
        print(f"{name:<56}{value:>10.4g}")
    within = is_within_tolerance(compared)
    print("within the tolerance" if within else "further apart than the tolerance")
    return 0 if within else 1


if __name__ == "__main__":
    raise SystemExit(main())
