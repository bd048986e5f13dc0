"""`brain-tumor predict --ray local` beside `predict`, the driver's memory, and what more cores would bring.

    python -m benchmarks.ray_scale --files 5000 --out ray.json

Three parts, each from the one before: both commands on the same drawn pictures; a listing of a million simulated
names through the same Ray pipeline, whose workers answer nothing; a simulation of larger clusters with the times that
were measured.
"""

import argparse
import heapq
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.predict_scale import draw_png
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.sources import Found
from brain_tumor.prediction import ray_executor
from brain_tumor.prediction.arguments import DEFAULT_BLOCK_FILES
from brain_tumor.prediction.batch import AnsweredBlock, Batch
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.block_worker import BlockAnswer, BlockJob
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows
from brain_tumor.prediction.run_summary import RunSummary
from brain_tumor.prediction.shared_series import SeriesLocation
from brain_tumor.prediction.work_blocks import WorkBlock, cut_blocks

_FILES_PER_FOLDER = 50
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0"}
CORES = (1, 2, 8, 32, 100, 300, 1000)
SLICES = 10_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, simulate, print, and write the JSON file where one is asked for."""
    args = _parse(argv)
    if args.list_only:
        print(json.dumps(list_names(args.list_only, args.block_files)))
        return 0
    runs = measure_commands(args.files, args.threads)
    listings = [_in_own_process(count, args.block_files) for count in args.names]
    report: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "runs": runs,
        "listings": listings,
        "simulated": simulate_all(runs, listings, args.price),
    }
    print(render(report))
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def measure_commands(count: int, threads: Sequence[int]) -> list[dict[str, Any]]:
    """`predict`, then `--ray local` with workers of so many threads, on the same files."""
    runs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(count):
            path = folder / f"in/{number // _FILES_PER_FOLDER:05}/{number:07}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw_png(number))
        size = sum(path.stat().st_size for path in (folder / "in").rglob("*.png")) / count
        runs.append({"command": "predict", **_watch(["--csv", "one.csv"], folder, None), "bytes_per_file": size})
        for each in threads:
            blocks = f"blocks-{each}"
            options = ["--ray", "local", "--parquet", blocks, "--threads", str(each)]
            run = _watch(options, folder, folder / blocks / "slices")
            runs.append({"command": f"--ray local --threads {each}", **run, "block_s": _block_times(folder / blocks)})
    for run in runs:
        run["files"] = count
        run["ms_per_file"] = round(1000 * run["seconds"] / count, 2)
        run["cpu_ms_per_file"] = round(1000 * run["cpu_s"] / count, 2)
    return runs


def _watch(options: Sequence[str], folder: Path, blocks: Path | None) -> dict[str, Any]:
    """Time of one command, memory and processor time of all its processes, and when its first answers lay on the disk.

    Processor time says what the work costs where other programs use the machine, too.
    """
    command = [sys.executable, "-m", "brain_tumor", "predict", "in", "--quiet", *options]
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, env={**os.environ, **_ENVIRONMENT}) as process:
        found: dict[str, float] = {"peak_mb": 0.0, "first_s": 0.0, "cpu_s": 0.0}
        ended = threading.Event()
        watcher = threading.Thread(target=_sample, args=(process.pid, found, blocks, start, ended))
        watcher.start()
        process.wait()
        ended.set()
        watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[2:])} ended with status {process.returncode}")
    seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 2), **{name: round(value, 1) for name, value in found.items()}}


def _sample(pid: int, found: dict[str, float], blocks: Path | None, start: float, ended: threading.Event) -> None:
    cpu_s: dict[int, float] = {}  # by process; those that have ended count
    while not ended.wait(0.5):
        try:
            processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        total = 0.0
        for process in processes:
            try:
                # What processes share is counted once.
                total += process.memory_full_info().pss / 1e6
                used = process.cpu_times()
                cpu_s[process.pid] = used.user + used.system
            except (psutil.Error, AttributeError):
                continue
        found["peak_mb"] = max(found["peak_mb"], total)
        found["cpu_s"] = sum(cpu_s.values())
        if blocks and not found["first_s"] and blocks.is_dir() and any(blocks.glob("*.parquet")):
            found["first_s"] = time.perf_counter() - start


def _block_times(folder: Path) -> list[float]:
    """Seconds that each block of an ordinary size took in its worker, from the times of its slices."""
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    tables = [pq.read_table(path, columns=["elapsed_s"]) for path in sorted((folder / "slices").glob("*.parquet"))]
    return [round(sum(table["elapsed_s"].to_pylist()) / table.num_rows, 5) for table in tables]


@dataclass(frozen=True, slots=True)
class SimulatedListing:
    """Names that no disk holds, cut into blocks as real ones are."""

    count: int
    block_files: int

    def __call__(self) -> Iterator[WorkBlock]:
        """List them one by one."""
        names = (
            Found(f"archive/{number // 1000:05}/study-{number // 100:07}/slice-{number:08}.dcm", True)
            for number in range(self.count)
        )
        return cut_blocks(names, self.block_files)


@dataclass(frozen=True, slots=True)
class SimulatedScanning:
    """In place of a worker that reads headers: says that every folder holds one series."""

    job: BlockJob

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The series of a block."""
        for block in batch.get("block", ()):
            folders = dict.fromkeys(file.name.rpartition("/")[0] for file in block.files)
            shared = tuple(SeriesLocation(folder.encode()[-8:], folder) for folder in folders)
            yield {"answer": ray_executor._to_column((block.key, shared))}


@dataclass(frozen=True, slots=True)
class SimulatedAnswering:
    """In place of a worker: says that a block is answered, and does nothing."""

    job: BlockJob

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """One answer a block."""
        for block in batch.get("block", ()):
            answered = AnsweredBlock((), (), (), RunSummary(), 0)
            answer = BlockAnswer(block.key, len(block.files), 0, 0, "", 1, "", answered)
            yield {"answer": ray_executor._to_column(answer)}


def list_names(count: int, block_files: int) -> dict[str, float]:
    """Peak memory of this process, the driver, while so many names go through Ray Data; seconds, and names a second."""
    ray_executor._Scanning = SimulatedScanning  # type: ignore[assignment,misc]
    ray_executor._Answering = SimulatedAnswering  # type: ignore[assignment,misc]
    BlockFolder.has = lambda *_: True  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as name:
        folder = BlockFolder(Path(name) / "out")
        folder.begin({}, resume=False, overwrite=False)
        job = BlockJob(folder.path, Path.cwd(), None, 1, "auto", "", ReadOptions(), False, False, False, False, False)
        executor = ray_executor.RayExecutor(ray_executor.LOCAL, job, SimulatedListing(count, block_files))
        batch = Batch([], None, None, None, DoneRows(), Progress(lambda: iter(()), is_quiet=True), False, False)
        start = time.perf_counter()
        executor.answer(batch)
        seconds = time.perf_counter() - start
        lines = (folder.path / "manifest.jsonl").read_text(encoding="ascii").splitlines()
    listed = sum(json.loads(line)["files"] for line in lines)
    if listed != count:
        raise SystemExit(f"{listed} of {count} names came through")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6
    return {"names": count, "blocks": len(lines), "driver_peak_mb": round(peak, 1), "seconds": round(seconds, 2)}


def _in_own_process(count: int, block_files: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.ray_scale", "--list-only", str(count)]
    command += ["--block-files", str(block_files)]
    done = subprocess.run(command, env={**os.environ, **_ENVIRONMENT}, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def simulate_all(
    runs: Sequence[dict[str, Any]], listings: Sequence[dict[str, Any]], price: float
) -> list[dict[str, float]]:
    """SLICES slices on each number of CORES, from the measured times.

    Args:
        runs: of measure_commands; the first run of Ray with one thread counts.
        listings: of list_names; the largest two give the time of the driver and the listing for one block.
        price: of a core for an hour.
    """
    run = next(run for run in runs if run["command"].endswith("--threads 1"))
    small, large = listings[0], listings[-1]
    serial_s = max(1e-6, (large["seconds"] - small["seconds"]) / max(1, large["blocks"] - small["blocks"]))
    found = []
    for cores in CORES:
        seconds = simulate(cores, SLICES, run["block_s"], serial_s, run["first_s"])
        rate = SLICES / seconds
        found.append(
            {
                "cores": cores,
                "hours": round(seconds / 3600, 2),
                "slices_per_s": round(rate, 1),
                "efficiency": round(rate / cores / (SLICES / simulate(1, SLICES, run["block_s"], 0, 0)), 3),
                "megabytes_per_s": round(rate * runs[0]["bytes_per_file"] / 1e6, 2),
                "core_hours": round(cores * seconds / 3600),
                "cost": round(price * cores * seconds / 3600),
            }
        )
    return found


def simulate(cores: int, slices: int, slice_s: Sequence[float], serial_s: float, start_s: float) -> float:
    """Seconds until the last block is answered.

    Every core is a worker that takes the next block once it is free and the block is listed. A block's time is that of
    a measured block, drawn at random. Storage is as fast as it was when that was measured.

    Args:
        cores: of the whole cluster.
        slices: to answer.
        slice_s: mean seconds a slice, of each measured block.
        serial_s: that listing and driver need for a block, one after the other.
        start_s: until the first worker answers.
    """
    draw = random.Random(1)  # noqa: S311 - a simulation, not a secret
    free = [start_s] * cores
    end = start_s
    for number in range(-(-slices // DEFAULT_BLOCK_FILES)):
        begin = max(heapq.heappop(free), start_s + number * serial_s)
        done = begin + DEFAULT_BLOCK_FILES * draw.choice(slice_s)
        heapq.heappush(free, done)
        end = max(end, done)
    return end


def render(report: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    lines = [
        "| command | files | seconds | ms a file | processor ms a file | first answers s "
        "| memory of all processes MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {run['command']} | {run['files']} | {run['seconds']} | {run['ms_per_file']} | {run['cpu_ms_per_file']} "
        f"| {run['first_s'] or '-'} | {run['peak_mb']} |"
        for run in report["runs"]
    ]
    lines += ["", "| names listed | blocks | driver's peak MB | seconds |", "|--:|--:|--:|--:|"]
    lines += [
        f"| {item['names']:,} | {item['blocks']} | {item['driver_peak_mb']} | {item['seconds']} |"
        for item in report["listings"]
    ]
    lines += [
        "",
        "| cores | hours | slices a second | of ideal | read MB/s | core hours | cost |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {item['cores']} | {item['hours']} | {item['slices_per_s']} | {item['efficiency']:.0%} "
        f"| {item['megabytes_per_s']} | {item['core_hours']} | {item['cost']} |"
        for item in report["simulated"]
    ]
    return "\n".join(lines)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000, metavar="N", help="drawn pictures (default: %(default)s)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="of each worker, in turn")
    parser.add_argument("--names", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument(
        "--block-files",
        type=int,
        default=DEFAULT_BLOCK_FILES,
        metavar="N",
        help="of the listings (default: %(default)s)",
    )
    parser.add_argument("--price", type=float, default=0.04, help="of a core for an hour (default: %(default)s)")
    parser.add_argument("--list-only", type=int, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
