"""A small fine-tuning for `torchrun`: python -m tests.training.in_processes DATA OUT [KILL]."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brain_tumor_training import finetune as module
from brain_tumor_training.data_parallel import joined_group
from brain_tumor_training.example_batches import ExampleBatches
from tests.training.drawn import SMALL_FINETUNE, list_examples, use_small_trunk

# Without masks in the head, and without losses that are means over the tumors of a batch, shares of a batch add up.
NO_MASK = 1e-9  # at 0 Keras leaves out what StartEpoch sets
RECIPE = replace(
    SMALL_FINETUNE,
    first_dropout=NO_MASK,
    second_dropout=NO_MASK,
    location_weight=0.0,
    saliency_weight=0.0,
    probe_epochs=2,
)


class DyingBatches(ExampleBatches):
    """The second process ends without a word in the second epoch, the first time."""

    def __getitem__(self, index: int) -> Any:
        died = Path(sys.argv[2]) / "died"
        if self._epoch == 1 and self._share == 1 and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


def main() -> None:
    """Train the stand-in for Xception."""
    data, out, *kill = sys.argv[1:]
    with pytest.MonkeyPatch.context() as patch, joined_group() as group:
        use_small_trunk(patch)
        if kill:
            patch.setattr(module, "ExampleBatches", DyingBatches)
        examples = list_examples(Path(data))
        module.finetune(examples, Path(data), RECIPE, "7", Path(out), 0, group=group)


if __name__ == "__main__":
    main()
