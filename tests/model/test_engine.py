from dataclasses import replace

import numpy as np
import pytest

from brain_tumor.errors import ModelFileError
from brain_tumor.input.scan import FloatArray
from brain_tumor.model.engine import Engine
from brain_tumor.model.model_file import ModelFile, read_model_file
from brain_tumor.model.output import ModelOutput
from brain_tumor.model.threads import choose_threads
from tests.factories import make_model_bytes, make_output


class QuarterEngine(Engine):
    """Says of every image that the four classes are equally likely, which make_card() has as its golden answer."""

    name, package = "Quarter", "quarter-rt"

    def _build(self, flatbuffer: bytes, threads: int) -> None:
        if flatbuffer.endswith(b"refused"):
            raise RuntimeError("unknown operator")

    def run(self, tensor: FloatArray) -> ModelOutput:
        return make_output((0.25, 0.25, 0.25, 0.25))


@pytest.fixture
def quarters() -> ModelFile:
    """A model file whose golden answer is QuarterEngine's."""
    return read_model_file(make_model_bytes(), "m")


def with_golden(model: ModelFile, *probabilities: float) -> ModelFile:
    golden = replace(model.card.golden, probabilities=probabilities)
    return replace(model, card=replace(model.card, golden=golden))


def test_an_engine_that_gives_the_golden_answer_is_taken(quarters: ModelFile) -> None:
    assert QuarterEngine(quarters, threads=3).threads == 3


def test_without_a_number_of_threads_the_machine_s_is_taken(quarters: ModelFile) -> None:
    assert QuarterEngine(quarters).threads == choose_threads()


def test_an_engine_splits_into_one_for_each_of_its_threads(quarters: ModelFile) -> None:
    assert [engine.threads for engine in QuarterEngine(quarters, threads=3).split()] == [1, 1, 1]


def test_what_an_engine_splits_into_is_checked_too(quarters: ModelFile) -> None:
    engine = QuarterEngine(quarters, threads=3)
    engine._model = with_golden(quarters, 0.45, 0.05, 0.25, 0.25)
    with pytest.raises(ModelFileError, match="other probabilities"):
        engine.split()


def test_another_golden_answer_in_the_card_is_refused(quarters: ModelFile) -> None:
    with pytest.raises(ModelFileError, match=r"other probabilities .*\(off by 0\.2.*update quarter-rt"):
        QuarterEngine(with_golden(quarters, 0.45, 0.05, 0.25, 0.25))


def test_a_golden_answer_that_is_no_number_is_refused(quarters: ModelFile) -> None:
    with pytest.raises(ModelFileError, match="other probabilities"):
        QuarterEngine(with_golden(quarters, *[float("nan")] * 4))


def test_a_golden_answer_of_three_classes_is_refused(quarters: ModelFile) -> None:
    with pytest.raises(ModelFileError, match="Quarter cannot run this network"):
        QuarterEngine(with_golden(quarters, 0.3, 0.3, 0.4))


def test_a_golden_image_that_cannot_be_read_is_a_model_error(quarters: ModelFile) -> None:
    with pytest.raises(ModelFileError, match="Quarter cannot run this network"):
        QuarterEngine(replace(quarters, golden_image=b"no image"))


def test_a_network_that_the_library_refuses_is_a_model_error(quarters: ModelFile) -> None:
    with pytest.raises(ModelFileError, match=r"Quarter cannot run this network \(unknown operator\)"):
        QuarterEngine(replace(quarters, flatbuffer=b"refused"))


def test_a_golden_gate_score_that_is_another_is_refused(quarters: ModelFile) -> None:
    golden = replace(quarters.card.golden, gate_scores=(1.7,))
    with pytest.raises(ModelFileError, match=r"other gate scores .*\(off by 0\.7.*allowed 0\.6"):
        QuarterEngine(replace(quarters, card=replace(quarters.card, golden=golden)))


def test_gate_scores_that_the_card_does_not_know_yet_are_taken(quarters: ModelFile) -> None:
    golden = replace(quarters.card.golden, gate_scores=())
    QuarterEngine(replace(quarters, card=replace(quarters.card, golden=golden)))


class ScalarEngine(QuarterEngine):
    """Its network gives a number where a batch is wanted."""

    def run(self, tensor: FloatArray) -> ModelOutput:
        return ModelOutput.from_arrays(dict.fromkeys(("logits", "probabilities", "gate_scores"), np.float32(1)))  # type: ignore[arg-type]


class EightBitEngine(QuarterEngine):
    """Its network's outputs are whole numbers, as those of a network quantized throughout."""

    def run(self, tensor: FloatArray) -> ModelOutput:
        whole = np.array([0, 0, 0, 0], np.int8)
        return ModelOutput(whole, whole, whole)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", [ScalarEngine, EightBitEngine])
def test_outputs_of_another_shape_or_type_are_a_model_error(engine: type[Engine], quarters: ModelFile) -> None:
    with pytest.raises(ModelFileError, match="Quarter cannot run this network"):
        engine(quarters)
