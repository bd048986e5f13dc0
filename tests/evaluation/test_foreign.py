from pathlib import Path

import numpy as np
import pytest

from brain_tumor.cli import main
from brain_tumor.errors import DatasetError, ModelFileError
from brain_tumor.evaluation import foreign
from brain_tumor.evaluation.foreign import PREPROCESSING, check_class_order, load_foreign, to_order
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.output import ModelOutput
from tests.evaluation.fakes import fill
from tests.factories import png_bytes


class Echo:
    """A network that answers with what it saw of its input's corner, as logits of the first class."""

    rows = columns = 8

    def __init__(self, *_: object) -> None:
        self.seen: list[FloatArray] = []

    def answer(self, tensor: FloatArray) -> FloatArray:
        self.seen.append(tensor)
        return np.array([3.0, 1.0, 0.0, -1.0], np.float32)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(foreign, "PlainNetwork", Echo)
    path = tmp_path / "theirs.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3 and more")
    return path


def test_logits_become_probabilities_and_no_image_is_rejected(network: Path) -> None:
    result = load_foreign(network, "unit").classify(png_bytes(), "a.png")
    powers = np.exp([3.0, 1.0, 0.0, -1.0])
    assert list(result.probabilities.values()) == pytest.approx((powers / powers.sum()).tolist())
    assert result.verdict.label is Label.GLIOMA


@pytest.mark.parametrize("name", PREPROCESSING)
def test_pixels_are_brought_to_what_the_network_was_trained_on(name: str) -> None:
    echo = Echo()
    engine = foreign._ForeignEngine(echo, name)  # type: ignore[arg-type]
    output: ModelOutput = engine.run(np.ones((1, 8, 8, 3), np.float32))
    assert output.logits.tolist() == [3.0, 1.0, 0.0, -1.0]
    white = {"unit": 1, "tf": 1, "bytes": 255, "caffe": 255 - 103.939, "torch": (1 - 0.485) / 0.229}[name]
    assert echo.seen[0][0, 0, 0, 0] == pytest.approx(white, rel=1e-5)


def test_classes_are_named_in_the_order_of_the_outputs() -> None:
    order = to_order(["no", "pituitary", "Gliomas", "meningioma"])
    assert order == (Label.NO_TUMOR, Label.PITUITARY, Label.GLIOMA, Label.MENINGIOMA)
    assert to_order([]) == LABELS


@pytest.mark.parametrize("names", [["glioma"], ["glioma", "glioma", "no", "pituitary"], ["a", "b", "c", "d"]])
def test_classes_that_are_not_all_there_once_are_refused(names: list[str]) -> None:
    with pytest.raises(DatasetError, match="are needed once each"):
        to_order(names)


def test_another_order_that_fits_far_better_is_named() -> None:
    matrix = np.array([[1, 0, 9, 0], [0, 9, 0, 1], [9, 0, 1, 0], [0, 1, 0, 9]])
    text = check_class_order(matrix, LABELS, LABELS)
    assert text is not None and "--classes no_tumor,meningioma,glioma,pituitary" in text
    assert "90.0%, not 50.0%" in text
    assert check_class_order(np.diag([9, 9, 9, 9]), LABELS, LABELS) is None


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(ModelFileError, match="from_keras_model"):
        load_foreign(tmp_path / "a.keras", "unit")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_foreign(tmp_path / "none.tflite", "unit")


def test_a_foreign_network_gets_the_same_report(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = fill(tmp_path / "data", *(f"notumor/{n}.png" for n in range(4)), "glioma/a.png")
    options = ["--model", str(network), "--preprocessing", "tf", "--out", str(tmp_path / "out")]
    assert main(["evaluate", str(data), *options]) == 0
    shown = capsys.readouterr().out
    assert "accuracy      20.0 %" in shown
    assert "say --classes no_tumor" in shown
    assert (tmp_path / "out/report.html").is_file()
