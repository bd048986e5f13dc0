"""What a card tells of a network's training: licence, sources, recipe, data, and how the gate was measured."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brain_tumor.presentation.wording import NOTICE
from brain_tumor_training.decision_file import Decision
from brain_tumor_training.examples import ANY_TUMOR, Example
from brain_tumor_training.run_folder import read_list, read_rows, read_settings
from brain_tumor_training.splits import TEST, SplitRow
from brain_tumor_training.terms import describe_terms

# Of the SHA-256 of each image that trained or validated: among a million others, one in 280 sets has a false hit.
SEEN_DIGITS = 12


def find_seen(about: Mapping[str, Any], data: Path, paths: Sequence[str]) -> set[str] | None:
    """The images that trained or validated a model, by their content; None where its card does not say.

    Args:
        about: the part ``about`` of its card.
        data: the folder of the images.
        paths: of the images in question, below data.
    """
    text = about.get("training_data", {}).get("seen")
    if not text:
        return None
    known = {text[start : start + SEEN_DIGITS] for start in range(0, len(text), SEEN_DIGITS)}
    return {path for path in paths if hashlib.sha256((data / path).read_bytes()).hexdigest()[:SEEN_DIGITS] in known}


def describe_training(run: Path, data: Path, decision: Decision, licence: str, terms: Path | None) -> dict[str, Any]:
    """The part ``about`` of a card.

    Args:
        run: a run folder that fit_decision has been in.
        data: the folder that it was trained on.
        decision: of that run.
        licence: the file's own terms.
        terms: as for describe_terms; of a run without a training list nothing is taken.

    Raises:
        DatasetError: a source has no terms.
    """
    trained: set[str] = set()
    rows: Sequence[SplitRow | Example] = read_rows(run)
    if examples := read_list(run):
        rows = examples  # tumors of unknown type, too
        trained = {example.source for example in examples if example.split != TEST}
    used = sorted((row.path, row.label.slug if row.label else ANY_TUMOR, row.split) for row in rows)
    counts = Counter(f"{part}/{label}" for _, label, part in used)
    fingerprint, seen = hashlib.sha256(), set()
    for path, label, part in used:
        content = hashlib.sha256((data / path).read_bytes()).hexdigest()
        fingerprint.update(f"{content} {label} {part}\n".encode())
        if part != TEST:
            seen.add(content[:SEEN_DIGITS])
    return {
        "licence": licence,
        **describe_terms(trained, decision.gate_rates, terms if trained else None),
        "notice": NOTICE,
        "training": read_settings(run),
        "training_data": {
            "sha256": fingerprint.hexdigest(),
            "images": dict(sorted(counts.items())),
            "seen": "".join(sorted(seen)),
        },
        "gate_rates": decision.gate_rates,
        "reference": decision.reference,
        "doubt": decision.coverage,
        "metrics": {"keras": json.loads((run / "metrics.json").read_text(encoding="utf-8"))},
    }
