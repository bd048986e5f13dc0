"""The queue's tables, in SQLite: opened so that a committed change survives SIGKILL and a power cut."""

import sqlite3
from pathlib import Path

from brain_tumor.errors import BrainTumorError

VERSION = 1
# No clock time is kept: what waits, waits again after a start, so a clock that was set wrong loses nothing.
_TABLES = """
CREATE TABLE series(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    generation INTEGER NOT NULL,  -- one more with every image; an answer to an older one is dropped
    attempts INTEGER NOT NULL     -- to answer this generation
);
CREATE TABLE image(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL REFERENCES series(id) ON DELETE CASCADE,
    uid TEXT NOT NULL,
    file TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE(series, uid)
);
CREATE TABLE result(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL REFERENCES series(id) ON DELETE CASCADE,
    file TEXT NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE INDEX result_of_series ON result(series);
CREATE TABLE answered(        -- series whose images are erased
    series_sha256 TEXT PRIMARY KEY,
    images INTEGER NOT NULL   -- that the answer is of
);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the queue, which is made where there is none; to be used by one thread at a time.

    Raises:
        BrainTumorError: the file is damaged, or of another version of this package.
    """
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        # A commit returns when the log is on the disk; what was deleted is overwritten.
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA foreign_keys = ON")
        (found,) = database.execute("PRAGMA user_version").fetchone()
        if found == 0:
            database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        elif found != VERSION:
            raise BrainTumorError(
                f"{path.name}: is a queue of version {found}, this program uses {VERSION}; let the program that wrote "
                "it send what is left, or name another folder"
            )
    except sqlite3.Error as error:
        raise BrainTumorError(
            f"{path.name}: the queue cannot be opened ({type(error).__name__}); check the folder's permissions, or "
            "move the file away to start with an empty queue"
        ) from None
    return database
