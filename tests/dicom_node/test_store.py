"""The node's folder: what is on the disk after each step, and after a process that was killed between two."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.dicom_node.store import ReceivedImage, Store, StoreFullError, StoreLimits
from brain_tumor.errors import BrainTumorError

MIB = 2**20
RESULTS = [b"report", b"capture"]


def make_limits(**changes: int) -> StoreLimits:
    return StoreLimits(
        **{"total_bytes": 10 * MIB, "free_bytes": 0, "images": 1000, "images_per_series": 100, **changes}
    )


def make_image(number: int = 1, content: bytes = b"", series: str = "1.2.3") -> ReceivedImage:
    return ReceivedImage(series, f"1.2.3.{number}", [b"head", content or b"pixels %d" % number])


@pytest.fixture
def open_store(tmp_path: Path) -> Callable[..., Store]:
    return lambda **changes: Store(tmp_path / "node", make_limits(**changes))


def files_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*.dcm"))]


def test_a_series_goes_through_the_store_and_nothing_of_it_stays(
    open_store: Callable[..., Store], tmp_path: Path
) -> None:
    store = open_store()
    series, is_new = store.add_image(make_image(1))
    assert is_new and store.add_image(make_image(2)) == (series, True)
    job = store.begin(series)
    assert job is not None and [file.read_bytes() for file in job.files] == [b"headpixels 1", b"headpixels 2"]
    assert store.finish(job, RESULTS)
    waiting = store.waiting_results()
    assert [item.file.read_bytes() for item in waiting] == RESULTS
    assert store.idle_series() == [] and not store.erase(series)  # results wait
    for result in waiting:
        store.remove_sent(result)
    assert store.waiting_results() == [] and store.idle_series() == [series]
    assert store.erase(series)
    store.close()
    assert files_in(tmp_path) == []
    database = b"".join(path.read_bytes() for path in (tmp_path / "node").glob("queue.sqlite*"))
    assert b"1.2.3" not in database


def test_the_folder_is_private(open_store: Callable[..., Store], tmp_path: Path) -> None:
    (tmp_path / "node").mkdir(mode=0o755)
    store = open_store()
    store.add_image(make_image())
    assert stat.S_IMODE((tmp_path / "node").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*.dcm")} == {0o600}


def test_a_folder_with_other_files_is_refused(open_store: Callable[..., Store], tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "thesis.txt").touch()
    with pytest.raises(BrainTumorError, match="holds other files"):
        open_store()


def test_the_same_image_again_is_kept_once_and_is_not_new(open_store: Callable[..., Store], tmp_path: Path) -> None:
    store = open_store()
    first = store.add_image(make_image())
    assert first == (1, True)
    assert store.add_image(make_image()) == (1, False)
    assert len(files_in(tmp_path)) == 1
    job = store.begin(1)
    assert job and store.finish(job, RESULTS)
    assert store.add_image(make_image()) == (1, False)
    assert store.unfinished() == []  # so it is not answered again


def test_a_corrected_image_replaces_the_one_before_and_opens_the_series(
    open_store: Callable[..., Store], tmp_path: Path
) -> None:
    store = open_store()
    store.add_image(make_image())
    job = store.begin(1)
    assert job and store.finish(job, [])
    assert store.add_image(make_image(content=b"corrected")) == (1, True)
    assert store.unfinished() == [1]
    assert files_in(tmp_path) == [b"headcorrected"]


def test_a_later_image_opens_the_series_and_the_new_results_replace_the_old(
    open_store: Callable[..., Store], tmp_path: Path
) -> None:
    store = open_store()
    store.add_image(make_image(1))
    job = store.begin(1)
    assert job and store.finish(job, RESULTS)
    store.add_image(make_image(2))
    again = store.begin(1)
    assert again and len(again.files) == 2
    assert store.finish(again, [b"new report"])
    assert [result.file.read_bytes() for result in store.waiting_results()] == [b"new report"]
    assert files_in(tmp_path / "node" / "results") == [b"new report"]


def test_an_image_that_comes_during_the_answer_drops_it(open_store: Callable[..., Store], tmp_path: Path) -> None:
    store = open_store()
    store.add_image(make_image(1))
    job = store.begin(1)
    store.add_image(make_image(2))
    assert job and not store.finish(job, RESULTS)
    assert store.waiting_results() == [] and store.unfinished() == [1]
    assert files_in(tmp_path / "node" / "results") == []


def test_what_comes_after_the_images_are_erased_is_known_as_a_rest(open_store: Callable[..., Store]) -> None:
    store = open_store()
    for number in range(3):
        store.add_image(make_image(number))
    job = store.begin(1)
    assert job and store.finish(job, []) and store.erase(1)
    series, _ = store.add_image(make_image(3))
    rest = store.begin(series)
    assert rest and rest.is_rest
    for number in range(3):  # the whole series again
        store.add_image(make_image(number))
    whole = store.begin(series)
    assert whole and not whole.is_rest


def test_after_a_start_all_is_where_it_was(open_store: Callable[..., Store]) -> None:
    store = open_store()
    store.add_image(make_image(1, series="1.2.1"))
    store.add_image(make_image(1, series="1.2.2"))
    job = store.begin(1)
    assert job and store.finish(job, RESULTS)
    assert store.begin(2)
    store.close()
    store = open_store()
    assert store.unfinished() == [2]
    assert [result.file.read_bytes() for result in store.waiting_results()] == RESULTS
    job = store.begin(2)
    assert job and job.attempt == 2
    store.add_image(make_image(2, series="1.2.2"))
    job = store.begin(2)
    assert job and job.attempt == 1 and len(job.files) == 2


def test_files_that_no_row_names_go_at_the_start(open_store: Callable[..., Store], tmp_path: Path) -> None:
    store = open_store()
    store.add_image(make_image(1))
    store.close()
    (tmp_path / "node" / "images" / "000000000099.dcm").write_bytes(b"half an image")
    (tmp_path / "node" / "results" / "000000000098.dcm").write_bytes(b"half a result")
    open_store()
    assert files_in(tmp_path) == [b"headpixels 1"]


def test_a_full_store_refuses_and_says_that_it_is_full(open_store: Callable[..., Store], tmp_path: Path) -> None:
    store = open_store(total_bytes=3 * MIB)
    store.add_image(make_image(1, bytes(2 * MIB)))
    with pytest.raises(StoreFullError):
        store.add_image(make_image(2, bytes(2 * MIB)))
    assert len(files_in(tmp_path)) == 1
    store.add_image(make_image(3, bytes(MIB // 2)))


def test_finished_series_make_room(open_store: Callable[..., Store]) -> None:
    store = open_store(total_bytes=3 * MIB)
    store.add_image(make_image(1, bytes(2 * MIB), series="1.2.1"))
    job = store.begin(1)
    assert job and store.finish(job, [])
    assert store.add_image(make_image(1, bytes(2 * MIB), series="1.2.2")) == (2, True)
    assert store.idle_series() == []


def test_a_series_does_not_make_room_for_its_own_later_image(open_store: Callable[..., Store]) -> None:
    store = open_store(total_bytes=3 * MIB)
    store.add_image(make_image(1, bytes(2 * MIB)))
    job = store.begin(1)
    assert job and store.finish(job, [])
    with pytest.raises(StoreFullError):
        store.add_image(make_image(2, bytes(2 * MIB)))
    assert store.idle_series() == [1]


class FailingOnce:
    """A database whose disk is full at one commit."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database, self._is_full = database, True

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement == "COMMIT" and self._is_full:
            self._is_full = False
            raise sqlite3.OperationalError("database or disk is full")
        return self._database.execute(statement, *values)


def test_a_commit_that_fails_leaves_nothing_and_ends_nothing(open_store: Callable[..., Store], tmp_path: Path) -> None:
    store: Any = open_store()
    store._database = FailingOnce(store._database)
    with pytest.raises(sqlite3.OperationalError):
        store.add_image(make_image(1))
    assert files_in(tmp_path) == []
    assert store.add_image(make_image(1)) == (1, True)


@pytest.mark.parametrize(("limit", "name"), [({"images": 2}, "images"), ({"images_per_series": 2}, "per series")])
def test_images_are_counted(open_store: Callable[..., Store], limit: dict[str, int], name: str) -> None:
    store = open_store(**limit)
    store.add_image(make_image(1))
    store.add_image(make_image(2))
    with pytest.raises(StoreFullError):
        store.add_image(make_image(3))


def test_a_disk_that_others_need_is_left_to_them(open_store: Callable[..., Store]) -> None:
    store = open_store(free_bytes=2**62)
    with pytest.raises(StoreFullError):
        store.add_image(make_image(1))


def test_an_image_that_cannot_be_written_takes_no_room(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = open_store(total_bytes=3 * MIB)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            store.add_image(make_image(1, bytes(2 * MIB)))
    assert files_in(tmp_path) == []
    store.add_image(make_image(1, bytes(2 * MIB)))


def test_a_damaged_queue_is_an_error_in_words(open_store: Callable[..., Store], tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "queue.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(BrainTumorError, match="queue cannot be opened"):
        open_store()


KILLED = """
import os, signal, sys
from pathlib import Path
from brain_tumor.dicom_node import durable_files, store as module
from brain_tumor.dicom_node.store import ReceivedImage, Store, StoreLimits

store = Store(Path(sys.argv[1]), StoreLimits(2**30, 0, 10**6, 10**6))
step = int(sys.argv[2])
done = 0

def die_at(module, name):
    real = getattr(module, name)
    def counted(*given):
        global done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given)
    setattr(module, name, counted)

for name in ("write_durably", "unlink", "digest"):
    die_at(module, name)
die_at(durable_files, "_sync_folder")
number = 0
while True:
    number += 1
    series, _ = store.add_image(ReceivedImage("1.2.3", f"1.2.3.{number}", [b"pixels"]))
    print(number, flush=True)
    if number % 3 == 0:
        store.finish(store.begin(series), [b"report of %d" % number])
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, 30, 2))
def test_a_process_that_is_killed_at_any_step_loses_nothing_that_it_acknowledged(tmp_path: Path, step: int) -> None:
    process = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "node", str(step)], capture_output=True, check=False, timeout=60
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    acknowledged = len(process.stdout.split())
    store = Store(tmp_path / "node", make_limits())
    store.add_image(make_image(99))
    job = store.begin(1)
    assert job is not None
    # One more may be there: on the disk, and not yet said so.
    assert acknowledged <= len(job.files) - 1 <= acknowledged + 1
    assert sorted(job.files) == sorted((tmp_path / "node" / "images").iterdir())
    waiting = [result.file for result in store.waiting_results()]
    assert len(waiting) <= 1 and waiting == list((tmp_path / "node" / "results").iterdir())
