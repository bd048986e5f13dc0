"""A run -> an ONNX file of the same inputs and outputs as the model file; the adapter of tf2onnx and ONNX Runtime."""

from pathlib import Path

import numpy as np

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import MissingExtraError, ModelFileError
from brain_tumor.extras import install_command
from brain_tumor.input.scan import FloatArray
from brain_tumor_training.decision_file import read_decision
from brain_tumor_training.familiarity import Familiarity
from brain_tumor_training.parity import MAX_FLOAT_DIFFERENCE
from brain_tumor_training.pipeline import View, load_batches
from brain_tumor_training.run_folder import load_network, read_rows, read_run
from brain_tumor_training.serving import Serving
from brain_tumor_training.splits import TRAIN, VALIDATION, pick_evenly

# Read by ONNX Runtime from 1.13 on and by onnxruntime-web.
OPSET = 17
COMPARED = 32


def export_onnx(run: Path, data: Path, out: Path) -> float:
    """Write a run as ONNX, in float32, once it answers as Keras does.

    Args:
        run: a folder that fit_decision has been in.
        data: the folder that it was trained on.
        out: the file.

    Returns:
        The largest absolute difference of a probability from Keras', over COMPARED images.

    Raises:
        MissingExtraError: the extra ``onnx`` is not installed.
        ModelFileError: the file answers otherwise; nothing is written then.
    """
    recipe, _ = read_run(run)
    serving = Serving(load_network(run), read_decision(run), Familiarity.load(run), recipe.input)
    content = to_onnx(serving)
    rows = [row for row in read_rows(run) if row.split in (VALIDATION, TRAIN)]
    views = [View(data / row.path) for row in pick_evenly(rows, COMPARED)]
    images = list(load_batches(views, recipe.input, 1))
    by_keras = np.concatenate([serving.answer(image) for image in images])
    difference = float(np.abs(ask_onnx(content, images) - by_keras[:, :-2]).max())
    if not difference <= MAX_FLOAT_DIFFERENCE:
        raise ModelFileError(
            f"{out}: as ONNX a probability differs from Keras' by {difference:.4f}, {MAX_FLOAT_DIFFERENCE} is allowed; "
            "nothing was written, the .tfliteA is not concerned"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, content)
    return difference


def to_onnx(serving: Serving) -> bytes:
    """The content of the file: input ``image``, outputs by the names of the card.

    Raises:
        MissingExtraError: tf2onnx is not installed.
    """
    try:
        import tf2onnx
    except ModuleNotFoundError:
        raise MissingExtraError(f"ONNX needs tf2onnx: {install_command('onnx')}") from None
    graph, image, outputs = serving.freeze()
    names = {image: "image", **{inside: name for name, inside in outputs.items()}}
    model, _ = tf2onnx.convert.from_graph_def(
        graph, input_names=[image], output_names=list(outputs.values()), opset=OPSET, tensors_to_rename=names
    )
    return bytes(model.SerializeToString())


def ask_onnx(content: bytes, images: list[FloatArray]) -> FloatArray:
    """The probabilities that an ONNX file gives to images, (images, classes).

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise MissingExtraError(f"ONNX needs onnxruntime: {install_command('onnx')}") from None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: FloatArray = np.concatenate([session.run(["probabilities"], {"image": image})[0] for image in images])
    return found
