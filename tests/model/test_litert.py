import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.input.preprocess import InputContract, to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile, read_model_file
from tests.factories import make_model_bytes, make_scan


def test_the_golden_input_gets_its_stored_answer(model: ModelFile) -> None:
    scan = read_scan(model.golden_image, "golden")
    output = LiteRTEngine(model).run(to_tensor(scan, model.card.input))
    assert output.probabilities.tolist() == pytest.approx(
        model.card.golden.probabilities, abs=model.card.golden.tolerance
    )


def test_an_output_has_one_number_per_class(model: ModelFile) -> None:
    output = LiteRTEngine(model).run(to_tensor(make_scan(), model.card.input))
    assert (output.logits.shape, output.probabilities.shape) == ((4,), (4,))


def test_probabilities_are_the_softmax_of_the_logits_over_the_temperature(model: ModelFile) -> None:
    output = LiteRTEngine(model).run(to_tensor(make_scan(), model.card.input))
    powers = np.exp(output.logits / model.card.temperature)
    assert output.probabilities.tolist() == pytest.approx((powers / powers.sum()).tolist(), abs=1e-4)


def test_engines_of_one_thread_give_the_same_answer_to_the_last_bit(model: ModelFile) -> None:
    engine = LiteRTEngine(model, threads=2)
    tensor = to_tensor(read_scan(model.golden_image, "golden"), model.card.input)
    whole = engine.run(tensor)
    parts = [item.run(tensor) for item in engine.split()]
    assert len(parts) == 2
    for part in parts:
        assert part.logits.tolist() == whole.logits.tolist()
        assert part.gate_scores.tolist() == whole.gate_scores.tolist()
        assert part.saliency is not None and np.array_equal(part.saliency, whole.saliency)  # type: ignore[arg-type]
        assert part.location is not None and np.array_equal(part.location, whole.location)  # type: ignore[arg-type]


def test_an_input_of_another_size_than_the_network_takes_is_a_model_error(model: ModelFile) -> None:
    card = replace(model.card, input=InputContract(side_px=32))
    with pytest.raises(ModelFileError):
        LiteRTEngine(replace(model, card=card))


def test_a_network_that_the_interpreter_refuses_is_a_model_error() -> None:
    sealed = read_model_file(make_model_bytes(), "m")
    with pytest.raises(ModelFileError, match="cannot run this network"):
        LiteRTEngine(sealed)


@pytest.mark.slow
def test_a_network_s_maps_come_out_of_the_same_run(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow, which makes the small network, is not installed")

    def answer(image: Any) -> dict[str, Any]:
        """Four equal classes; in both maps each of 2 x 2 cells has the mean grey of its pixels."""
        cells = tf.nn.avg_pool2d(image, 16, 16, "VALID")
        return {
            "logits": 0 * cells[:, 0, 0, :1] + tf.zeros((1, 4)),
            "probabilities": tf.fill((1, 4), 0.25),
            "gate_scores": tf.ones((1, 1)),
            "saliency": tf.concat([cells, cells[..., :1]], axis=-1),
            "location": cells[..., 0],
        }

    module = tf.Module()
    module.answer = tf.function(answer, input_signature=[tf.TensorSpec((1, 32, 32, 3), tf.float32, name="image")])
    tf.saved_model.save(module, str(tmp_path), signatures=module.answer)
    network = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert()
    engine = LiteRTEngine(read_model_file(make_model_bytes(network, input=InputContract(side_px=32)), "m"))
    black_and_white = np.zeros((64, 64), np.float32)
    black_and_white[:, 32:] = 1
    output = engine.run(to_tensor(make_scan(black_and_white), InputContract(side_px=32)))
    assert output.location is not None and output.saliency is not None
    assert output.location.round(1).tolist() == [[0, 1], [0, 1]]
    assert output.saliency.shape == (2, 2, 4)


def test_the_runtime_writes_nothing_of_its_own(model: ModelFile, capfd: pytest.CaptureFixture[str]) -> None:
    LiteRTEngine(model, threads=1)
    assert capfd.readouterr() == ("", "")


def test_standard_error_is_open_again_afterwards(model: ModelFile, capfd: pytest.CaptureFixture[str]) -> None:
    LiteRTEngine(model, threads=1)
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"
