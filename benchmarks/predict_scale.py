"""Time and peak memory of ``brain-tumor predict`` on folder trees of more and more files.

    python benchmarks/predict_scale.py --files 100 1000 10000 --out scale.json

Only the standard library is imported here: on Linux a child's peak memory is never reported below that of the
program that started it.
"""

import argparse
import json
import os
import platform
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# What is counted in: KiB on Linux, bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_FILES_PER_FOLDER = 100
_SIDE_PX = 128

_REAL = "import sys; from brain_tumor.cli import main; raise SystemExit(main(sys.argv[1:]))"
# All that predict does but the network: its engine says the same of every image at once.
_WITHOUT_NETWORK = """
import sys
import numpy as np
import brain_tumor.prediction.command as command
from brain_tumor.classifier import Classifier
from brain_tumor.cli import main
from brain_tumor.model.model_file import default_model_path, load_model_file
from brain_tumor.model.output import ModelOutput

class Engine:
    threads, split_after = 1, 64

    def run(self, tensor):
        values = np.array([0.7, 0.1, 0.1, 0.1], np.float32)
        return ModelOutput(np.log(values), values, np.array([9.0, 0.0], np.float32))

command.load_classifier = lambda *_: Classifier(Engine(), load_model_file(default_model_path()).card)
raise SystemExit(main(sys.argv[1:]))
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for."""
    args = _parse(argv)
    programs = {"real": _REAL, "none": _WITHOUT_NETWORK}
    runs = []
    for network in args.network:
        for count in args.files:
            runs.append({"network": network, "files": count, **measure(programs[network], count, args.tables)})
            print(render(runs[-1]), flush=True)
    if args.out:
        machine = {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()}
        report = {"machine": machine | {"python": platform.python_version()}, "tables": args.tables, "runs": runs}
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(program: str, count: int, tables: Sequence[str]) -> dict[str, float]:
    """Seconds and peak resident memory of one process that answers `count` files; exits on a failure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(count):
            path = folder / f"in/{number // _FILES_PER_FOLDER:04}/{number:06}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw_png(number))
        command = [sys.executable, "-c", program, "predict", str(folder / "in")]
        for kind in tables:
            command += [f"--{kind}", str(folder / f"out.{kind}")]
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode:
            raise SystemExit(f"{' '.join(command[3:])} ended with status {process.returncode}")
    return {"seconds": round(seconds, 2), "peak_mb": round(usage.ru_maxrss * _RSS_UNIT / 1e6, 1)}


def draw_png(seed: int) -> bytes:
    """A grey PNG of _SIDE_PX squared, a disc on noise, other noise for every seed."""
    noise = random.Random(seed).randbytes(_SIDE_PX * _SIDE_PX)  # noqa: S311 - a picture, not a secret
    half = _SIDE_PX / 2
    rows = b"".join(
        b"\0"
        + bytes(
            (128 if (row - half) ** 2 + (column - half) ** 2 < (0.8 * half) ** 2 else 0)
            + noise[row * _SIDE_PX + column] // 8
            for column in range(_SIDE_PX)
        )
        for row in range(_SIDE_PX)
    )
    header = struct.pack(">IIBBBBB", _SIDE_PX, _SIDE_PX, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def render(run: dict[str, Any]) -> str:
    """One run in one line."""
    network = "with the network" if run["network"] == "real" else "without the network"
    each_ms = 1000 * run["seconds"] / run["files"]
    figures = f"{run['seconds']:8.1f} s {each_ms:7.1f} ms each {run['peak_mb']:6.0f} MB peak"
    return f"{run['files']:>7} files {network:<20}{figures}"


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[100, 1000, 10_000], metavar="N")
    parser.add_argument(
        "--network", nargs="+", choices=("real", "none"), default=["none", "real"], help="default: both, one by one"
    )
    parser.add_argument(
        "--tables",
        nargs="*",
        choices=("csv", "jsonl", "parquet"),
        default=["csv"],
        help="which are written (default: csv)",
    )
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
