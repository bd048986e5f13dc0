"""Which engine runs a model file."""

from typing import Literal

from brain_tumor.model.engine import Engine
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile

EngineName = Literal["auto", "litert", "openvino"]


def load_engine(model: ModelFile, threads: int | None = None, name: EngineName = "auto") -> Engine:
    """Build the engine of this name, or the one that suits most people.

    auto: LiteRT, whatever else is installed and however many images are to come. The published figures and the
    card's thresholds were measured with it, and an image whose probability is close to a threshold may get another
    status from another engine; so OpenVINO is taken by those who ask for it. threads: None chooses for the machine.
    Raises ModelFileError when the network does not run, MissingExtraError when OpenVINO is not installed and
    ValueError for another name.
    """
    if name in ("auto", "litert"):
        return LiteRTEngine(model, threads)
    if name == "openvino":
        from brain_tumor.model.openvino import OpenVINOEngine

        return OpenVINOEngine(model, threads)
    raise ValueError(f"unknown engine {name!r}; auto, litert and openvino are known")
