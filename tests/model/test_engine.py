from dataclasses import replace

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
        self.threads = threads
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
