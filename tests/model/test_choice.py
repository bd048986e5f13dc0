import re
import sys
from importlib.util import find_spec

import pytest

from brain_tumor.errors import MissingExtraError
from brain_tumor.extras import install_command
from brain_tumor.model.choice import EngineName, load_engine
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile
from brain_tumor.model.openvino import OpenVINOEngine


@pytest.mark.parametrize("name", ["auto", "litert"])
def test_litert_is_taken_even_where_openvino_is_installed(model: ModelFile, name: EngineName) -> None:
    assert isinstance(load_engine(model, name=name), LiteRTEngine)


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO, an extra, is not installed")
def test_openvino_is_taken_when_asked_for(model: ModelFile) -> None:
    assert isinstance(load_engine(model, name="openvino"), OpenVINOEngine)


def test_without_the_extra_openvino_says_how_to_install_it(model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(
        MissingExtraError, match=rf"{re.escape(install_command('openvino'))}.*, or choose the engine lite"
    ):
        load_engine(model, name="openvino")


def test_another_name_is_refused_with_the_known_ones(model: ModelFile) -> None:
    with pytest.raises(ValueError, match="unknown engine 'onnx'; auto, litert and openvino are known"):
        load_engine(model, name="onnx")  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [0, -1, "2", 1.5])
def test_no_number_of_threads_is_a_value_error(model: ModelFile, threads: object) -> None:
    with pytest.raises(ValueError, match="give a whole number from 1 on, or None"):
        load_engine(model, threads=threads)  # type: ignore[arg-type]
