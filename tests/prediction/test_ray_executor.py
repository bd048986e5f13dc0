"""Many processes: the rows of `predict`, and what a killed worker, a lost node and a fatal file leave."""

import contextlib
import csv
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("ray")
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from tests.dicom_factory import slice_of_series
from tests.factories import png_bytes
from tests.input.volumes import nifti_bytes
from tests.waiting import wait_until
from tools.ports import free_port

pytestmark = pytest.mark.slow

# Nothing listens to other machines, and nothing is sent to Ray's makers. Workers get their share of a busy machine:
# Ray would run them at niceness 15.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_worker_niceness": "0",
}
# A node each, on loopback: Ray replaces 127.0.0.1 by the machine's outer address.
_NODES = ("127.0.0.2", "127.0.0.3")
_STORE_BYTES = 100 * 2**20


def predict(*arguments: str, cwd: Path, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "brain_tumor", "predict", *arguments]
    environment = {**os.environ, **_ENVIRONMENT, **environment}
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: "subprocess.Popen[str]", status: int = 0) -> str:
    try:
        out, errors = process.communicate(timeout=280)
    finally:
        process.kill()
    assert process.returncode == status, errors
    return out + errors


def rows(path: Path) -> list[dict[str, str]]:
    """A table's rows without their times, in an order of their own."""
    with path.open(newline="", encoding="utf-8") as lines:
        found = [{name: cell for name, cell in row.items() if name != "elapsed_s"} for row in csv.DictReader(lines)]
    return sorted(found, key=lambda row: (row.get("file", ""), row["series"], int(row.get("slice") or 0)))


def answered(folder: Path) -> list[str]:
    """The files in the blocks, as often as they have rows."""
    return sorted(name for name in pq.read_table(folder / "slices")["file"].to_pylist())


def fill(folder: Path) -> None:
    """Pictures, a volume, DICOM series in a folder and an archive, and files that cannot be read."""
    for number in range(20):
        path = folder / f"pictures/{number % 3}/{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_bytes(64 + number % 4))
    (folder / "pictures/damaged.png").write_bytes(b"damaged")
    (folder / "notes.txt").write_text("no image")
    (folder / "volume.nii").write_bytes(nifti_bytes(np.arange(64 * 64 * 4).reshape(64, 64, 4).astype(np.int16)))
    (folder / "series").mkdir()
    for number in range(3):
        (folder / "series" / f"{number}.dcm").write_bytes(slice_of_series(number, "1.2.3"))
    with zipfile.ZipFile(folder / "study.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"inner/{number}.dcm", slice_of_series(number, "1.2.4"))


def test_the_rows_are_those_of_predict_series_included_and_resume_answers_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    fill(tmp_path / "in")
    tables = ("--csv", "one.csv", "--series-csv", "one-series.csv")
    finish(predict("in", *tables, cwd=tmp_path), 1)
    many = ("--csv", "many.csv", "--series-csv", "many-series.csv", "--parquet", "out", "--ray", "local")
    finish(predict("in", *many, cwd=tmp_path), 1)
    assert rows(tmp_path / "many.csv") == rows(tmp_path / "one.csv")
    assert rows(tmp_path / "many-series.csv") == rows(tmp_path / "one-series.csv")
    assert [row["slices"] for row in rows(tmp_path / "one-series.csv")] == ["3", "3", "4"]
    blocks = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text().splitlines()]
    assert sum(block["slices"] for block in blocks) == len(rows(tmp_path / "one.csv")) == 20 + 1 + 4 + 3 + 3

    said = finish(predict("in", *many, "--resume", "--json", cwd=tmp_path), 1)
    assert "0 files, 0 slices answered" in said and "31 more were in the table already" in said
    assert rows(tmp_path / "many.csv") == rows(tmp_path / "one.csv")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Ray's sockets have names of 107 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start_node(short_folder: Path) -> Iterator[Callable[[], tuple[str, psutil.Process]]]:
    """Starts nodes of one cluster on loopback; all of their processes are ended by their ids."""
    address = f"{_NODES[0]}:{free_port(_NODES[0])}"
    nodes: list[psutil.Popen] = []

    def start() -> tuple[str, psutil.Process]:
        where = ["--head", f"--port={address.rpartition(':')[2]}"] if not nodes else [f"--address={address}"]
        if not nodes:
            where += [f"--temp-dir={short_folder}", "--include-dashboard=false"]
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *where, "--block", "--num-cpus=1"]
        command += [
            f"--node-ip-address={_NODES[len(nodes)]}",
            f"--object-store-memory={_STORE_BYTES}",
            "--disable-usage-stats",
        ]
        log = (short_folder / f"node-{len(nodes)}.log").open("wb")
        with log:
            nodes.append(psutil.Popen(command, env={**os.environ, **_ENVIRONMENT}, stdout=log, stderr=log))
        wait_until(lambda: "Ray runtime started" in Path(log.name).read_text(), f"node {len(nodes)}", 200)
        return address, nodes[-1]

    yield start
    for node in reversed(nodes):
        kill_all(node)


def kill_all(node: psutil.Process) -> None:
    """End a node and all that it started, as a power cut does."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [*node.children(recursive=True), node]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        node.wait(60)


def draw_pictures(folder: Path, folders: int, each: int) -> list[str]:
    names = []
    for number in range(folders * each):
        path = folder / f"{number // each:03}/{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_bytes(64))
        names.append(f"in/{path.relative_to(folder)}")
    return names


def workers_of(node: psutil.Process) -> list[psutil.Process]:
    """The processes that answer blocks; Ray names them after their task."""
    return [
        process
        for process in node.children(recursive=True)
        if "ray::" in "".join(process.cmdline()) and "Answering" in "".join(process.cmdline())
    ]


def test_a_killed_worker_and_a_lost_node_lose_nothing_and_repeat_nothing(
    tmp_path: Path, start_node: Callable[[], tuple[str, psutil.Process]]
) -> None:
    names = draw_pictures(tmp_path / "in", folders=24, each=4)
    _, head = start_node()
    address, other = start_node()
    run = predict("in", "--parquet", "out", "--csv", "all.csv", "--block-files", "6", "--ray", address, cwd=tmp_path)
    slices = tmp_path / "out/slices"
    wait_until(lambda: list(slices.glob("*.parquet")), "the first block", 200)
    for worker in workers_of(head)[:1]:
        worker.send_signal(signal.SIGKILL)
    wait_until(lambda: len(list(slices.glob("*.parquet"))) >= 3, "the third block", 200)
    assert run.poll() is None
    kill_all(other)
    finish(run)
    assert answered(tmp_path / "out") == names
    assert [row["file"] for row in rows(tmp_path / "all.csv")] == names


def test_a_file_that_crashes_its_decoder_gets_its_error_row_and_all_others_are_answered(tmp_path: Path) -> None:
    names = draw_pictures(tmp_path / "in", folders=2, each=6)
    poison = tmp_path / "in/000/00003.png"
    poison.write_bytes(poison.read_bytes() + b"poison")
    # Python imports it in every process of the run, the workers included.
    (tmp_path / "patch").mkdir()
    (tmp_path / "patch/sitecustomize.py").write_text(_CRASHING_DECODER)
    path = os.pathsep.join([str(tmp_path / "patch"), os.environ.get("PYTHONPATH", "")])
    run = predict("in", "--parquet", "out", "--csv", "all.csv", "--ray", "local", cwd=tmp_path, PYTHONPATH=path)
    finish(run, 1)
    assert answered(tmp_path / "out") == names
    errors = [(row["file"], row["reason_code"]) for row in rows(tmp_path / "all.csv") if row["status"] == "error"]
    assert errors == [("in/000/00003.png", "ends_its_process")]
    assert not (tmp_path / "out/tries").exists()


# A decoder that ends its process on some bytes, as a C library with a bug does.
_CRASHING_DECODER = """
import os
import PIL.Image

_open = PIL.Image.open

def open_or_die(stream, *rest, **more):
    position = stream.tell()
    content = stream.read()
    stream.seek(position)
    if content.endswith(b"poison"):
        os.abort()
    return _open(stream, *rest, **more)

PIL.Image.open = open_or_die
"""
