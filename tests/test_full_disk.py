"""Commands whose disk is full, read-only or taken away: no half of an answer ever passes for a whole one."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from nibabel.nifti1 import Nifti1Image

from brain_tumor.cli import main
from brain_tumor.evaluation import report
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.rows import Row, to_answered_row
from tests.disk import full_disk
from tests.factories import png_bytes
from tests.scripted import ScriptedClassifier

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")

Capture = pytest.CaptureFixture[str]
NAMES = [f"in/{number:02}-mapped.png" for number in range(20)]
WRONG_USE = 2


@pytest.fixture(autouse=True)
def _twenty_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    Path("in").mkdir()
    for name in NAMES:
        Path(name).write_bytes(png_bytes())


def read_names(path: str) -> list[str]:
    """The files that a table has rows of."""
    if path.endswith("parquet"):
        return [str(name) for name in pq.read_table(path)["file"].to_pylist()]
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file) if path.endswith("csv") else map(json.loads, file)
        return [row["file"] for row in rows]


def files(folder: str = ".") -> list[str]:
    """What lies there beside the images."""
    return sorted(path.name for path in Path(folder).iterdir() if path.name != "in")


# The first row does not fit; some fit; with Parquet all rows fit, but not the file that they make.
@pytest.mark.parametrize(
    ("ending", "limit_bytes", "images"),
    [
        ("csv", 600, "in"),
        ("csv", 3000, "in"),
        ("jsonl", 3000, "in"),
        ("parquet", 3000, "in"),
        ("parquet", 3000, NAMES[0]),
    ],
)
def test_a_table_that_does_not_fit_stays_a_part_and_is_gone_on_with(
    ending: str, limit_bytes: int, images: str, capsys: Capture
) -> None:
    table = f"out.{ending}"
    command = ["predict", images, f"--{ending}", table]
    with full_disk(limit_bytes):
        assert main(command) == WRONG_USE
    error = capsys.readouterr().err
    assert f"brain-tumor: {table}: cannot be written (File too large); the rows so far are in {table}.part" in error
    assert error.endswith("make room, then go on with the same command and --resume\n")
    assert not Path(table).exists() and not Path(f"{table}.part").is_dir()
    assert main([*command, "--resume"]) == 0
    assert read_names(table) == (NAMES if images == "in" else [images])
    assert files() == [table, f"{table}.run.json"]


def test_a_table_beside_one_that_does_not_fit_is_no_whole_one_either() -> None:
    # A row is longer as JSON than as CSV.
    command = ["predict", "in", "--csv", "out.csv", "--jsonl", "out.jsonl"]
    with full_disk(6000):
        assert main(command) == WRONG_USE
    assert not Path("out.csv").exists() and not Path("out.jsonl").exists()
    assert main([*command, "--resume"]) == 0
    assert read_names("out.csv") == read_names("out.jsonl") == NAMES


def test_a_table_whose_first_line_does_not_fit_is_status_2_before_any_answer(capsys: Capture) -> None:
    with full_disk(100):
        assert main(["predict", "in", "--csv", "out.csv"]) == WRONG_USE
    shown = capsys.readouterr()
    assert shown.out == "" and "out.csv: cannot be written (File too large)" in shown.err
    assert not Path("out.csv").exists()


def test_a_table_of_series_that_does_not_fit_is_no_whole_one(capsys: Capture) -> None:
    for number in range(8):
        voxels = np.random.default_rng(number).integers(0, 900, (32, 32, 2)).astype(np.int16)
        image = Nifti1Image(voxels, np.eye(4))  # type: ignore[no-untyped-call]
        image.to_filename(f"in/{number}.nii")
    with full_disk(600):
        assert main(["predict", "in/*.nii", "--series-csv", "series.csv"]) == WRONG_USE
    assert "are in series.csv.part; make room, then run again" in capsys.readouterr().err
    assert not Path("series.csv").exists()


@pytest.mark.parametrize("option", ["--heatmaps", "--report"])
def test_pictures_and_reports_that_do_not_fit_are_not_there(option: str, capsys: Capture) -> None:
    with full_disk(200):
        assert main(["predict", "in", option, "made"]) == WRONG_USE
    assert "cannot be written (File too large); make room there or name another folder" in capsys.readouterr().err
    assert [path for path in Path("made").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--csv", "file/out.csv"],
        ["--parquet", "file/out.parquet"],
        ["--heatmaps", "file/maps"],
        ["--report", "file/made"],
    ],
)
def test_a_place_below_a_file_is_status_2_with_its_name(arguments: list[str], capsys: Capture) -> None:
    Path("file").write_bytes(b"kept")
    assert main(["predict", "in", *arguments]) == WRONG_USE
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("brain-tumor: file/") and "cannot be written (" in error and "another" in error
    assert Path("file").read_bytes() == b"kept"


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder of a disk that cannot be written; root writes where its permissions forbid it."""
    folder = Path("read-only")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder.resolve())], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.chmod(0o555)
    try:
        probe = folder / "probe"
        probe.touch()
    except OSError:
        yield folder
    else:
        probe.unlink()
        pytest.skip("this user may write everywhere, and may not mount a disk that is read-only")
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(folder.resolve())], check=True)
        else:
            folder.chmod(0o755)


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--parquet", "--series-csv", "--heatmaps", "--report"])
def test_a_read_only_disk_is_status_2_and_says_what_to_do(option: str, read_only: Path, capsys: Capture) -> None:
    assert main(["predict", "in", option, f"{read_only}/out"]) == WRONG_USE
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("brain-tumor: read-only/out") and "another" in error


def remove_after(answers: int, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a folder, once so many answers are there."""
    shown = iter(range(1, 100))

    def to_row_and_remove(*arguments: object) -> Row:
        if next(shown) == answers:
            shutil.rmtree(folder)
        return to_answered_row(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("brain_tumor.prediction.batch.to_answered_row", to_row_and_remove)


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--parquet"])
def test_a_table_whose_folder_vanishes_is_not_said_to_be_written(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    Path("made").mkdir()
    remove_after(5, "made", monkeypatch)
    assert main(["predict", "in", option, "made/out"]) == WRONG_USE
    assert "made/out: is gone before it was whole" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--heatmaps", "--report"])
def test_a_folder_of_pictures_or_reports_that_vanishes_is_not_begun_anew(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    remove_after(5, "made", monkeypatch)
    assert main(["predict", "in", option, "made"]) == WRONG_USE
    assert "made: is gone, with" in capsys.readouterr().err
    assert not Path("made").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("arguments", [["predict", "in"], ["predict", "in", "--json"], ["model", "info"]])
def test_a_standard_output_that_is_full_is_status_2_in_words(arguments: list[str]) -> None:
    program = """
import sys
import brain_tumor.prediction.command as command
from brain_tumor.cli import main
from tests.scripted import ScriptedClassifier
command.load_classifier = lambda *_: ScriptedClassifier()
raise SystemExit(main(sys.argv[1:]))
"""
    root = Path(__file__).parents[1]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": ""},
        )
    assert ended.returncode == WRONG_USE
    error = ended.stderr.splitlines()[-1]
    assert error.startswith("brain-tumor: the answers cannot be written (No space left on device)"), ended.stderr
    assert "Traceback" not in ended.stderr


def test_rows_are_lost_by_no_order_in_which_tables_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The last step of the first table closed fails, so that the other is not whole either.
    def fail(self: TableFile) -> None:
        raise OSError(28, "No space left on device")

    command = ["predict", "in", "--csv", "out.csv", "--jsonl", "out.jsonl"]
    with monkeypatch.context() as patch:
        patch.setattr("brain_tumor.tables.csv_jsonl.JsonLinesFile._finish", fail)
        assert main(command) == WRONG_USE
    assert not Path("out.csv").exists() and not Path("out.jsonl").exists()
    assert main([*command, "--resume"]) == 0
    assert read_names("out.csv") == read_names("out.jsonl") == NAMES


def test_an_evaluation_s_report_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    report.write_report({"evaluation.json": b"old", "report.html": b"old"}, tmp_path / "made")
    with full_disk(1000), pytest.raises(OSError):  # noqa: PT011 - the number differs between systems
        report.write_report({"evaluation.json": b"new", "report.html": bytes(2000)}, tmp_path / "made")
    assert {path.name: path.read_bytes() for path in Path("made").iterdir()} == {
        "evaluation.json": b"old",
        "report.html": b"old",
    }
    assert files() == ["made"]
