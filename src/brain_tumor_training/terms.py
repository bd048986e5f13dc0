"""Where the images behind a network come from, and under which terms, for the card of its file."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from brain_tumor.csv_reader import read_csv
from brain_tumor.errors import DatasetError
from brain_tumor_training.drawn_negatives import DRAWN
from brain_tumor_training.training_list import OF_OTHER_LESIONS

_KEPT = ("shows", "origin", "terms")

Terms = dict[str, dict[str, str]]  # source or kind of images -> shows, origin, terms


def describe_terms(
    trained: Collection[str], gate_rates: Mapping[str, Mapping[str, Any]], terms: Path | None
) -> dict[str, Terms]:
    """The parts ``sources`` and ``gate_sources`` of a card's ``about``.

    Args:
        trained: the sources that trained or validated the network.
        gate_rates: of a Decision. What the gate was fitted on besides these sources has terms of its own. Pictures that
            fit-decision draws by itself have none.
        terms: CSV with the columns source, shows, origin and terms; both parts are empty without.

    Raises:
        DatasetError: the CSV cannot be read, or lacks one of them.
    """
    fitted = {name.removesuffix(OF_OTHER_LESIONS) for name, rates in gate_rates.items() if rates["seen_in_fit"]}
    return {
        "sources": _read_terms(trained, terms),
        "gate_sources": _read_terms(fitted.difference(trained, DRAWN), terms),
    }


def _read_terms(sources: Collection[str], terms: Path | None) -> Terms:
    if terms is None:
        return {}
    rows = read_csv(terms, ("source", *_KEPT), "--terms")
    known = {row["source"]: {column: row[column] for column in _KEPT} for row in rows}
    if missing := sorted(set(sources) - known.keys()):
        raise DatasetError(
            f"{terms}: says nothing of {', '.join(missing)}; add a row for each source that trained the network or "
            "its gate"
        )
    return {name: known[name] for name in sorted(sources)}
