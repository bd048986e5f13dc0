"""How soon a fresh process answers: ``brain-tumor predict IMAGE`` beside a Python process that does nothing.

    python benchmarks/cold_start.py --runs 15 --out cold.json

Only the standard library is imported here: on Linux a child's peak memory is never reported below that of the
program that started it.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# What is counted in: KiB on Linux, bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {"median": statistics.median, "least": min, "most": max}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for."""
    args = _parse(argv)
    predict = [str(Path(sys.executable).with_name("brain-tumor")), "predict", str(args.image)]
    if args.model:
        predict += ["--model", str(args.model)]
    commands = {"predict": predict, "empty": [sys.executable, "-c", "print()"]}
    time_process(predict)  # the first one reads every file from disk, which is another question
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(args.runs):
        for name, command in commands.items():
            runs[name].append(time_process(command))
    report = {
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "runs": args.runs,
        "this_program_peak_mb": round(to_mb(resource.getrusage(resource.RUSAGE_SELF)), 1),
        **{name: summarise(results) for name, results in runs.items()},
    }
    print(render(report))
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def time_process(command: Sequence[str]) -> dict[str, float]:
    """Seconds to the first line of output and to the end, and the peak resident memory; exits on a failure."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        process.stdout.readline()
        first_answer_s = time.perf_counter() - start
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}; run it by itself to see why")
    return {"first_answer_s": first_answer_s, "end_s": time.perf_counter() - start, "peak_mb": to_mb(usage)}


def to_mb(usage: resource.struct_rusage) -> float:
    """Peak resident memory in megabytes."""
    return usage.ru_maxrss * _RSS_UNIT / 1e6


def summarise(results: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Median, least and most of each figure."""
    columns = {name: [result[name] for result in results] for name in results[0]}
    return {
        name: {
            "median": round(statistics.median(values), 3),
            "least": round(min(values), 3),
            "most": round(max(values), 3),
        }
        for name, values in columns.items()
    }


def render(report: dict[str, Any]) -> str:
    """The report as a small table of medians."""
    lines = [f"medians of {report['runs']} processes, {report['machine']['cores']} cores, first answer and peak memory"]
    for name, title in (("predict", "brain-tumor predict"), ("empty", "a Python process that does nothing")):
        first, peak = report[name]["first_answer_s"], report[name]["peak_mb"]
        lines.append(
            f"  {title:<36}{first['median']:6.2f} s ({first['least']:.2f} to {first['most']:.2f})"
            f"{peak['median']:8.0f} MB"
        )
    return "\n".join(lines)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    drawn = ROOT / "samples" / "2-drawn-lesion-no-patient.png"
    parser.add_argument("--image", type=Path, default=drawn, help="default: a drawn sample")
    parser.add_argument("--model", type=Path, help="default: the shipped one")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
