"""What is known of a run, so that its answers can be had again: no path, no host and no person is named."""

import platform
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from brain_tumor.model.card import Card
from brain_tumor.prediction.run_summary import RunSummary

# What reads images, runs the network, or writes tables.
_LIBRARIES = (
    "brain-tumor-mri numpy pillow pydicom python-gdcm pylibjpeg-openjpeg nibabel "
    "ai-edge-litert openvino highdicom pyarrow"
).split()


def to_manifest(card: Card, engine: str, threads: int | None, summary: RunSummary) -> dict[str, Any]:
    """The content of a table's NAME.run.json beside the options.

    Args:
        card: of the model that answered.
        engine: as it was asked for.
        threads: as they were asked for; None where the program chose.
        summary: of the run, which ends now.
    """
    finished = datetime.now(UTC)
    started = finished - timedelta(seconds=summary.elapsed_s)
    return {
        "model": {"id": card.model_id, "sha256": card.flatbuffer_sha256, "created": card.created},
        "engine": engine,
        "threads": threads,
        "versions": {"python": platform.python_version(), **_find_versions()},
        "machine": f"{platform.system()} {platform.machine()}",
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "elapsed_s": round(summary.elapsed_s, 3),
        "counts": summary.to_counts(),
    }


def _find_versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # of an extra that is not installed
    return found
