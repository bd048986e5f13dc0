"""A training, run twice, each time in a program of its own with one thread."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Threads are chosen before TensorFlow is used for the first time, so not in the program of the tests.
_PROGRAM = """
import sys
from pathlib import Path
import pytest
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

from dataclasses import replace
from brain_tumor.input.preprocess import InputContract
from brain_tumor_training import train
from brain_tumor_training.finetune import finetune
from brain_tumor_training.recipes import FINETUNE_RECIPES, Stage
from brain_tumor_training.run_folder import load_network
from brain_tumor_training.train import fit
from tests.training.drawn import SMALL, build_small_backbone, carve, list_examples

data, out = map(Path, sys.argv[1:])
with pytest.MonkeyPatch.context() as patch:
    if {small}:
        patch.setattr(train, "build_backbone", build_small_backbone)
    {call}
    weights = [weight.tobytes() for weight in load_network(out).get_weights()]
(out / "weights.bin").write_bytes(b"".join(weights))
"""


def train_in_two_programs(
    call: str, data: Path, out: Path, other_call: str | None = None, *, small: bool = True
) -> tuple[dict[str, str], dict[str, str]]:
    """The SHA-256 of what each of two programs wrote: its weights, history and figures.

    call: of fit or finetune, to which ``data`` and ``out`` are known; the second program makes other_call, where there
    is one. small: whether a stand-in takes Xception's place. A .keras file holds dates, its weights do not.
    """
    return _train(call, data, out / "one", small), _train(other_call or call, data, out / "other", small)


def _train(call: str, data: Path, out: Path, small: bool) -> dict[str, str]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    program = [sys.executable, "-c", _PROGRAM.format(call=call, small=small), str(data), str(out)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = ("weights.bin", "history.csv", "metrics.json")
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in written}
