import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")

import tensorflow as tf

from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import LABELS
from brain_tumor_training.decision_file import read_decision
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.run_folder import load_network
from brain_tumor_training.serving import Serving
from tests.training.drawn import SMALL, Run, draw_slice


def test_the_familiarity_in_the_file_is_that_of_its_module(small_run: Run) -> None:
    familiarity, network = Familiarity.load(small_run.folder), load_network(small_run.folder)
    serving = Serving(network, read_decision(small_run.folder), familiarity, SMALL.input)
    images = [read_scan(draw_slice(label, 77), "slice.png") for label in LABELS]
    batch = np.concatenate([to_tensor(scan, SMALL.input) for scan in images])
    average = np.asarray(serving.backbone(batch, training=False)["average"])
    directions = average / np.linalg.norm(average, axis=1, keepdims=True)
    found = np.asarray(serving.outputs(tf.constant(batch))["gate_scores"])
    assert found[:, 1] == pytest.approx(familiarity.score(directions), rel=1e-3, abs=1e-3)


def test_one_forward_pass_gives_every_output_that_the_card_explains(small_run: Run) -> None:
    serving = Serving(
        load_network(small_run.folder),
        read_decision(small_run.folder),
        Familiarity.load(small_run.folder),
        SMALL.input,
    )
    side = SMALL.input.side_px
    batch = np.random.default_rng(0).random((2, side, side, 3), np.float32)
    outputs = {name: np.asarray(value) for name, value in serving.outputs(tf.constant(batch)).items()}
    assert set(outputs) == set(serving.meanings) == {"logits", "probabilities", "gate_scores", "saliency"}
    assert outputs["probabilities"].sum(axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert outputs["gate_scores"].shape == (2, 2)
    assert outputs["saliency"].min() >= 0
    # What the export compares is the same, in one array.
    expected = np.concatenate([outputs["probabilities"], outputs["gate_scores"]], axis=1)
    assert serving.answer(batch) == pytest.approx(expected, rel=1e-4, abs=1e-4)
