from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")
pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")

from brain_tumor.errors import ModelFileError
from brain_tumor_training import onnx_file
from tests.training.drawn import Run


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_run_as_onnx_answers_as_keras_does(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deeper/small.onnx"
    assert onnx_file.export_onnx(small_run.folder, small_run.data, path) < 1e-4
    assert path.stat().st_size > 1000
    monkeypatch.setattr(onnx_file, "ask_onnx", lambda content, images: 0.25)
    with pytest.raises(ModelFileError, match="nothing was written"):
        onnx_file.export_onnx(small_run.folder, small_run.data, tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()
