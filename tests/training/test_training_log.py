import sys
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import keras
import numpy as np

from brain_tumor.errors import BrainTumorError
from brain_tumor_training.recipes import RECIPES
from brain_tumor_training.training_log import open_log

RECIPE = RECIPES["baseline"]


def train_a_line(folder: Path, log: str, epochs: int) -> None:
    """Fit one weight to one number."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", jit_compile=False)
    with open_log(log, folder, RECIPE) as loggers:
        model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=epochs, callbacks=list(loggers), verbose=0)


def test_tensorboard_s_files_lie_in_the_run_folder(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorBoard's writer needs TensorFlow")
    train_a_line(tmp_path, "tensorboard", 1)
    assert list((tmp_path / "logs/train").glob("events.out.tfevents.*"))


def test_mlflow_keeps_figures_and_recipe_and_a_second_start_goes_on_with_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "server").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a folder in the place of a server
    for epochs in (2, 3):
        train_a_line(tmp_path, "mlflow", epochs)
    (run,) = mlflow.search_runs(output_format="list")
    assert run.info.status == "FINISHED"
    assert run.info.run_id == (tmp_path / "mlflow-run.txt").read_text(encoding="utf-8").strip()
    assert run.data.params["backbone"] == "Xception"
    losses = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert {value.step for value in losses} == {0, 1, 2}


def test_without_mlflow_the_error_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(BrainTumorError, match=r"--log mlflow needs mlflow: pip install .*mlflow"):
        train_a_line(tmp_path, "mlflow", 1)
