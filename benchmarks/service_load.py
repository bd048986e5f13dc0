"""The service beside `brain-tumor predict` on the same images, in turn, and whether every answer is the right one.

    python benchmarks/service_load.py --requests 4000 --at-once 64 --out service.json

Both are processes of their own with the shipped network. The callers are threads of this program with a connection
each, on the same cores, so their work counts against the service.
"""

import argparse
import csv
import http.client
import json
import os
import platform
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

if __package__ is None:
    sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.predict_scale import draw_png

_BOUNDARY = "benchmark"
_HEADERS = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
# Numbers of answers are rounded, and float32 sums may be taken in another order.
_SAME = 1e-4


@dataclass
class Load:
    """What callers saw."""

    elapsed_s: float = 0.0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)  # by file
    waits_s: list[float] = field(default_factory=list)  # of each request
    refused: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file where one is asked for; 1 where an answer is wrong or lost."""
    args = _parse(argv)
    with tempfile.TemporaryDirectory() as name, _service(Path(name)) as (port, pid):
        folder = Path(name)
        images = _write_images(folder / "in", args.images)
        calls = [images[index % len(images)] for index in range(args.requests * args.files)]
        bodies = [
            (index, _to_body(index, calls[index : index + args.files])) for index in range(0, len(calls), args.files)
        ]
        predicted, loads, cpu_s, predict_cpu_s = [], list[Load](), 0.0, 0.0
        expected = _predict(folder, images)[1]
        for _ in range(args.rounds):
            before = _children_cpu_s()
            predicted.append(_predict(folder, calls)[0] / len(calls))
            predict_cpu_s += _children_cpu_s() - before
            before = _cpu_s(pid)
            loads.append(_ask_all(port, bodies, args.at_once))
            cpu_s += _cpu_s(pid) - before
        wrong, lost = _compare(loads, calls, expected)
    service = [load.elapsed_s / len(calls) for load in loads]
    waits = sorted(wait for load in loads for wait in load.waits_s)
    report = {
        "requests": args.requests * args.rounds,
        "files_per_request": args.files,
        "at_once": args.at_once,
        "predict_ms_per_image": [round(1000 * item, 2) for item in predicted],
        "service_ms_per_image": [round(1000 * item, 2) for item in service],
        "throughput_ratio": round(statistics.median(predicted) / statistics.median(service), 3),
        # Of the whole process, its start included, which the service has behind it.
        "predict_cpu_ms_per_image": round(1000 * predict_cpu_s / (len(calls) * args.rounds), 2),
        "service_cpu_ms_per_image": round(1000 * cpu_s / (len(calls) * args.rounds), 2),
        "median_wait_s": round(statistics.median(waits), 3),
        "p99_wait_s": round(waits[int(0.99 * (len(waits) - 1))], 3),
        "refused": sum(load.refused for load in loads),
        "wrong": wrong,
        "lost": lost,
        "machine": {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()},
    }
    print(json.dumps(report, indent=2))
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return int(bool(wrong or lost))


@contextmanager
def _service(folder: Path) -> Iterator[tuple[int, int]]:
    """Port and number of a service that is ready."""
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "brain_tumor", "serve", "--port", "0"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        while '"ready"' not in (text := (folder / "log").read_text(encoding="utf-8")):
            if process.poll() is not None:
                raise SystemExit(text)
            time.sleep(0.05)
        yield int(re.findall(r'"port": (\d+)', text)[0]), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _write_images(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    images = [folder / f"{number:05}.png" for number in range(count)]
    for number, path in enumerate(images):
        path.write_bytes(draw_png(number))
    return images


def _predict(folder: Path, calls: Sequence[Path]) -> tuple[float, dict[str, dict[str, str]]]:
    """Seconds that `predict` gives for answering, its start left out, and its rows by file name."""
    (folder / "list").write_text("".join(f"{path}\n" for path in calls), encoding="utf-8")
    command = [sys.executable, "-m", "brain_tumor", "predict", "--files-from", str(folder / "list")]
    table = folder / "out.csv"
    done = subprocess.run([*command, "--csv", str(table), "--overwrite"], capture_output=True, text=True, check=True)
    (elapsed,) = re.findall(r"answered in ([\d.]+) s", done.stderr)
    with table.open(encoding="utf-8", newline="") as lines:
        return float(elapsed), {Path(row["file"]).name: row for row in csv.DictReader(lines)}


def _to_body(index: int, paths: Sequence[Path]) -> bytes:
    head = 'Content-Disposition: form-data; name="files"; filename="{}"\r\n\r\n'
    parts = [
        f"--{_BOUNDARY}\r\n{head.format(index + offset)}".encode() + path.read_bytes() + b"\r\n"
        for offset, path in enumerate(paths)
    ]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def _ask_all(port: int, bodies: Sequence[tuple[int, bytes]], at_once: int) -> Load:
    load, left = Load(), SimpleQueue[tuple[int, bytes]]()
    for item in bodies:
        left.put(item)

    def call() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        while True:
            try:
                _, body = left.get_nowait()
            except Empty:
                return connection.close()
            _ask(connection, body, load)

    threads = [threading.Thread(target=call) for _ in range(at_once)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.elapsed_s = time.perf_counter() - begin
    return load


def _ask(connection: http.client.HTTPConnection, body: bytes, load: Load) -> None:
    begin = time.perf_counter()
    while True:
        connection.request("POST", "/v1/classify", body, _HEADERS)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 503:
            break
        load.refused += 1
        time.sleep(float(answer.getheader("Retry-After", "1")))
    load.waits_s.append(time.perf_counter() - begin)
    if answer.status == 200:
        load.rows.update({row["file"]: row for row in json.loads(content)["slices"]})


def _compare(loads: Sequence[Load], calls: Sequence[Path], expected: dict[str, dict[str, str]]) -> tuple[int, int]:
    wrong = lost = 0
    for load in loads:
        for index, path in enumerate(calls):
            row, right = load.rows.get(str(index)), expected[path.name]
            lost += row is None
            wrong += row is not None and (
                row["status"] != right["status"]
                or row["class"] != right["class"]
                or any(abs(row[name] - float(right[name])) > _SAME for name in right if name.startswith("p_"))
            )
    return wrong, lost


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_s(pid: int) -> float:
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000, metavar="N", help="in each round (default: 1000)")
    parser.add_argument("--files", type=int, default=1, metavar="N", help="in each request (default: 1)")
    parser.add_argument("--at-once", type=int, default=64, metavar="N", help="callers (default: 64)")
    parser.add_argument("--images", type=int, default=200, metavar="N", help="different ones (default: 200)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of predict and service (default: 3)")
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
