"""README's training list, from a folder of images to an answer in the page, beside a plain Keras script.

    python -m benchmarks.own_model DIR --weights xception.weights.h5 --images 400 --out own-model.json

Both get the same images, drawn evenly from the class folders of DIR, and run on the machine one after the other. The
list is audit, fit, fit-decision, export, predict and the first answer of the page; the script, plain_keras.py, trains,
converts and answers the same images, and has no audit, no gate, no calibration and no page.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from brain_tumor.evaluation.labelled import ImageFile, find_labelled
from brain_tumor.labels import Label
from tools.browser import find_chromium, open_browser, serve_page

ROOT = Path(__file__).parents[1]
# ru_maxrss is in bytes on macOS and in kilobytes elsewhere.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_ANSWER_MS = 180_000


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for."""
    args = _parse(argv)
    chromium = find_chromium()
    if chromium is None and not args.no_page:
        raise SystemExit("own_model: the page needs a browser; install Chromium, or give --no-page")
    machine = describe_machine()  # its load is that of before
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scans = copy_images(pick(find_labelled(args.folder).files, args.images), folder / "scans")
        steps = [run(step, command) for step, command in own_commands(scans, folder, args.weights, args.not_brain_mri)]
        if chromium and not args.no_page:
            steps.append(time_page(chromium, folder / "mine.tfliteA", next(scans.rglob("*.*"))))
        script = [str(ROOT / "benchmarks/plain_keras.py"), str(scans), "--weights", args.weights]
        script += ["--epochs", str(args.epochs), "--out", str(folder / "plain")]
        plain = run(f"plain Keras, {args.epochs} epochs", script)
    report = {
        "machine": machine,
        "images": args.images,
        "steps": steps,
        "all": add_up(steps),
        "plain_epochs": args.epochs,
        "plain": plain,
    }
    print(render(report))
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def pick(files: Sequence[tuple[ImageFile, Label]], count: int) -> list[tuple[ImageFile, Label]]:
    """So many files, evenly over the classes and from each from its beginning to its end.

    Raises:
        SystemExit: a class has too few.
    """
    classes = sorted({label for _, label in files})
    chosen = []
    for index, label in enumerate(classes):
        known = [item for item in files if item[1] == label]
        wanted = count // len(classes) + (index < count % len(classes))
        if len(known) < wanted:
            raise SystemExit(f"own_model: {label} has {len(known)} images, {wanted} are needed; lower --images")
        chosen += [known[position * len(known) // wanted] for position in range(wanted)]
    return chosen


def copy_images(files: Sequence[tuple[ImageFile, Label]], folder: Path) -> Path:
    """The files in one subfolder for each class."""
    for number, (file, label) in enumerate(files):
        (folder / label.slug).mkdir(parents=True, exist_ok=True)
        shutil.copy(file.path, folder / label.slug / f"{number:05}{file.path.suffix}")
    return folder


def own_commands(scans: Path, folder: Path, weights: str, others: Path | None) -> Iterator[tuple[str, list[str]]]:
    """README's list: a name and the arguments of Python for each command."""
    training = ["-c", "import sys; from brain_tumor_training.cli import main; sys.exit(main())"]
    runtime = ["-c", "import sys; from brain_tumor.cli import main; sys.exit(main())"]
    data, mine, model = ["--data", str(scans)], str(folder / "mine"), str(folder / "mine.tfliteA")
    negatives = ["--not-brain-mri", str(others)] if others else []
    yield "audit", [*training, "audit", str(scans), "--out", str(folder / "audit")]
    yield "fit", [*training, "fit", *data, "--weights", weights, "--out", mine]
    yield "fit-decision", [*training, "fit-decision", mine, *data, *negatives]
    yield "export", [*training, "export", mine, *data, "--out", model]
    yield "predict", [*runtime, "predict", str(scans), "--model", model, "--csv", str(folder / "answers.csv")]


def run(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Seconds, processor time and peak memory of one Python process; exits on a failure, with what it said."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=said, stderr=said) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"own_model: {name} ended with {process.returncode}:\n{said.read().decode()[-3000:]}")
    return {
        "step": name,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss * _RSS_UNIT / 1e6),
    }


def time_page(chromium: str, model: Path, image: Path) -> dict[str, Any]:
    """From the start of the page's server to the answer for one image, with the new model; the figures are its own."""
    start = time.perf_counter()
    with _model_of_the_page(model), serve_page() as server, open_browser(chromium) as browser:
        page = browser.new_page()
        page.goto(server.url)
        page.locator("input[type=file]").first.set_input_files(image, timeout=_ANSWER_MS)
        page.locator("[class*=st-key-item-] h3").wait_for(timeout=_ANSWER_MS)
        seconds, process = time.perf_counter() - start, psutil.Process(server.process_id)
        cpu = process.cpu_times()
        peak_mb = process.memory_info().rss / 1e6
    return {
        "step": "page, first answer",
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu.user + cpu.system, 1),
        "peak_mb": round(peak_mb),
    }


def add_up(steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Times of all steps together, and the largest of their peaks."""
    sums = {key: round(sum(step[key] for step in steps), 1) for key in ("seconds", "cpu_seconds")}
    return {"step": "all", **sums, "peak_mb": max(step["peak_mb"] for step in steps)}


def render(report: dict[str, Any]) -> str:
    """A Markdown table, and what the figures rest on."""
    machine = report["machine"]
    rows = [*report["steps"], report["all"], report["plain"]]
    return "\n".join(
        [
            f"{report['images']} images, {machine['cores']} cores, TensorFlow {machine['tensorflow']}, "
            f"load {machine['load']} before the run",
            "",
            "| | seconds | processor seconds | peak memory |",
            "|---|---|---|---|",
            *(f"| {row['step']} | {row['seconds']} | {row['cpu_seconds']} | {row['peak_mb']:,} MB |" for row in rows),
        ]
    )


def describe_machine() -> dict[str, Any]:
    """What the figures depend on, without the machine's name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "tensorflow": version("tensorflow"),
        "load": round(os.getloadavg()[0], 1),
    }


@contextmanager
def _model_of_the_page(model: Path) -> Iterator[None]:
    before = os.environ.get("BRAIN_TUMOR_MODEL")
    os.environ["BRAIN_TUMOR_MODEL"] = str(model)
    try:
        yield
    finally:
        del os.environ["BRAIN_TUMOR_MODEL"]
        if before is not None:
            os.environ["BRAIN_TUMOR_MODEL"] = before


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="one subfolder per class")
    parser.add_argument("--images", type=int, default=400, metavar="N", help="evenly over the classes")
    parser.add_argument("--weights", default="imagenet", help="'imagenet' (downloads), 'random', or a .weights.h5")
    parser.add_argument(
        "--not-brain-mri", type=Path, metavar="DIR", help="for fit-decision; without it pictures are drawn"
    )
    parser.add_argument("--epochs", type=int, default=10, help="of the plain script; the recipe has 10")
    parser.add_argument("--no-page", action="store_true", help="leave out the page, which needs Chromium")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
