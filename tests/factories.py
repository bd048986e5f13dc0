"""Small inputs for tests, each with defaults that pass every check; a test states only what it is about."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from brain_tumor.classifier import Result
from brain_tumor.decision.location import find_location
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import Finding, SeriesVerdict, decide_series
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import Card, Golden, Rules
from brain_tumor.model.model_file import pack_model_file
from brain_tumor.model.output import ModelOutput
from brain_tumor.presentation.report.subject import ReportSeries, SeriesDraft

# Looks like a network to the container's checks; no interpreter can run it.
FLATBUFFER = b"\x1c\x00\x00\x00TFL3" + bytes(range(256))


def make_scan(pixels: FloatArray | None = None, chroma: float = 0.0) -> Scan:
    """A scan of 64 x 64 pixels, black on the left; the right is half as bright above as below, where it is white."""
    if pixels is None:
        pixels = np.zeros((64, 64), np.float32)
        pixels[:, 32:] = np.linspace(0.5, 1, 64, dtype=np.float32)[:, np.newaxis]  # one grey would be a mask
    return Scan(pixels, chroma, "PNG")


def make_output(
    probabilities: Sequence[float] = (0.7, 0.1, 0.1, 0.1),
    gate_score: float = 1.0,
    saliency: FloatArray | None = None,
    location: FloatArray | None = None,
    familiarity: float | None = None,
) -> ModelOutput:
    """What a network says of one image; by default one that computes no maps."""
    values = np.array(probabilities, np.float32)
    scores = [gate_score] if familiarity is None else [gate_score, familiarity]
    return ModelOutput(np.log(values), values, np.array(scores, np.float32), saliency, location)


def make_saliency() -> FloatArray:
    """2 x 2 cells, four classes: glioma at the upper left and half as much beside it, no tumor at the lower right."""
    saliency = np.zeros((2, 2, 4), np.float32)
    saliency[0, :, 0] = 8.0, 4.0
    saliency[1, 1, 2] = 5.0
    return saliency


def make_location(peak: float = 0.8) -> FloatArray:
    """4 x 4 cells: a tumor in the second row's third and fourth, nothing elsewhere."""
    location = np.zeros((4, 4), np.float32)
    location[1, 2:] = peak
    return location


def make_rules(**changes: Any) -> Rules:
    """Rules that accept make_scan() and make_output()."""
    return Rules(
        **{
            "order": LABELS,
            "min_gate_score": 0.0,
            "max_chroma": 0.1,
            "min_probability": 0.5,
            "min_margin": 0.1,
            **changes,
        }
    )


def make_result(
    verdict: Verdict | None = None,
    name: str = "slice.png",
    probabilities: Sequence[float] = (0.7, 0.1, 0.1, 0.1),
    saliency: FloatArray | None = None,
    location: FloatArray | None = None,
) -> Result:
    """An answer; by default a classified glioma without maps. A location map shows its tumor from 0.5 on."""
    verdict = verdict or Verdict(Label.GLIOMA, Status.CLASSIFIED, None)
    output = make_output(probabilities, saliency=saliency, location=location)
    found = find_location(output, make_rules(min_location=0.5)) if verdict.names_tumor else None
    return Result(name, make_scan(), output, verdict, LABELS, "test-1", found)


def make_mapped_result(
    verdict: Verdict | None = None,
    name: str = "slice.png",
    peak: float = 0.8,
    probabilities: Sequence[float] = (0.7, 0.1, 0.1, 0.1),
) -> Result:
    """An answer with both maps; a tumor is located where the peak is at least 0.5 and the verdict names one."""
    return make_result(verdict, name, probabilities, make_saliency(), make_location(peak))


def make_card(flatbuffer: bytes = FLATBUFFER, **changes: Any) -> Card:
    """A card that fits a flatbuffer."""
    return Card(
        **{
            "model_id": "test-1",
            "created": "2026-01-31",
            "flatbuffer_sha256": hashlib.sha256(flatbuffer).hexdigest(),
            "flatbuffer_bytes": len(flatbuffer),
            "input": InputContract(),
            "outputs": {"probabilities": "(1, 4)"},
            "temperature": 1.5,
            "rules": make_rules(),
            "golden": Golden("golden.png", (0.25, 0.25, 0.25, 0.25), (1.0,), tolerance=0.05),
            "about": {"licence": "Apache-2.0"},
            **changes,
        }
    )


def make_model_bytes(flatbuffer: bytes = FLATBUFFER, **changes: Any) -> bytes:
    """A whole, sealed model file; changes: fields of its card."""
    return pack_model_file(flatbuffer, make_card(flatbuffer, **changes), png_bytes())


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """The image as a file's content."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_bytes(side: int = 64) -> bytes:
    """A grey PNG, dark at the upper left and light at the lower right."""
    ramp = np.linspace(0, 255, side * side).reshape(side, side)
    return encode(Image.fromarray(ramp.astype(np.uint8)), "PNG")


def _add_all(answers: Iterable[tuple[Result | None, float]]) -> tuple[SeriesDraft, SeriesVerdict]:
    draft, findings = SeriesDraft(), list[Finding | None]()
    for result, position_mm in answers:
        draft.add(result, position_mm)
        findings.append(result.to_finding(position_mm) if result else None)
    return draft, decide_series(findings)


def make_draft(
    slices: int, tumors: Sequence[int] = (), unreadable: Sequence[int] = ()
) -> tuple[SeriesDraft, SeriesVerdict]:
    """Slices 2 mm apart, No Tumor but for the indices named, which count from 0; the first is no brain MRI."""

    def answer(index: int) -> Result:
        if index in tumors:
            verdict, probabilities = Verdict(Label.GLIOMA, Status.CLASSIFIED, None), (0.9, 0.04, 0.03, 0.03)
        elif index == 0:
            verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)
            probabilities = (0.97, 0.01, 0.01, 0.01)
        else:
            verdict, probabilities = Verdict(Label.NO_TUMOR, Status.CLASSIFIED, None), (0.05, 0.03, 0.9, 0.02)
        return make_mapped_result(verdict, "Doe^Jane.nii", probabilities=probabilities)

    return _add_all((None if index in unreadable else answer(index), 2.0 * index) for index in range(slices))


def make_report_series(
    slices: int,
    tumors: Sequence[int] = (),
    unreadable: Sequence[int] = (),
    number: int = 1,
    name: str | None = None,
) -> ReportSeries:
    """The same, decided, as a report takes it."""
    draft, verdict = make_draft(slices, tumors, unreadable)
    return draft.finish(number, verdict, name)


def make_crowded_series(name: str | None = None) -> ReportSeries:
    """300 slices among which everything occurs: all classes, doubt, no brain MRI, unreadable ones."""

    def answer(index: int) -> Result:
        status = Status.UNCERTAIN if index % 5 == 0 else Status.CLASSIFIED
        verdict = Verdict(list(LABELS)[index % 4], status, None)
        if index % 7 == 0:
            verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)
        # Suspicious slices with and without a tumor, so that both maps are explained.
        suspicion = (0.5, 0.3, 0.1, 0.1) if index in (1, 2, 3) else (0.02, 0.02, 0.94, 0.02)
        return make_mapped_result(verdict, probabilities=suspicion)

    draft, verdict = _add_all((None if index % 11 == 0 else answer(index), -1000.0 + index) for index in range(300))
    return draft.finish(1, verdict, name)


def make_metrics(sets: int = 1) -> dict[str, Any]:
    """What a card says of evaluations on as many sets of images."""
    share = {"value": 0.9, "low": 0.85, "high": 0.94, "hits": 180, "total": 200}
    return {
        f"set {number + 1}": {"accuracy": share, "uncertain": share, "not_analysed": share} for number in range(sets)
    }
