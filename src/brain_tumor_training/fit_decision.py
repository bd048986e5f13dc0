"""Fit the numbers a decision needs - temperature, doubt, gate - and measure the gate on images held back."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor_training.dataset import find_images
from brain_tumor_training.examples import Example, read_examples
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.features import FeatureCache
from brain_tumor_training.label_notes import find_note, leave_out
from brain_tumor_training.network import build_head_logits, find_location_head, take_apart
from brain_tumor_training.pipeline import View, calibration_images, draw_brightness, load_batches
from brain_tumor_training.recipes import Recipe
from brain_tumor_training.splits import PARTS, TEST, TRAIN, VALIDATION, SplitRow, read_csv, read_split
from brain_tumor_training.train import load_network, open_features, read_run
from brain_tumor_training.training_list import NOT_BRAIN_MRI, OTHER_LESION, read_further

if TYPE_CHECKING:
    from brain_tumor_training.light_backbone import LightBackbone

# Images of one examination resemble each other and stay in one part: "MPX1012_synpic22949" is case MPX1012.
CASE_PATTERN = r"^([A-Za-z]+\d+)_"
# Each doubt threshold may send this share of validation answers to a human, and no more.
MAX_DOUBT_SHARE = 0.05
# ... and stops rising once the answers that are left are right this often.
ENOUGH_ACCURACY = 0.995
# The gate turns away this share of the validation brain MRI, sources weighted. Nearly all of these are unusual
# sequences and slices of neck and crown; of the training set's own kind it is under 1 %.
GATE_REJECTS = 0.02
# The inverse of the gate's regularisation, as scikit-learn has it. Chosen with the share above and the scaling of
# features by five-fold cross-validation over the cases of training and validation images, without those of
# docs/label-notes.csv.
GATE_C = 1e-2
_FURTHER_VALIDATION = 0.2
_LEAST_SPREAD = 0.3  # of the mean feature's
# More images of one part of a source tell the gate little that is new, and each costs a forward pass.
MAX_GATE_IMAGES = 60
# Brain MRI between this share and GATE_REJECTS is analysed, and its answer is uncertain.
GATE_DOUBTS = 0.04
# This share of the validation images of training sources counts as unfamiliar.
MAX_UNFAMILIAR = 0.02
# On sources that trained nothing, in the mean of the sources: tumors that may be No Tumor without doubt, and images
# without a tumor that may be one without doubt: 2 % of both together. Thresholds rise until this holds.
MAX_SURE_NO_TUMOR = 0.03
MAX_SURE_TUMOR = 0.01
_HIGHEST_THRESHOLD = 0.995  # above it nothing would be left
# This share of the validation scans without a tumor may be called a tumor and show a location ...
MAX_HEALTHY_LOCATED = 0.02
# ... and below one in three a location says that there is none.
MIN_LOCATION = 0.33
# Screen captures of scans measure up to 0.04, colour photographs 0.1 and more (mean channel distance).
MAX_CHROMA = 0.1


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything ``fit-decision`` found out, as written to ``decision.json``."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Images of one kind or source."""

    name: str
    brain_mri: bool
    views: tuple[View, ...]
    parts: tuple[str, ...]  # which part each image plays: fit on train, choose on validation, report on test


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

    run: a folder that fit() filled, trained on data. brain_mri, not_brain_mri: folders with one subfolder per
    family. unseen: families that take no part in the fit and are only reported, none that the run was trained on.
    notes: images, as read_notes gives them, that are neither fitted nor chosen on, only reported. further: indexes as
    training_list.read_further reads them; their images that are no brain MRI are families, and so are their lesions
    that are no tumor, of which brain MRI is made. doubt: a training list of images of sources that trained nothing, on
    which the thresholds of doubt are chosen; or the folder of a run whose thresholds were chosen so, which are taken
    over. Without it they are chosen on the validation images. Writes run/decision.json and run/familiarity.npz.
    """
    notes = notes or {}
    families = _own_families(run, data, notes)
    if trained := unseen & {family.name for family in families}:
        raise DatasetError(
            f"--unseen names {', '.join(sorted(trained))}, which the network was trained on; leave the option out, "
            "decision.json says under accepted_unseen what a gate without them accepts"
        )
    for index in further:
        families += _further_families(index, unseen)
    listed = {view.path.resolve() for family in families for view in family.views}
    others = [_split_family(folder, True, unseen, notes) for root in brain_mri for folder in _subfolders(root)]
    # What the training list has, has its part already.
    families += [one for one in others if listed.isdisjoint(view.path.resolve() for view in one.views)]
    families += [_split_family(folder, False, unseen, notes) for root in not_brain_mri for folder in _subfolders(root)]
    if not any(not family.brain_mri and TRAIN in family.parts for family in families):
        raise DatasetError(
            "the gate needs images to learn what is not brain MRI; give folders with --not-brain-mri, not all --unseen"
        )
    if missing := unseen - {family.name for family in families}:
        raise DatasetError(
            f"--unseen names {', '.join(sorted(missing))}, found are {', '.join(f.name for f in families)}"
        )
    network = load_network(run)
    backbone, head = take_apart(network)
    features = _open_features(run, data, cache, backbone)

    temperature, min_probability, min_margin = _fit_doubt(run, data, notes, head, features)
    weights, bias, thresholds, rates = _fit_gate(families, features)
    familiarity, min_familiarity = _fit_familiarity(run, data, notes, features)
    min_location = _fit_location(network, run, data, notes)
    min_no_tumor, min_tumor, coverage = None, None, {}
    if doubt is not None and doubt.is_dir():
        other = read_decision(doubt)
        min_no_tumor, min_tumor, coverage = other.min_no_tumor, other.min_tumor, {"thresholds of": doubt.name}
    elif doubt is not None:
        min_no_tumor, min_tumor, coverage = _fit_on_unseen(run, data, doubt, head, features, temperature)
    decision = Decision(
        temperature=temperature,
        min_probability=min_probability,
        min_margin=min_margin,
        max_chroma=MAX_CHROMA,
        gate_weights=weights,
        gate_bias=bias,
        min_gate_score=thresholds[0],
        min_location=min_location,
        min_sure_gate_score=thresholds[1],
        min_familiarity=min_familiarity,
        min_no_tumor=min_no_tumor,
        min_tumor=min_tumor,
        coverage=coverage,
        gate_rates=rates,
        reference={},
    )
    reference = _describe_validation(run, data, notes, head, features, decision, familiarity)
    decision = replace(decision, reference=reference)
    familiarity.save(run)
    write_whole(run / "decision.json", f"{json.dumps(asdict(decision), indent=1)}\n".encode())
    return decision


def _open_features(run: Path, data: Path, cache: Path, backbone: keras.Model) -> FeatureCache:
    recipe, _ = read_run(run)
    if isinstance(recipe, Recipe):
        return open_features(cache, backbone, recipe)
    if not find_spec("tensorflow"):  # the light one is converted by it
        return FeatureCache(cache, backbone, recipe.input)

    def make_light() -> "LightBackbone":
        from brain_tumor_training.light_backbone import LightBackbone

        return LightBackbone(backbone, calibration_images(read_split(run / "split.csv"), data, recipe.input))

    return FeatureCache(cache, backbone, recipe.input, "static int8", make_light)


def read_decision(run: Path) -> Decision:
    """Load what fit_decision saved; raises DatasetError when it has not run."""
    path = run / "decision.json"
    if not path.exists():
        raise DatasetError(f"{run}: has no decision.json; run brain-tumor-train fit-decision first")
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Decision(**{**fields, "gate_weights": tuple(fields["gate_weights"])})


def fit_temperature(logits: FloatArray, targets: NDArray[np.int64]) -> float:
    """The temperature that minimises the negative log-likelihood, 0.05 to 20.

    logits: (images, classes). targets: (images,), class indices. Source: Guo et al. 2017, arXiv:1706.04599, 4.2.
    """

    def loss(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(log_probabilities[np.arange(len(targets)), targets].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))


def fit_uncertainty_threshold(trust: FloatArray, correct: NDArray[np.bool_]) -> float:
    """The lowest threshold on trust above which ENOUGH_ACCURACY holds, doubting at most MAX_DOUBT_SHARE.

    trust: (images,), higher is surer. correct: (images,). Answers below the threshold are uncertain.
    """
    order = np.argsort(trust)
    left_right = correct[order][::-1].cumsum()[::-1] / np.arange(len(trust), 0, -1)  # accuracy from here on
    limit = int(len(trust) * MAX_DOUBT_SHARE)
    enough = np.flatnonzero(left_right[: limit + 1] >= ENOUGH_ACCURACY)
    return float(trust[order][enough[0] if len(enough) else limit])


def fit_sure_threshold(confidence: FloatArray, wrong: NDArray[np.bool_], weights: FloatArray, target: float) -> float:
    """The lowest threshold at which at most the target's share of all images is sure and wrong.

    confidence: (images,), 0 to 1, of the answer. wrong: (images,), whether the answer would be a mistake. weights:
    (images,), sum 1. Answers below the threshold are uncertain, and so neither sure nor wrong.
    """
    order = np.argsort(-confidence[wrong])
    mistakes = weights[wrong][order].cumsum()
    allowed = int(np.searchsorted(mistakes, target, side="right"))
    if allowed == len(mistakes):
        return 0.0
    # Just above the first mistake that is too much.
    return float(min(np.nextafter(confidence[wrong][order][allowed], np.float32(1)), _HIGHEST_THRESHOLD))


def _fit_on_unseen(
    run: Path,
    data: Path,
    listed: Path,
    head: keras.Model,
    features: FeatureCache,
    temperature: float,
) -> tuple[float, float, dict[str, Any]]:
    """The thresholds of No Tumor's probability and of all tumors' together, and what they leave."""
    examples = read_examples(listed)
    seen = {row.path for row in read_split(run / "split.csv") if row.split != TEST}
    if (run / "seen.csv").exists():  # only finetune writes it
        seen |= {row["path"] for row in read_csv(run / "seen.csv")}
    if trained := [one.path for one in examples if one.path in seen]:
        raise DatasetError(f"{listed}: has {len(trained)} images that trained the network, {trained[0]} first")
    maximum, _ = features.features([View(data / one.path) for one in examples])
    logits: FloatArray = np.asarray(build_head_logits(head).predict(maximum, verbose=0))
    probabilities: FloatArray = softmax(logits / np.float32(temperature), axis=1)
    healthy_place = list(Label).index(Label.NO_TUMOR)
    healthy = probabilities[:, healthy_place]
    says_healthy = probabilities.argmax(axis=1) == healthy_place
    confidence = np.where(says_healthy, healthy, 1 - healthy)
    is_healthy = np.array([one.label is Label.NO_TUMOR for one in examples])
    kinds = [(one.source, "no tumor" if one.label is Label.NO_TUMOR else "tumor") for one in examples]
    counts = Counter(kinds)

    def threshold(chosen: NDArray[np.bool_], wrong: NDArray[np.bool_], target: float) -> float:
        weights = np.array([1 / counts[kind] for kind in kinds], np.float32)[chosen]
        return fit_sure_threshold(confidence[chosen], wrong[chosen], weights / weights.sum(), target)

    min_no_tumor = threshold(~is_healthy, says_healthy, MAX_SURE_NO_TUMOR)
    min_tumor = threshold(is_healthy, ~says_healthy, MAX_SURE_TUMOR)
    sure = confidence >= np.where(says_healthy, min_no_tumor, min_tumor)
    coverage = {
        f"{source}, {kind}": {
            "images": counts[source, kind],
            "sure": int(sure[rows].sum()),
            "sure_and_wrong": int((sure & (says_healthy != is_healthy))[rows].sum()),
        }
        for source, kind in sorted(counts)
        if (rows := np.array([one == (source, kind) for one in kinds])).any()
    }
    return min_no_tumor, min_tumor, coverage


def _fit_familiarity(
    run: Path, data: Path, notes: Mapping[str, str], features: FeatureCache
) -> tuple[Familiarity, float]:
    """What the training images look like, and how far validation images are from it."""
    families = _own_families(run, data, notes)
    found = [(np.array(family.parts), _directions(family, features)) for family in families]
    familiarity = Familiarity.fit(np.concatenate([rows[parts == TRAIN] for parts, rows in found]))
    held = [familiarity.score(rows[parts == VALIDATION]) for parts, rows in found if (parts == VALIDATION).any()]
    if not held:
        raise DatasetError(f"{run}: has no validation images, on which thresholds are chosen")
    scores = np.concatenate(held)
    weights = np.concatenate([np.full(len(one), len(one) ** -0.5, np.float32) for one in held])
    return familiarity, _weighted_quantile(scores, weights, MAX_UNFAMILIAR)


def _describe_validation(
    run: Path,
    data: Path,
    notes: Mapping[str, str],
    head: keras.Model,
    features: FeatureCache,
    decision: Decision,
    familiarity: Familiarity,
) -> dict[str, Any]:
    """Quantiles, in steps of 5 %, of the scores of validation images of the training sources; shares in doubt."""
    views = [
        view
        for family in _own_families(run, data, notes)
        for view, part in zip(family.views, family.parts, strict=True)
        if part == VALIDATION
    ]
    maximum, average = features.features(views)
    directions = average / np.linalg.norm(average, axis=1, keepdims=True)
    gate = directions @ np.array(decision.gate_weights, np.float32) + decision.gate_bias
    familiar = familiarity.score(directions)
    logits: FloatArray = np.asarray(build_head_logits(head).predict(maximum, verbose=0))
    probabilities: FloatArray = softmax(logits / np.float32(decision.temperature), axis=1)
    ordered, healthy = np.sort(probabilities, axis=1), probabilities[:, list(Label).index(Label.NO_TUMOR)]
    accepted = gate >= decision.min_gate_score
    doubted = (ordered[:, -1] < decision.min_probability) | (ordered[:, -1] - ordered[:, -2] < decision.min_margin)
    doubted |= (gate < decision.min_sure_gate_score) | (familiar < decision.min_familiarity)
    is_healthy = ordered[:, -1] == healthy
    doubted |= is_healthy & (healthy < (decision.min_no_tumor or 0))
    doubted |= ~is_healthy & (1 - healthy < (decision.min_tumor or 0))
    steps = np.linspace(0, 1, 21)
    return {
        "images": len(views),
        "gate_score": np.quantile(gate, steps).round(3).tolist(),
        "familiarity": np.quantile(familiar, steps).round(3).tolist(),
        "rejected": float((~accepted).mean()),
        "unfamiliar": float((accepted & (familiar < decision.min_familiarity)).mean()),
        "uncertain": float((accepted & doubted).mean()),
    }


def _validation_rows(run: Path, notes: Mapping[str, str]) -> list[SplitRow]:
    rows = read_split(run / "split.csv")
    return [row for row in rows if row.split == VALIDATION and not find_note(row.path, notes)]


def _fit_doubt(
    run: Path, data: Path, notes: Mapping[str, str], head: keras.Model, features: FeatureCache
) -> tuple[float, float, float]:
    rows = _validation_rows(run, notes)
    maximum, _ = features.features([View(data / row.path) for row in rows])
    logits: FloatArray = np.asarray(build_head_logits(head).predict(maximum, verbose=0))
    targets = np.array([list(Label).index(row.label) for row in rows])
    temperature = fit_temperature(logits, targets)
    probabilities: FloatArray = np.sort(softmax(logits / np.float32(temperature), axis=1), axis=1)
    correct = logits.argmax(axis=1) == targets
    margins = probabilities[:, -1] - probabilities[:, -2]
    return (
        temperature,
        fit_uncertainty_threshold(probabilities[:, -1], correct),
        fit_uncertainty_threshold(margins, correct),
    )


def _fit_location(network: keras.Model, run: Path, data: Path, notes: Mapping[str, str]) -> float | None:
    location_head = find_location_head(network)
    if location_head is None:
        return None
    rows = [row for row in _validation_rows(run, notes) if row.label is Label.NO_TUMOR]
    if not rows:
        return MIN_LOCATION
    backbone, head = take_apart(network)
    maps = location_head(keras.ops.relu(backbone.output["detail"]))
    answers = keras.Model(backbone.input, [maps, head(backbone.output["maximum"])])
    views = [View(data / row.path) for row in rows]
    batches = load_batches(views, read_run(run)[0].input, 32)
    shown = []
    for batch in batches:
        found, classes = (np.asarray(output) for output in answers.predict_on_batch(batch))
        # Where no tumor is named no location is shown, however high the map.
        names_tumor = classes.argmax(axis=1) != list(Label).index(Label.NO_TUMOR)
        shown.append(np.where(names_tumor, expit(found.max(axis=(1, 2, 3))), 0.0))
    return max(MIN_LOCATION, float(np.quantile(np.concatenate(shown), 1 - MAX_HEALTHY_LOCATED)))


@dataclass(frozen=True, slots=True, eq=False)
class _Gate:
    coefficients: FloatArray
    bias: float
    threshold: float
    sure: float  # a second threshold: what lies between is uncertain

    def accepts(self, rows: FloatArray) -> NDArray[np.bool_]:
        accepted: NDArray[np.bool_] = rows @ self.coefficients + self.bias >= self.threshold
        return accepted


def _fit_gate(
    families: Sequence[Family], features: FeatureCache
) -> tuple[tuple[float, ...], float, tuple[float, float], dict[str, Any]]:
    directions = [_directions(family, features) for family in families]
    known = list(zip(families, directions, strict=True))
    gate = _fit_and_choose(known)
    assert gate  # noqa: S101 - fit_decision has seen to both kinds of images
    rates: dict[str, Any] = {}
    for family, rows in known:
        test = np.array(family.parts) == TEST
        rates[family.name] = {
            "brain_mri": family.brain_mri,
            "seen_in_fit": TRAIN in family.parts,
            "test_images": int(test.sum()),
            "test_accepted": int(gate.accepts(rows[test]).sum()),
        }
        if family.brain_mri:
            continue  # a network that was trained without a source says more than a gate that was
        # What a family is to a gate that has never seen its like.
        others = [one for one in known if one[0] is not family]
        without = _fit_and_choose(others) if TRAIN in family.parts else gate
        if without:
            rates[family.name] |= {
                "images": len(rows),
                "accepted_unseen": int(without.accepts(rows).sum()),
                "accepted_unseen_surely": int(replace(without, threshold=without.sure).accepts(rows).sum()),
            }
    return tuple(gate.coefficients.tolist()), gate.bias, (gate.threshold, gate.sure), rates


def _directions(family: Family, features: FeatureCache) -> FloatArray:
    """What the gate reads of a family's images, (images, features), each of length 1."""
    _, average = features.features(family.views)
    rows: FloatArray = average / np.linalg.norm(average, axis=1, keepdims=True)
    return rows


def _fit_and_choose(known: Sequence[tuple[Family, FloatArray]]) -> _Gate | None:
    """Fit on training images and choose the threshold on validation images; None where brain MRI or others lack."""

    def gather(part: str) -> tuple[FloatArray, NDArray[np.bool_], FloatArray]:
        picks = [(family, rows[np.array(family.parts) == part]) for family, rows in known]
        inputs = np.concatenate([rows for _, rows in picks])
        is_brain = np.concatenate([np.full(len(rows), family.brain_mri) for family, rows in picks])
        # The square root lets a large family count more than a small one without drowning it.
        weights = np.concatenate([np.full(len(rows), max(len(rows), 1) ** -0.5) for _, rows in picks])
        return inputs, is_brain, weights

    inputs, is_brain, weights = gather(TRAIN)
    held_back, held_brain, held_weights = gather(VALIDATION)
    if is_brain.all() or not is_brain.any() or not held_brain.any():
        return None
    weights = np.where(is_brain, weights / weights[is_brain].sum(), weights / weights[~is_brain].sum()) * len(weights)
    # Features that vary little may say most, so all of them get one scale, which is folded into the weights again; but
    # those that do not vary here would turn the rounding of an exported network into scores.
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    scale = spread + _LEAST_SPREAD * spread.mean()
    model = LogisticRegression(C=GATE_C, max_iter=5000).fit((inputs - centre) / scale, is_brain, sample_weight=weights)
    coefficients = (model.coef_[0] / scale).astype(np.float32)
    bias = float(model.intercept_[0] - coefficients @ centre)
    scores = held_back[held_brain] @ coefficients + bias
    threshold, sure = (
        _weighted_quantile(scores, held_weights[held_brain], share) for share in (GATE_REJECTS, GATE_DOUBTS)
    )
    return _Gate(coefficients, bias, threshold, sure)


def _weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    order = np.argsort(values)
    position = np.searchsorted(weights[order].cumsum() / weights.sum(), share)
    return float(values[order][position])


def _own_families(run: Path, data: Path, notes: Mapping[str, str]) -> list[Family]:
    if (run / "examples.csv").exists():
        examples = leave_out(read_examples(run / "examples.csv"), notes)
        sources = sorted({one.source for one in examples})
        return [_listed_family(source, [one for one in examples if one.source == source], data) for source in sources]
    return [_drawn_family(run, data, notes)]


def _listed_family(source: str, examples: Sequence[Example], data: Path) -> Family:
    # By hash, so that the choice is even over patients and the same every time.
    by_chance = sorted(examples, key=lambda one: hashlib.sha256(one.path.encode()).digest())
    kept = [one for part in PARTS for one in [one for one in by_chance if one.split == part][:MAX_GATE_IMAGES]]
    return Family(source, True, tuple(View(data / one.path) for one in kept), tuple(one.split for one in kept))


def _drawn_family(run: Path, data: Path, notes: Mapping[str, str]) -> Family:
    rows = [row for row in read_split(run / "split.csv") if row.split == TEST or not find_note(row.path, notes)]
    recipe, seed = read_run(run)
    brightness = recipe.brightness if isinstance(recipe, Recipe) else 0.0

    def view(row: SplitRow) -> View:
        path = data / row.path
        # The first draw of a training image is what fit() has left in the feature cache.
        return View(path, draw_brightness(path, brightness, seed, 0) if row.split == TRAIN else 1.0)

    return Family("training set", True, tuple(map(view, rows)), tuple(row.split for row in rows))


def _split_family(folder: Path, brain_mri: bool, unseen: set[str], notes: Mapping[str, str]) -> Family:
    paths = find_images(folder)
    if not paths:
        raise DatasetError(f"{folder}: holds no images; fill the folder or remove it")
    parts = [TEST if folder.name in unseen else _part(path, folder.name) for path in paths]
    kept = [
        (path, part)
        for path, part in zip(paths, parts, strict=True)
        if part == TEST or not find_note(path.as_posix(), notes)
    ]
    return Family(folder.name, brain_mri, tuple(View(path) for path, _ in kept), tuple(part for _, part in kept))


def _further_families(index: Path, unseen: set[str]) -> list[Family]:
    """Images that are no brain MRI, by family, and lesions that are no tumor, by source; held back is tested."""
    views: dict[tuple[str, bool], list[tuple[View, str]]] = defaultdict(list)
    for row in read_further(index):
        if row["label"] not in (NOT_BRAIN_MRI, OTHER_LESION):
            continue
        is_brain = row["label"] == OTHER_LESION
        name = f"{row['source']}, other lesions" if is_brain else row["family"]
        held_back = row["split"] != TRAIN or name in unseen
        # A fifth of what trains chooses the threshold; a patient stays in one part.
        share = hashlib.sha256(row["patient"].encode()).digest()[0] / 256
        part = TEST if held_back else VALIDATION if share < _FURTHER_VALIDATION else TRAIN
        views[name, is_brain].append((View(index.parent / row["path"]), part))
    return [
        Family(name, is_brain, tuple(view for view, _ in found), tuple(part for _, part in found))
        for (name, is_brain), found in sorted(views.items())
    ]


def _part(path: Path, family: str) -> str:
    # An examination may have images in several families; of other images, two families use the same names.
    case = match[1] if (match := re.match(CASE_PATTERN, path.stem)) else f"{family}/{path.stem}"
    # By name, not by chance: the parts stay the same when images are added.
    share = hashlib.sha256(case.encode()).digest()[0] / 256
    return TRAIN if share < 0.6 else VALIDATION if share < 0.8 else TEST


def _subfolders(root: Path) -> list[Path]:
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if not folders:
        raise DatasetError(f"{root}: has no subfolders; one folder per family of images is needed")
    return folders
