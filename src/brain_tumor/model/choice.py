"""Which engine runs a model file."""

from typing import Literal

from brain_tumor.model.engine import Engine
from brain_tumor.model.litert import LiteRTEngine
from brain_tumor.model.model_file import ModelFile

EngineName = Literal["auto", "litert", "openvino"]


def load_engine(model: ModelFile, threads: int | None = None, name: EngineName = "auto") -> Engine:
    """Build the engine of this name, or the one that suits most people.

    Args:
        model: of `load_model_file`.
        threads: for one forward pass; None chooses for the machine.
        name: auto is LiteRT, whatever else is installed. The published figures and the card's thresholds were measured
            with it, and an image whose probability is close to a threshold may get another status from another engine.

    Raises:
        ModelFileError: the network does not run.
        MissingExtraError: OpenVINO is not installed.
        ValueError: no engine has this name, or threads is no number of threads.
    """
    # Not every caller checks types.
    if threads is not None and not (isinstance(threads, int) and threads >= 1):  # type: ignore[redundant-expr]
        raise ValueError(f"threads is {threads!r}; give a whole number from 1 on, or None")
    if name in ("auto", "litert"):
        return LiteRTEngine(model, threads)
    if name == "openvino":
        from brain_tumor.model.openvino import OpenVINOEngine

        return OpenVINOEngine(model, threads)
    raise ValueError(f"unknown engine {name!r}; auto, litert and openvino are known")
