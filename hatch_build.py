"""Puts the shipped network into the wheel, beside the code that reads it.

An editable install takes no copy: it reads the network of the checkout, so a new one is served at once.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODEL_FILE = "brain_tumor_model_lite.tfliteA"


class ModelFileHook(BuildHookInterface[Any]):
    """Adds the model file to a wheel; a wheel without it could not answer, so its absence ends the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Register the file for inclusion; version is "standard" or "editable"."""
        if version == "editable":
            return
        model = Path(self.root, MODEL_FILE)
        if not model.is_file():
            raise FileNotFoundError(f"{model} does not exist; make it with brain-tumor-train export")
        build_data["force_include"][str(model)] = f"brain_tumor/{MODEL_FILE}"
