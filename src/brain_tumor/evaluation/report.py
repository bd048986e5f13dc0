"""Evaluation -> the files of a report folder."""

import shutil
import tempfile
from pathlib import Path

from brain_tumor.atomic_write import write_whole
from brain_tumor.evaluation.corruptions import STRENGTHS
from brain_tumor.evaluation.figures import (
    Tile,
    render_calibration,
    render_confusion,
    render_errors,
    render_risk_coverage,
    render_robustness,
    render_roc,
    render_source_curves,
)
from brain_tumor.evaluation.run import Evaluation, Misclassification, load_thumbnail
from brain_tumor.evaluation.source_measures import measure_sources
from brain_tumor.evaluation.summary import render_html
from brain_tumor.evaluation.tables import (
    GATE_PREDICTIONS,
    PREDICTIONS,
    render_gate_predictions,
    render_json,
    render_predictions,
)
from brain_tumor.presentation.wording import format_percent

PAGE = "report.html"
# Five rows of four still print on one page; predictions.csv has the others.
_WORST_ERRORS = 20
# What fits below one tile of the sheet.
_TILE_CHARS = 28


def render_report(evaluation: Evaluation) -> dict[str, bytes]:
    """Every file of the report by name, the page last; reads the worst errors' images once more."""
    measures, calibration = evaluation.measures, evaluation.measures.calibration
    errors = evaluation.worst_errors(_WORST_ERRORS)
    pictures = {
        "confusion_matrix": render_confusion(measures.matrix, tuple(measures.classes)),
        "roc": render_roc(
            measures.curves,
            {label: item.auc for label, item in measures.classes.items()},
        ),
        "calibration": render_calibration(
            calibration.bins if calibration else (), calibration.error if calibration else None
        ),
    }
    if curve := measures.risk_coverage:
        pictures["risk_coverage"] = render_risk_coverage(curve)
    if robustness := evaluation.robustness:
        pictures["robustness"] = render_robustness(
            STRENGTHS,
            robustness.clean.macro_f1.value,
            {item.value: [step.macro_f1.value for step in steps] for item, steps in robustness.corrupted.items()},
        )
    sources = measure_sources(evaluation.source_results)
    judged = {item.source.name: item.risk_coverage for item in sources.brain_mri if item.risk_coverage}
    if judged:
        pictures["risk_coverage_of_sources"] = render_source_curves(judged)
    sheet = render_errors([_tile(error) for error in errors])
    shown = {name: ("image/svg+xml", picture.svg) for name, picture in pictures.items()}
    texts = {
        "evaluation.json": render_json(evaluation),
        PREDICTIONS: render_predictions(evaluation),
        "classification_report.txt": measures.report,
    }
    if evaluation.source_results:
        texts[GATE_PREDICTIONS] = render_gate_predictions(evaluation)
    page = render_html(evaluation, {**shown, "errors": ("image/png", sheet)}, errors)
    return {
        **{name: text.encode("utf-8") for name, text in texts.items()},
        **{f"{name}.png": picture.png for name, picture in pictures.items()},
        **{f"{name}.svg": picture.svg for name, picture in pictures.items()},
        "errors.png": sheet,
        PAGE: page.encode("utf-8"),
    }


def write_report(contents: dict[str, bytes], folder: Path) -> None:
    """Put the files into the folder, each of them whole or not at all; raises OSError.

    Other files of the folder stay. The files are complete in a folder beside it before the first one moves, and a
    program that is killed while they move leaves no file of the report before beside them.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that moving is a rename on the same file system.
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in contents.items():
            write_whole(unfinished / name, content)
        for name in contents:
            (folder / name).unlink(missing_ok=True)
        for name in contents:
            (unfinished / name).replace(folder / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _tile(error: Misclassification) -> Tile:
    confidence, name = error.answer.confidence, error.file.path.name
    said = "not analysed"
    if confidence is not None:
        said = f"named {error.answer.verdict.label}, {format_percent(confidence)}"
    short = name if len(name) <= _TILE_CHARS else f"...{name[3 - _TILE_CHARS :]}"
    return Tile(load_thumbnail(error.file), (f"true {error.label}", said, short))
