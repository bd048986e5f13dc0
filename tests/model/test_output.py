import numpy as np
import pytest

from brain_tumor.model.output import ModelOutput
from tests.factories import make_location, make_saliency

ARRAYS = {
    "logits": np.zeros((1, 4), np.float32),
    "probabilities": np.full((1, 4), 0.25, np.float32),
    "gate_scores": np.ones((1, 1), np.float32),
}
SALIENCY = {"saliency": make_saliency()[np.newaxis]}
LOCATION = {"location": make_location()[np.newaxis]}


def test_a_batch_of_one_loses_its_first_axis() -> None:
    output = ModelOutput.from_arrays({**ARRAYS, **SALIENCY, **LOCATION})
    assert output.saliency is not None and output.saliency.tolist() == make_saliency().tolist()
    assert output.location is not None and output.location.tolist() == make_location().tolist()
    assert output.probabilities.shape == (4,)


@pytest.mark.parametrize("maps", [{}, SALIENCY, LOCATION])
def test_a_network_may_lack_maps(maps: dict[str, np.ndarray]) -> None:
    output = ModelOutput.from_arrays({**ARRAYS, **maps})
    assert (output.saliency is None, output.location is None) == ("saliency" not in maps, "location" not in maps)


def test_a_network_without_probabilities_is_an_error() -> None:
    with pytest.raises(KeyError):
        ModelOutput.from_arrays({"logits": ARRAYS["logits"], **SALIENCY})


def test_outputs_of_the_right_shapes_pass() -> None:
    ModelOutput.from_arrays({**ARRAYS, **SALIENCY, **LOCATION}).check(classes=4)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("probabilities", np.full((1, 3), 1 / 3, np.float32)),
        ("probabilities", np.full((1, 1, 4), 0.25, np.float32)),
        ("logits", np.zeros((1, 5), np.float32)),
        ("gate_scores", np.zeros((1, 0), np.float32)),
        ("saliency", np.zeros((1, 2, 2, 3), np.float32)),
        ("location", np.zeros((1, 4), np.float32)),
        ("probabilities", np.zeros((1, 4), np.int8)),
    ],
)
def test_an_output_of_another_shape_or_type_is_named(name: str, values: np.ndarray) -> None:
    output = ModelOutput.from_arrays({**ARRAYS, **SALIENCY, **LOCATION, name: values})
    with pytest.raises(ValueError, match=f"its output {name} is {values.dtype} of the shape"):
        output.check(classes=4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_output_that_is_no_number_is_named(value: float) -> None:
    output = ModelOutput.from_arrays({**ARRAYS, "gate_scores": np.full((1, 1), value, np.float32)})
    with pytest.raises(ValueError, match="gate_scores is not finite"):
        output.check(classes=4)
