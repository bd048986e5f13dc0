"""Images that wait for their series to be complete, and results that wait to be sent: on disk, for the time between.

A method that returns has its change on the disk. Files are written before the rows that name them and removed after
them, so a process that is killed leaves no row without a file; files without a row go at the next start.
"""

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from brain_tumor.dicom_node.durable_files import DATABASE, SUBFOLDERS, digest, make_private, unlink, write_durably
from brain_tumor.dicom_node.queue_database import open_database
from brain_tumor.errors import BrainTumorError

RECEIVING, ANSWERED, FAILED = "receiving", "answered", "failed"
# Digests of series that were answered and erased; more are forgotten, the oldest first.
MAX_REMEMBERED = 100_000


class StoreFullError(BrainTumorError):
    """There is no room for an image; its sender may try again later."""


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """How much is kept at a time."""

    total_bytes: int  # of images and results
    free_bytes: int  # that other programs keep on the disk
    images: int
    images_per_series: int


@dataclass(frozen=True, slots=True)
class ReceivedImage:
    """One image of a series: where it belongs, and its file's content in pieces."""

    series_uid: str
    instance_uid: str
    content: Sequence[bytes | memoryview]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(map(len, self.content))


@dataclass(frozen=True, slots=True)
class Job:
    """A complete series to be answered, as it is now."""

    series: int
    generation: int
    attempt: int  # counted from 1
    files: tuple[Path, ...]  # in the order in which they came
    is_rest: bool  # an answer of more images was sent before, and those are erased: this is only what came later


@dataclass(frozen=True, slots=True)
class WaitingResult:
    """A DICOM file to be sent."""

    id: int
    series: int
    file: Path


class Store:
    """The node's folder; safe to share between threads, used by one process at a time."""

    def __init__(self, folder: Path, limits: StoreLimits) -> None:
        """Open the folder, which is made where there is none; other users of the computer are shut out of it.

        Raises:
            BrainTumorError: the folder is used for something else or cannot be written, or its queue is damaged.
        """
        self._limits = limits
        self._images, self._results = (folder / name for name in SUBFOLDERS)
        for each in (folder, self._images, self._results):
            make_private(each)
        self._lock = threading.Lock()
        self._database = open_database(folder / DATABASE)
        self._remove_strays()
        (image_bytes,) = self._row("SELECT COALESCE(SUM(bytes), 0) FROM image")
        (result_bytes,) = self._row("SELECT COALESCE(SUM(bytes), 0) FROM result")
        self._bytes = int(image_bytes) + int(result_bytes)
        # Names that only grow keep the order of arrival.
        last = max((int(file.stem) for file in (*self._images.iterdir(), *self._results.iterdir())), default=0)
        self._numbers = count(last + 1)

    def close(self) -> None:
        """Let go of the queue."""
        with self._lock:
            self._database.close()

    def add_image(self, image: ReceivedImage) -> tuple[int, bool]:
        """Keep an image; one with the same UID in its series is replaced.

        Returns:
            The number of its series, and whether the image is new: not one that came before with the same content.

        Raises:
            StoreFullError: there is no room.
            OSError: it cannot be written.
        """
        sha256 = digest(image.content)
        with self._lock:
            known = self._row(
                "SELECT series.id FROM image JOIN series ON series.id = image.series "
                "WHERE series.uid = ? AND image.uid = ? AND sha256 = ?",
                image.series_uid,
                image.instance_uid,
                sha256,
            )
            if known:
                return int(known[0]), False
            self._reserve(image)
        file = self._images / f"{next(self._numbers):012}.dcm"
        try:
            write_durably(file, image.content)
            with self._lock, self._transaction():
                series, replaced = self._insert_image(image, file.name, sha256)
        except BaseException:
            self._drop([file.name], self._images, image.size)
            raise
        for name, size in replaced:
            self._drop([name], self._images, size)
        return series, True

    def unfinished(self) -> list[int]:
        """Series that still wait for images or for their answer."""
        with self._lock:
            return [row[0] for row in self._rows("SELECT id FROM series WHERE state = ? ORDER BY id", RECEIVING)]

    def begin(self, series: int) -> Job | None:
        """Take a complete series to answer it; the attempt is counted before, for it may end the process.

        Returns:
            None where it was answered already, or is gone.
        """
        with self._lock, self._transaction():
            self._database.execute(
                "UPDATE series SET attempts = attempts + 1 WHERE id = ? AND state = ?", (series, RECEIVING)
            )
            row = self._row(
                "SELECT uid, generation, attempts FROM series WHERE id = ? AND state = ?", series, RECEIVING
            )
            if not row:
                return None
            uid, generation, attempts = row
            names = [name for (name,) in self._rows("SELECT file FROM image WHERE series = ? ORDER BY id", series)]
            before = self._row("SELECT images FROM answered WHERE series_sha256 = ?", digest([uid.encode()]))
        is_rest = bool(before) and before[0] > len(names)
        return Job(series, generation, attempts, tuple(self._images / name for name in names), is_rest)

    def finish(self, job: Job, results: Sequence[bytes]) -> bool:
        """Keep a series' results until they are sent, in place of those of an older answer.

        Args:
            job: that was begun.
            results: whole DICOM files.

        Returns:
            False where an image came meanwhile: the results are dropped, for the series will be answered again.
        """
        files = [(self._results / f"{next(self._numbers):012}.dcm", content) for content in results]
        size = sum(map(len, results))
        with self._lock:
            self._bytes += size
        try:
            for file, content in files:
                write_durably(file, [content])
            with self._lock, self._transaction():
                old = self._close_series(job, ANSWERED)
                if old is None:
                    raise _OvertakenError
                self._database.executemany(
                    "INSERT INTO result(series, file, bytes) VALUES (?, ?, ?)",
                    [(job.series, file.name, len(content)) for file, content in files],
                )
        except _OvertakenError:
            self._drop([file.name for file, _ in files], self._results, size)
            return False
        except BaseException:
            self._drop([file.name for file, _ in files], self._results, size)
            raise
        for name, old_size in old:
            self._drop([name], self._results, old_size)
        return True

    def take_back(self, job: Job) -> None:
        """An attempt was ended in order, so it does not count."""
        with self._lock, self._transaction():
            self._database.execute(
                "UPDATE series SET attempts = attempts - 1 WHERE id = ? AND generation = ?",
                (job.series, job.generation),
            )

    def give_up(self, job: Job) -> None:
        """Do not try again to answer a series, until another image comes; results of an older answer stay."""
        with self._lock, self._transaction():
            self._database.execute(
                "UPDATE series SET state = ? WHERE id = ? AND generation = ?", (FAILED, job.series, job.generation)
            )

    def waiting_results(self) -> list[WaitingResult]:
        """Results that are not sent yet, the oldest first."""
        with self._lock:
            rows = self._rows("SELECT id, series, file FROM result ORDER BY id")
        return [WaitingResult(id_, series, self._results / name) for id_, series, name in rows]

    def remove_sent(self, result: WaitingResult) -> None:
        """A result has arrived; one that was replaced meanwhile is gone already."""
        with self._lock, self._transaction():
            row = self._row("DELETE FROM result WHERE id = ? RETURNING file, bytes", result.id)
        if row:
            self._drop([row[0]], self._results, row[1])

    def idle_series(self) -> list[int]:
        """Series that were answered or given up, and whose results are all sent; the oldest first."""
        with self._lock:
            return self._idle_series()

    def erase(self, series: int) -> bool:
        """Remove a series with its images, if it is still idle; how many images it had is remembered, by digest."""
        with self._lock:
            return self._erase(series) if series in self._idle_series() else False

    def _idle_series(self) -> list[int]:
        rows = self._rows(
            "SELECT id FROM series WHERE state != ? AND id NOT IN (SELECT series FROM result) ORDER BY id", RECEIVING
        )
        return [row[0] for row in rows]

    def _erase(self, series: int) -> bool:
        with self._transaction():
            uid, state = self._row("SELECT uid, state FROM series WHERE id = ?", series) or ("", "")
            images = self._rows("SELECT file, bytes FROM image WHERE series = ?", series)
            self._database.execute("DELETE FROM series WHERE id = ?", (series,))
            if state == ANSWERED:
                # Of several answers, the one of most images is what a later rest must not replace.
                self._database.execute(
                    "INSERT INTO answered VALUES (?, ?) "
                    "ON CONFLICT DO UPDATE SET images = MAX(images, excluded.images)",
                    (digest([uid.encode()]), len(images)),
                )
                self._database.execute(
                    "DELETE FROM answered WHERE rowid <= (SELECT MAX(rowid) FROM answered) - ?", (MAX_REMEMBERED,)
                )
        for name, size in images:
            unlink(self._images / name)
            self._bytes -= size
        return True

    def _reserve(self, image: ReceivedImage) -> None:
        """Set room aside, which finished series give back where it is short."""
        limits = self._limits
        (of_series,) = self._row(
            "SELECT COUNT(*) FROM image JOIN series ON series.id = image.series WHERE series.uid = ?", image.series_uid
        )
        if of_series >= limits.images_per_series:
            raise StoreFullError(f"a series has more than {limits.images_per_series} images")
        own = self._row("SELECT id FROM series WHERE uid = ?", image.series_uid)
        for series in [*(member for member in self._idle_series() if member not in own), None]:
            (images,) = self._row("SELECT COUNT(*) FROM image")
            fits = images < limits.images and self._bytes + image.size <= limits.total_bytes
            if fits and shutil.disk_usage(self._images).free - image.size >= limits.free_bytes:
                self._bytes += image.size
                return
            if series is not None:
                self._erase(series)
        raise StoreFullError("the folder or its disk is full")

    def _insert_image(self, image: ReceivedImage, name: str, sha256: str) -> tuple[int, list[tuple[str, int]]]:
        (series,) = self._row(
            "INSERT INTO series(uid, state, generation, attempts) VALUES (?, ?, 1, 0) ON CONFLICT(uid) "
            "DO UPDATE SET state = excluded.state, generation = generation + 1, attempts = 0 RETURNING id",
            image.series_uid,
            RECEIVING,
        )
        replaced = self._rows(
            "DELETE FROM image WHERE series = ? AND uid = ? RETURNING file, bytes", series, image.instance_uid
        )
        self._database.execute(
            "INSERT INTO image(series, uid, file, bytes, sha256) VALUES (?, ?, ?, ?, ?)",
            (series, image.instance_uid, name, image.size, sha256),
        )
        return series, replaced

    def _close_series(self, job: Job, state: str) -> list[tuple[str, int]] | None:
        """The files of its older results, whose rows are gone; None where the job is of an older generation."""
        closed = self._row(
            "UPDATE series SET state = ? WHERE id = ? AND generation = ? AND state = ? RETURNING id",
            state,
            job.series,
            job.generation,
            RECEIVING,
        )
        if not closed:
            return None
        if job.is_rest:
            return []
        return self._rows("DELETE FROM result WHERE series = ? RETURNING file, bytes", job.series)

    def _drop(self, names: Sequence[str], folder: Path, size: int) -> None:
        for name in names:
            unlink(folder / name)
        with self._lock:
            self._bytes -= size

    def _remove_strays(self) -> None:
        for folder, table in ((self._images, "image"), (self._results, "result")):
            named = {name for (name,) in self._rows(f"SELECT file FROM {table}")}  # noqa: S608 - two fixed words
            for file in folder.iterdir():
                if file.name not in named:
                    unlink(file)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk may have ended it already
                self._database.execute("ROLLBACK")
            raise

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()

    def _row(self, statement: str, *values: object) -> tuple[Any, ...]:
        """The first row; empty where there is none."""
        rows = self._rows(statement, *values)
        return rows[0] if rows else ()


class _OvertakenError(Exception):
    """An image came while its series was being answered."""
