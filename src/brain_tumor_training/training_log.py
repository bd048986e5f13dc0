"""Where the figures of each epoch go besides the run folder: TensorBoard always, MLflow where it is asked for."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import keras

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import require_extra
from brain_tumor_training.recipes import AnyRecipe

TENSORBOARD, MLFLOW = "tensorboard", "mlflow"
# The number of the run at MLflow, so that a second start goes on with it.
_RUN_ID = "mlflow-run.txt"


def check_log(log: str) -> None:
    """Refuse a log that needs what is not installed, before a training begins.

    Raises:
        MissingExtraError: MLflow is not installed.
    """
    if log == MLFLOW:
        require_extra("--log mlflow", "mlflow", "mlflow")


@contextmanager
def open_log(log: str, out: Path, recipe: AnyRecipe) -> Iterator[Sequence[keras.callbacks.Callback]]:
    """The callbacks of a training, which write while it lasts.

    Args:
        log: TENSORBOARD or MLFLOW. MLflow's server is the one that the variable MLFLOW_TRACKING_URI names.
        out: the run folder; TensorBoard's files go to logs/ in it.
        recipe: what is trained; MLflow keeps it beside the figures.

    Raises:
        BrainTumorError: what MLflow writes to cannot be reached.
        MissingExtraError: MLflow is not installed.
    """
    callbacks: list[keras.callbacks.Callback] = []
    if find_spec("tensorflow"):  # TensorBoard's writer needs it whatever the backend
        callbacks.append(keras.callbacks.TensorBoard(out / "logs"))
    if log != MLFLOW:
        yield callbacks
        return
    # It reports its use to its makers unless it is told not to.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    check_log(log)
    import mlflow
    from mlflow.keras import MlflowCallback

    known = out / _RUN_ID
    try:
        begun = mlflow.start_run(
            run_id=known.read_text(encoding="utf-8").strip() if known.exists() else None, run_name=out.name
        )
        if not known.exists():
            mlflow.log_params(asdict(recipe))
            write_whole(known, f"{begun.info.run_id}\n".encode())
    except (mlflow.exceptions.MlflowException, ModuleNotFoundError) as error:
        mlflow.end_run("FAILED")
        raise BrainTumorError(f"--log mlflow: {error}; MLFLOW_TRACKING_URI says where it writes") from None
    with begun:  # ends as failed where the training does
        yield [*callbacks, MlflowCallback()]  # type: ignore[no-untyped-call]
