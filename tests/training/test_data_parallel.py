import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)
import numpy as np

from brain_tumor.errors import BrainTumorError, DatasetError
from brain_tumor_training.data_parallel import MeanLosses, ProcessGroup, joined_group
from brain_tumor_training.example_batches import ExampleBatches
from brain_tumor_training.history import read_history
from tests.training.drawn import SMALL_FINETUNE, list_examples

ROOT = Path(__file__).parents[2]
# The build for processors alone: 200 MB. What pip finds under the bare version may bring gigabytes for graphics cards.
TORCH = "torch==2.13.0+cpu"


def test_shares_of_a_batch_are_the_batch_without_what_makes_the_last_one_uneven(data: Path) -> None:
    # Of 4 and 3 views; the seventh is left out.
    odd, even = (replace(SMALL_FINETUNE, epoch_views=views) for views in (7, 6))
    whole = ExampleBatches(list_examples(data), data, even, 0)
    shares = [ExampleBatches(list_examples(data), data, odd, 0, share=(rank, 2)) for rank in (0, 1)]
    assert [len(share) for share in shares] == [2, 2]
    for index in (0, 1):
        for rank, share in enumerate(shares):
            assert np.array_equal(share[index][0], whole[index][0][rank::2])


def test_a_batch_that_processes_cannot_share_is_refused() -> None:
    ProcessGroup(0, 2).check_batch(16)
    with pytest.raises(DatasetError, match=r"--batch-size 16: .* give a multiple of 3"):
        ProcessGroup(0, 3).check_batch(16)


def test_a_process_that_torchrun_did_not_start_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")  # as schedulers set it, too
    with joined_group() as group:
        assert group == ProcessGroup(0, 1)
        assert group.is_first and group.mean(0.5) == 0.5


def test_figures_that_are_no_mean_of_the_processes_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProcessGroup, "mean", lambda self, value: value / self.size)
    logs = {"loss": 1.0, "precision": 0.5, "recall_glioma": 0.5, "val_loss": 3.0, "val_precision": 0.5}
    alone = dict(logs)
    MeanLosses(ProcessGroup(0, 1)).on_epoch_end(0, alone)
    assert alone == logs
    MeanLosses(ProcessGroup(0, 2)).on_epoch_end(0, logs)
    assert logs == {"loss": 0.5, "val_loss": 3.0, "val_precision": 0.5}


def test_several_processes_on_another_backend_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BrainTumorError, match="set KERAS_BACKEND=torch"), joined_group():
        pass


def test_restarts_that_would_not_meet_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    for name, value in {"RUN_ID": "none", "MAX_RESTARTS": "3"}.items():
        monkeypatch.setenv(f"TORCHELASTIC_{name}", value)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BrainTumorError, match="set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"), joined_group():
        pass


@pytest.fixture
def torch_folder(tmp_path: Path) -> str:
    """A folder that holds PyTorch, for PYTHONPATH; empty where this environment has it."""
    if find_spec("torch"):
        return ""
    folder = tmp_path / "torch"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--target", str(folder)]
    environment = {**os.environ, "PIP_NO_COMPILE": "1"}
    done = subprocess.run([*install, TORCH], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{TORCH} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return str(folder)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_of_which_one_is_killed_reach_the_losses_of_one(
    data: Path, tmp_path: Path, torch_folder: str
) -> None:
    environment = {
        **os.environ,
        "KERAS_BACKEND": "torch",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "src"), str(ROOT), torch_folder])),
        "GLOO_SOCKET_IFNAME": "lo",
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    program = ["-m", "tests.training.in_processes", str(data)]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=1"]
    for arguments in ([*program, str(tmp_path / "one")], [*torchrun, *program, str(tmp_path / "two"), "kill"]):
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "two/died").exists()
    in_one_process, in_two_processes = (read_history(tmp_path / name / "history.csv") for name in ("one", "two"))
    assert len(in_two_processes) == 3
    # Sums of float32 in another order; from one epoch to the next the losses change a hundred times as much.
    for row, other in zip(in_one_process, in_two_processes, strict=True):
        assert {"loss", "accuracy", "val_loss", "val_recall"} <= set(other)
        assert other == pytest.approx({name: row[name] for name in other}, rel=1e-3)
