"""The adapter of torch.distributed: several processes train one network, each on its share of every batch.

torchrun starts the processes, tells each who it is, and starts all of them again where one is lost.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import keras

from brain_tumor.errors import BrainTumorError, DatasetError

# The others wait while the first process trains the head alone, and evaluates.
_PATIENCE = timedelta(hours=6)

# Tells torchrun (PyTorch 2.13) to forget the addresses of processes when it starts them again.
_NEW_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """The processes that train together; one alone where nothing else is said."""

    rank: int = 0  # of this process, counted from 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run folder and speaks."""
        return self.rank == 0

    def check_batch(self, batch_size: int) -> None:
        """Refuse a batch that cannot be shared evenly; raises DatasetError."""
        if batch_size % self.size:
            raise DatasetError(
                f"--batch-size {batch_size}: is for all processes together, and {self.size} cannot share it evenly; "
                f"give a multiple of {self.size}"
            )

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            _torch_distributed().barrier()

    def share_weights(self, model: keras.Model) -> None:
        """Give all processes the first one's weights: each computes its own start, and rounds in its own way."""
        if self.size > 1:
            for weight in model.weights:
                _torch_distributed().broadcast(weight.value.data, src=0)

    def average_gradients(self, model: keras.Model) -> None:
        """Let each step of a compiled model take the mean of all processes' gradients, before they are cut.

        So every process takes the same step. Batch statistics are not shared: those of this network are fixed.
        """
        if self.size == 1:
            return
        take_step = model.optimizer.apply

        def take_mean_step(gradients: list[Any], variables: list[Any] | None = None) -> None:
            for gradient in filter(lambda gradient: gradient is not None, gradients):
                self._to_mean(gradient)
            take_step(gradients, variables)

        model.optimizer.apply = take_mean_step

    def mean(self, value: float) -> float:
        """The mean of a number over all processes."""
        if self.size == 1:
            return value
        import torch

        return float(self._to_mean(torch.tensor(value, dtype=torch.float64)))

    def _to_mean(self, tensor: Any) -> Any:
        _torch_distributed().all_reduce(tensor)  # gloo knows sums only
        return tensor.div_(self.size)


@contextmanager
def joined_group() -> Iterator[ProcessGroup]:
    """The group that torchrun started this process for; without torchrun, this process alone.

    Raises:
        BrainTumorError: Keras does not run on PyTorch, or processes that are started again would not meet.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or os.environ.get("WORLD_SIZE") == "1":
        yield ProcessGroup()
        return
    if keras.backend.backend() != "torch":
        raise BrainTumorError(
            "torchrun starts several processes, which train on PyTorch alone: set KERAS_BACKEND=torch"
        )
    if os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0" and os.environ.get(_NEW_STORE) != "1":
        raise BrainTumorError(
            f"torchrun --max-restarts: set {_NEW_STORE}=1 with it; processes that are started again would look for "
            "each other at the addresses of those that are gone"
        )
    distributed = _torch_distributed()
    distributed.init_process_group("gloo", timeout=_PATIENCE)
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


class MeanLosses(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Makes loss and accuracy of an epoch those of all processes; comes before whatever writes them down."""

    def __init__(self, group: ProcessGroup) -> None:
        super().__init__()
        self._group = group

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Replace the figures of the training part; those of validation are the same in all processes.

        Precision and recall are taken out: those of all images are not the mean of the processes' own.
        """
        for name in sorted(logs or {}):
            if not logs or self._group.size == 1 or name.startswith("val_"):
                continue
            if name.startswith(("precision", "recall")):
                del logs[name]
            else:
                logs[name] = self._group.mean(logs[name])


def _torch_distributed() -> Any:
    import torch.distributed  # a gigabyte, which TensorFlow's users do not install

    return torch.distributed
