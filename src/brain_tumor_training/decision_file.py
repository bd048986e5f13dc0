"""decision.json of a run folder: the numbers that a decision needs, and how they came about."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError

_FILE = "decision.json"


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that ``fit-decision`` found out."""

    temperature: float
    min_probability: float
    min_margin: float
    max_chroma: float
    gate_weights: tuple[float, ...]  # on the L2-normalised ``average`` of the backbone
    gate_bias: float
    min_gate_score: float  # log-odds
    min_location: float | None  # 0 to 1; None where the network has no location head
    min_sure_gate_score: float  # log-odds; a lower one is uncertain
    min_familiarity: float  # of familiarity.Familiarity; a lower one is uncertain
    min_no_tumor: float | None  # 0 to 1; None where no images of sources that trained nothing were given
    min_tumor: float | None  # 0 to 1, of all tumor classes together; None as before
    # What the thresholds leave on those images: source and label -> images, sure, sure and wrong.
    coverage: dict[str, Any]
    gate_rates: dict[str, Any]  # family -> part -> images, accepted
    reference: dict[str, Any]  # how validation images score, for brain_tumor.fit_check to compare others with


def read_decision(run: Path) -> Decision:
    """Load what write_decision saved; raises DatasetError when fit-decision has not run."""
    path = run / _FILE
    if not path.exists():
        raise DatasetError(f"{run}: has no {_FILE}; run brain-tumor-train fit-decision first")
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Decision(**{**fields, "gate_weights": tuple(fields["gate_weights"])})


def write_decision(decision: Decision, run: Path) -> None:
    """Save it in a run folder."""
    write_whole(run / _FILE, f"{json.dumps(asdict(decision), indent=1)}\n".encode())
