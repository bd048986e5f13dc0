import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from brain_tumor.dicom_node.queue_database import VERSION, open_database
from brain_tumor.errors import BrainTumorError


def test_what_was_committed_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    for expected in range(2):
        with closing(open_database(path)) as database:
            assert database.execute("SELECT count(*) FROM series").fetchone() == (expected,)
            database.execute("INSERT INTO series VALUES (NULL, ?, 'open', 1, 0)", (f"1.{expected}",))


def test_a_commit_is_on_the_disk_and_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "queue.sqlite")) as database:
        found = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        assert found == ["wal", 2]  # 2 is FULL
        assert database.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_a_series_takes_its_images_and_results_with_it(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "queue.sqlite")) as database:
        database.execute("INSERT INTO series VALUES (1, '1.2', 'open', 1, 0)")
        database.execute("INSERT INTO image VALUES (1, 1, '1.2.3', 'a.dcm', 10, '')")
        database.execute("INSERT INTO result VALUES (1, 1, 'b.dcm', 10)")
        database.execute("DELETE FROM series")
        for table in ("image", "result"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608 - two constants


def test_a_queue_of_another_version_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(BrainTumorError, match=rf"a queue of version {VERSION + 1}, this program uses {VERSION};"):
        open_database(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)


def test_damage_is_an_error_that_names_the_file_and_a_way_on(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(b"no database, but longer than its header" * 100)
    with pytest.raises(BrainTumorError, match=r"^queue.sqlite: the queue cannot be opened .* move the file away"):
        open_database(path)


def test_a_folder_that_is_missing_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(BrainTumorError, match="check the folder's permissions"):
        open_database(tmp_path / "missing" / "queue.sqlite")
