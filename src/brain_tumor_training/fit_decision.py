"""Fit the numbers a decision needs - temperature, doubt, gate - and measure the gate on images held back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor_training.decision_file import Decision, read_decision, write_decision
from brain_tumor_training.examples import read_examples
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.features import FeatureCache
from brain_tumor_training.gate_families import GateFamily, find_families, own_families
from brain_tumor_training.gate_fit import Gate, directions_of, fit_gate, to_directions, weighted_quantile
from brain_tumor_training.label_notes import find_note
from brain_tumor_training.network import build_head_logits, find_location_head, take_apart
from brain_tumor_training.pipeline import View, calibration_images, load_batches
from brain_tumor_training.recipes import Recipe
from brain_tumor_training.run_folder import load_network, read_classes, read_rows, read_run, read_seen, require_images
from brain_tumor_training.splits import TRAIN, VALIDATION, SplitRow
from brain_tumor_training.train import open_features
from brain_tumor_training.uncertainty import fit_on_unseen, fit_temperature, fit_uncertainty_threshold, to_probabilities

if TYPE_CHECKING:
    from brain_tumor_training.light_backbone import LightBackbone

# This share of the validation images of training sources counts as unfamiliar.
MAX_UNFAMILIAR = 0.02
# This share of the validation scans without a tumor may be called a tumor and show a location ...
MAX_HEALTHY_LOCATED = 0.02
# ... and below one in three a location says that there is none.
MIN_LOCATION = 0.33
# Screen captures of scans measure up to 0.04, colour photographs 0.1 and more (mean channel distance).
MAX_CHROMA = 0.1
_LOCATION_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A finished run, and what answers its images."""

    folder: Path
    data: Path
    notes: Mapping[str, str]
    families: Sequence[GateFamily]  # of its own images
    head: keras.Model
    features: FeatureCache
    classes: tuple[Label, ...]  # in the order of the network's outputs

    def logits(self, views: Sequence[View]) -> FloatArray:
        """(views, classes)."""
        maximum, _ = self.features.features(views)
        return np.asarray(build_head_logits(self.head).predict(maximum, verbose=0))

    def views(self, rows: Iterable[SplitRow]) -> list[View]:
        """The images of rows of the split, as they are."""
        return [View(self.data / row.path) for row in rows]

    def validation_rows(self) -> list[SplitRow]:
        """The validation rows without noted images."""
        return validation_rows(self.folder, self.notes)


def fit_decision(
    run: Path,
    data: Path,
    brain_mri: Sequence[Path],
    not_brain_mri: Sequence[Path],
    unseen: set[str],
    cache: Path,
    notes: Mapping[str, str] | None = None,
    further: Sequence[Path] = (),
    doubt: Path | None = None,
) -> Decision:
    """Fit on training images, choose thresholds on validation images, report on test images.

    Writes decision.json and familiarity.npz into the run folder.

    Args:
        run: a folder that fit() or finetune() filled.
        data: the folder that it was trained on.
        brain_mri: folders of further brain MRI with one subfolder per family.
        not_brain_mri: the same for other images.
        unseen: families that take no part in the fit and are only reported, none that the run was trained on.
        cache: the feature cache's folder.
        notes: images, as read_notes gives them, that are neither fitted nor chosen on, only reported.
        further: indexes as training_list.read_further reads them. Their images that are no brain MRI are families, and
            so are their lesions that are no tumor, of which brain MRI is made.
        doubt: a training list of images of sources that trained nothing, on which the thresholds of tumor and no tumor
            are chosen; or the folder of a run whose thresholds were chosen so, which are taken over. Without it there
            are none.

    Raises:
        DatasetError: the run is not finished, a folder or list cannot be used, or the images do not allow a fit.
    """
    notes = notes or {}
    own = own_families(run, data, notes)
    require_images(run, data, (view.path for family in own for view in family.views))
    families = find_families(own, brain_mri, not_brain_mri, unseen, notes, further)
    network = load_network(run)
    backbone, head = take_apart(network)
    fitted = _Run(run, data, notes, own, head, open_run_features(run, data, cache, backbone), read_classes(run))

    temperature, min_probability, min_margin = _fit_uncertainty(fitted)
    gate, rates = fit_gate(families, fitted.features)
    familiarity, min_familiarity = _fit_familiarity(fitted)
    min_location = fit_location(network, run, data, notes)
    min_no_tumor, min_tumor, coverage = _choose_on_unseen(fitted, doubt, temperature)
    decision = Decision(
        temperature=temperature,
        min_probability=min_probability,
        min_margin=min_margin,
        max_chroma=MAX_CHROMA,
        gate_weights=tuple(gate.coefficients.tolist()),
        gate_bias=gate.bias,
        min_gate_score=gate.threshold,
        min_location=min_location,
        min_sure_gate_score=gate.sure,
        min_familiarity=min_familiarity,
        min_no_tumor=min_no_tumor,
        min_tumor=min_tumor,
        coverage=coverage,
        gate_rates=rates,
        reference={},
    )
    decision = replace(decision, reference=_describe_validation(fitted, decision, gate, familiarity))
    familiarity.save(run)
    write_decision(decision, run)
    return decision


def validation_rows(run: Path, notes: Mapping[str, str]) -> list[SplitRow]:
    """The validation rows of a run without noted images."""
    return [row for row in read_rows(run) if row.split == VALIDATION and not find_note(row.path, notes)]


def fit_location(network: keras.Model, run: Path, data: Path, notes: Mapping[str, str]) -> float | None:
    """The threshold of the location map, chosen on validation scans without a tumor.

    Args:
        network: of the run.
        run: its folder.
        data: the folder that it was trained on.
        notes: as for fit_decision.

    Returns:
        MIN_LOCATION to 1; None for a network without a location head.
    """
    location_head = find_location_head(network)
    if location_head is None:
        return None
    rows = [row for row in validation_rows(run, notes) if not row.label.is_finding]
    if not rows:
        return MIN_LOCATION
    backbone, head = take_apart(network)
    maps = location_head(keras.ops.relu(backbone.output["detail"]))
    answers = keras.Model(backbone.input, [maps, head(backbone.output["maximum"])])
    views = [View(data / row.path) for row in rows]
    shown = []
    for batch in load_batches(views, read_run(run)[0].input, _LOCATION_BATCH):
        found, classes = (np.asarray(output) for output in answers.predict_on_batch(batch))
        # Where no tumor is named no location is shown, however high the map.
        names_tumor = np.array([label.is_finding for label in read_classes(run)])[classes.argmax(axis=1)]
        shown.append(np.where(names_tumor, expit(found.max(axis=(1, 2, 3))), 0.0))
    return max(MIN_LOCATION, float(np.quantile(np.concatenate(shown), 1 - MAX_HEALTHY_LOCATED)))


def open_run_features(run: Path, data: Path, cache: Path, backbone: keras.Model) -> FeatureCache:
    """The features of a run's backbone, computed as the exported file computes them where that can be."""
    recipe, _ = read_run(run)
    if isinstance(recipe, Recipe):
        return open_features(cache, backbone, recipe)
    if not find_spec("tensorflow"):  # the light one is converted by it
        return FeatureCache(cache, backbone, recipe.input)

    def make_light() -> "LightBackbone":
        from brain_tumor_training.light_backbone import LightBackbone

        return LightBackbone(backbone, calibration_images(read_rows(run), data, recipe.input))

    return FeatureCache(cache, backbone, recipe.input, "static int8", make_light)


def _fit_uncertainty(run: _Run) -> tuple[float, float, float]:
    """Temperature, and the thresholds of top probability and margin."""
    rows = run.validation_rows()
    logits = run.logits(run.views(rows))
    targets = np.array([run.classes.index(row.label) for row in rows])
    temperature = fit_temperature(logits, targets)
    probabilities = np.sort(to_probabilities(logits, temperature), axis=1)
    correct: NDArray[np.bool_] = logits.argmax(axis=1) == targets
    return (
        temperature,
        fit_uncertainty_threshold(probabilities[:, -1], correct),
        fit_uncertainty_threshold(probabilities[:, -1] - probabilities[:, -2], correct),
    )


def _choose_on_unseen(
    run: _Run, doubt: Path | None, temperature: float
) -> tuple[float | None, float | None, dict[str, Any]]:
    """The thresholds of No Tumor's probability and of all tumors' together, and what they leave."""
    if doubt is None:
        return None, None, {}
    if run.classes != LABELS:
        raise DatasetError(f"{doubt}: lists have this project's classes, and this run has {', '.join(run.classes)}")
    if doubt.is_dir():
        other = read_decision(doubt)
        return other.min_no_tumor, other.min_tumor, {"thresholds of": doubt.name}
    examples, seen = read_examples(doubt), read_seen(run.folder)
    if trained := [example.path for example in examples if example.path in seen]:
        raise DatasetError(f"{doubt}: has {len(trained)} images that trained the network, {trained[0]} first")
    logits = run.logits([View(run.data / example.path) for example in examples])
    return fit_on_unseen(to_probabilities(logits, temperature), examples)


def _fit_familiarity(run: _Run) -> tuple[Familiarity, float]:
    """What the training images look like, and how far validation images are from it."""
    found = [(np.array(family.parts), directions_of(family, run.features)) for family in run.families]
    familiarity = Familiarity.fit(np.concatenate([rows[parts == TRAIN] for parts, rows in found]))
    held = [familiarity.score(rows[parts == VALIDATION]) for parts, rows in found if (parts == VALIDATION).any()]
    if not held:
        raise DatasetError(f"{run.folder}: has no validation images, on which thresholds are chosen")
    scores = np.concatenate(held)
    weights = np.concatenate([np.full(len(item), len(item) ** -0.5, np.float32) for item in held])
    return familiarity, weighted_quantile(scores, weights, MAX_UNFAMILIAR)


def _describe_validation(run: _Run, decision: Decision, gate: Gate, familiarity: Familiarity) -> dict[str, Any]:
    """Quantiles, in steps of 5 %, of the scores of validation images of the training sources; shares in doubt."""
    views = [
        view
        for family in run.families
        for view, part in zip(family.views, family.parts, strict=True)
        if part == VALIDATION
    ]
    rows = to_directions(run.features.features(views)[1])
    scores, familiar = gate.score(rows), familiarity.score(rows)
    probabilities = to_probabilities(run.logits(views), decision.temperature)
    has_finding = np.array([label.is_finding for label in run.classes])
    ordered, healthy = np.sort(probabilities, axis=1), probabilities[:, ~has_finding].sum(axis=1)
    accepted = scores >= decision.min_gate_score
    doubted = (ordered[:, -1] < decision.min_probability) | (ordered[:, -1] - ordered[:, -2] < decision.min_margin)
    doubted |= (scores < decision.min_sure_gate_score) | (familiar < decision.min_familiarity)
    is_healthy = ~has_finding[probabilities.argmax(axis=1)]
    doubted |= is_healthy & (healthy < (decision.min_no_tumor or 0))
    doubted |= ~is_healthy & (1 - healthy < (decision.min_tumor or 0))
    steps = np.linspace(0, 1, 21)
    return {
        "images": len(views),
        "gate_score": np.quantile(scores, steps).round(3).tolist(),
        "familiarity": np.quantile(familiar, steps).round(3).tolist(),
        "rejected": float((~accepted).mean()),
        "unfamiliar": float((accepted & (familiar < decision.min_familiarity)).mean()),
        "uncertain": float((accepted & doubted).mean()),
    }
