import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from PIL import Image

from brain_tumor.cli import main
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.series import Plane, ReadOptions, Series, WindowMode
from brain_tumor.input.source_file import SourceFile
from brain_tumor.output_lock import locked
from brain_tumor.presentation.wording import NOTICE
from brain_tumor.tables.rows import COLUMNS
from tests.csv_rows import read_rows
from tests.factories import encode, png_bytes
from tests.scripted import ScriptedClassifier

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(good_and_bad_png: None) -> None:  # before the fixtures of a test, which write into that folder
    pass


def test_the_notice_comes_with_the_answers(capsys: Capture) -> None:
    main(["predict", "good.png"])
    assert NOTICE in capsys.readouterr().err


def test_a_missing_file_beside_others_is_a_failed_file(capsys: Capture) -> None:
    assert main(["predict", "missing.png", "good.png"]) == 1
    assert "missing.png: error: cannot be read" in capsys.readouterr().out


def test_a_table_without_a_name_is_refused_with_what_to_give(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["predict", "good.png", "--csv", ""])
    assert "--csv: '' is not a file's name; give one, such as answers.csv" in capsys.readouterr().err


def test_a_csv_has_the_columns_and_one_row_per_image() -> None:
    main(["predict", "good.png", "bad.png", "--csv", "out.csv"])
    found = read_rows("out.csv")
    assert tuple(found[0]) == COLUMNS
    assert [row["file"] for row in found] == ["good.png", "bad.png"]


def test_a_failed_file_has_a_row_with_its_message() -> None:
    main(["predict", "bad.png", "--csv", "out.csv"])
    row = read_rows("out.csv")[0]
    assert (row["status"], row["class"], row["p_glioma"]) == ("error", "", "")
    assert row["reason"].startswith("starts like PNG but is damaged")


def test_csv_probabilities_sum_to_one() -> None:
    main(["predict", "good.png", "--csv", "out.csv"])
    row = read_rows("out.csv")[0]
    assert sum(float(row[column]) for column in COLUMNS if column.startswith("p_")) == pytest.approx(1.0, abs=4e-6)


def test_a_colour_picture_is_a_row_that_says_not_analysed() -> None:
    halves = Image.new("RGB", (80, 80), "red")
    halves.paste("blue", (0, 0, 80, 40))
    Path("photo.jpg").write_bytes(encode(halves, "JPEG"))
    assert main(["predict", "photo.jpg", "--csv", "out.csv"]) == 0
    row = read_rows("out.csv")[0]
    assert (row["status"], row["class"], row["confidence"]) == ("not_a_brain_mri", "No Tumor", "")
    assert row["reason"].startswith("not analysed: ")


def test_a_csv_in_the_searched_folder_is_not_taken_for_an_image() -> None:
    Path("in").mkdir()
    Path("in/1.png").write_bytes(png_bytes())
    main(["predict", "in", "--csv", "in/out.csv"])
    assert main(["predict", "in", "--csv", "in/out.csv", "--overwrite"]) == 0
    assert [row["file"] for row in read_rows("in/out.csv")] == ["in/1.png"]


def test_a_scan_is_never_overwritten_by_a_csv(capsys: Capture) -> None:
    assert main(["predict", "bad.png", "--csv", "good.png"]) == 2
    assert Path("good.png").read_bytes() == png_bytes()


def test_json_is_one_object_per_line_with_the_notice(capsys: Capture) -> None:
    assert main(["predict", "good.png", "bad.png", "--json"]) == 1
    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(good) == [*COLUMNS, "notice"]
    assert (bad["file"], bad["status"], bad["notice"]) == ("bad.png", "error", NOTICE)


def test_a_terminal_gets_a_progress_bar_for_several_images(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    main(["predict", "good.png", "good.png"])
    shown = capsys.readouterr()
    assert "0/2" in shown.err
    assert len(shown.out.splitlines()) == 2


def test_a_pipe_gets_no_progress_bar(capsys: Capture) -> None:
    main(["predict", "good.png", "good.png"])
    summary, *_, notice = capsys.readouterr().err.splitlines()
    assert summary.startswith(("2 files", "1 file"))
    assert notice == NOTICE


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three images in two folders, and a model that computes maps for those called "mapped"."""
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    for name in ("in/a/mapped.png", "in/b/mapped.png", "in/healthy-mapped.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(png_bytes())


@pytest.mark.usefixtures("mapped")
def test_heat_maps_are_written_beside_each_other_under_the_names_of_the_images(capsys: Capture) -> None:
    assert main(["predict", "in", "--heatmaps", "maps"]) == 0
    assert sorted(path.as_posix() for path in Path("maps").rglob("*.png")) == [
        "maps/in/a/mapped.location.png",
        "maps/in/a/mapped.saliency.png",
        "maps/in/b/mapped.location.png",
        "maps/in/b/mapped.saliency.png",
        "maps/in/healthy-mapped.saliency.png",
    ]
    assert "Heat maps written to maps: 3 saliency, 2 location.\n" in capsys.readouterr().err


@pytest.mark.usefixtures("mapped")
def test_heat_maps_inside_the_searched_folder_are_not_taken_for_images(capsys: Capture) -> None:
    main(["predict", "in", "--heatmaps", "in/maps"])
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.usefixtures("mapped")
def test_a_folder_of_images_is_refused_for_heat_maps(capsys: Capture) -> None:
    assert main(["predict", "in", "--heatmaps", "in/a"]) == 2
    assert "in/a: is not an empty folder" in capsys.readouterr().err


@pytest.mark.usefixtures("mapped")
def test_a_location_is_in_the_table_and_in_json(capsys: Capture) -> None:
    main(["predict", "in/a", "in/healthy-mapped.png", "--csv", "out.csv", "--json"])
    tumor, healthy = read_rows("out.csv")
    assert (tumor["location_x0"], tumor["location_score"]) == ("0.500000", "0.800000")
    assert (healthy["location_x0"], healthy["location_score"]) == ("", "")
    assert [json.loads(line)["location_y1"] for line in capsys.readouterr().out.splitlines()] == [0.5, None]


def test_a_model_without_heat_maps_says_so_and_still_answers(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    assert main(["predict", "good.png", "--heatmaps", "maps"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("good.png: ")
    assert "No heat maps written. This model file has no heat maps." in shown.err
    assert not Path("maps").exists()


# Runs `predict` with a classifier that takes a while for each slice and needs no network.
SLOW = """
import signal, sys, time
from brain_tumor import cli
from tests.scripted import ScriptedClassifier

class Slow(ScriptedClassifier):
    def _answer(self, scan, name):
        time.sleep(0.05)
        return super()._answer(scan, name)

import brain_tumor.prediction.command as command
command.load_classifier = lambda *_: Slow()
# What a shell begins in the background ignores it, and so would this test's programs.
signal.signal(signal.SIGINT, signal.default_int_handler)
raise SystemExit(cli.main(sys.argv[1:]))
"""


TABLES = ["--csv", "out.csv", "--jsonl", "out.jsonl", "--parquet", "out.parquet"]


@pytest.fixture
def many() -> list[str]:
    """Twenty images in a folder "in", the eighth unreadable."""
    names = [f"in/{number:02}.png" for number in range(20)]
    Path("in").mkdir()
    for name in names:
        Path(name).write_bytes(png_bytes())
    Path(names[7]).write_bytes(b"")
    return names


def end_early(name: str, *arguments: str) -> int:
    """Run predict until five slices are done, then send the signal; gives the exit status."""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    command = [sys.executable, "-c", SLOW, "predict", "in", "--lines", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdout
        for _ in range(5):
            program.stdout.readline()
        program.send_signal(getattr(signal, name))
        program.stdout.read()
    return program.returncode


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedClassifier:
    """Answers in place of the network, and counts."""
    classifier = ScriptedClassifier()
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: classifier)
    return classifier


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("name", "status"), [("SIGKILL", -9), ("SIGTERM", 143), ("SIGINT", 130)])
def test_a_run_that_was_ended_goes_on_with_nothing_lost_or_done_twice(
    name: str, status: int, many: list[str], scripted: ScriptedClassifier
) -> None:
    assert end_early(name, *TABLES) == status
    done = [json.loads(line)["file"] for line in Path("out.jsonl.part").read_text().splitlines()]
    assert len(done) >= 5 and not Path("out.csv").exists()
    assert main(["predict", "in", *TABLES, "--resume"]) == 1
    assert [row["file"] for row in read_rows("out.csv")] == many
    assert [json.loads(line)["file"] for line in Path("out.jsonl").read_text().splitlines()] == many
    assert pq.read_table("out.parquet")["file"].to_pylist() == many
    assert scripted.calls == [name for name in many if name not in done]
    assert list(Path().glob("out.*.part*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_run_that_was_ended_leaves_whole_reports_and_pictures_and_no_table_of_series(name: str) -> None:
    Path("in").mkdir()
    for number in range(20):
        Path(f"in/mapped-{number:02}.png").write_bytes(png_bytes())
    end_early(name, "--series-csv", "series.csv", "--heatmaps", "maps", "--report", "made", "--report-format", "both")
    assert not Path("series.csv").exists()
    pages, sheets, pictures = (list(Path().rglob(f"*{ending}")) for ending in (".html", ".pdf", "saliency.png"))
    assert len(pages) >= 4 and len(sheets) >= 4 and len(pictures) >= 4
    assert all(page.read_text(encoding="utf-8").rstrip().endswith("</html>") for page in pages)
    assert all(sheet.read_bytes().rstrip().endswith(b"%%EOF") for sheet in sheets)
    for picture in pictures:
        Image.open(picture).load()


@pytest.mark.usefixtures("many", "scripted")
@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (["--plane", "coronal"], "was started with the plane of acquisition, not coronal"),
        (["--engine", "openvino"], "was started with the engine auto, not openvino"),
    ],
)
def test_an_interrupted_run_is_not_gone_on_with_in_another_way(
    option: list[str], complaint: str, capsys: Capture
) -> None:
    end_early("SIGTERM", "--csv", "out.csv")
    before = Path("out.csv.part").read_bytes()
    assert main(["predict", "in", "--csv", "out.csv", *option, "--resume"]) == 2
    assert complaint in capsys.readouterr().err
    assert Path("out.csv.part").read_bytes() == before


@pytest.mark.usefixtures("many", "scripted")
def test_without_resume_an_interrupted_table_starts_again_and_that_is_said(capsys: Capture) -> None:
    end_early("SIGTERM", "--csv", "out.csv")
    main(["predict", "in/00.png", "--csv", "out.csv"])
    assert "out.csv.part: an interrupted run left it; it starts again" in capsys.readouterr().err
    assert [row["file"] for row in read_rows("out.csv")] == ["in/00.png"]


@pytest.mark.usefixtures("many", "scripted")
def test_rows_of_files_that_are_gone_are_counted(capsys: Capture) -> None:
    end_early("SIGTERM", "--csv", "out.csv")
    Path("in/01.png").unlink()
    main(["predict", "in", "--csv", "out.csv", "--resume"])
    assert "1 rows of the earlier run are of files that were not found now" in capsys.readouterr().err
    assert len(read_rows("out.csv")) == 20


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--resume"], "--resume goes on with a table"),
        (
            ["--resume", "--csv", "out.csv", "--heatmaps", "maps"],
            "draw --heatmaps, write --report and --dicom-out in a run of their own",
        ),
        (["--csv", "out.csv", "--series-csv", "out.csv"], "two outputs have the same place"),
    ],
)
def test_options_that_do_not_go_together_are_status_2(arguments: list[str], complaint: str, capsys: Capture) -> None:
    assert main(["predict", "good.png", *arguments]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.usefixtures("scripted")
def test_every_table_has_a_row_per_image() -> None:
    assert main(["predict", "bad.png", "good.png", *TABLES]) == 1
    expected = [("bad.png", "error"), ("good.png", "classified")]
    assert [(row["file"], row["status"]) for row in read_rows("out.csv")] == expected
    lines = map(json.loads, Path("out.jsonl").read_text().splitlines())
    assert [(row["file"], row["status"]) for row in lines] == expected
    table = pq.read_table("out.parquet").to_pylist()
    assert [(row["file"], row["status"]) for row in table] == expected


@pytest.mark.usefixtures("scripted")
def test_plane_and_window_reach_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def open_series(files: Iterator[SourceFile], options: ReadOptions, left_out: LeftOut) -> Iterator[Series]:
        given.append(options)
        yield from ()

    monkeypatch.setattr("brain_tumor.prediction.executor.open_series", open_series)
    main(["predict", "good.png"])
    main(["predict", "good.png", "--plane", "sagittal", "--window", "robust"])
    assert given == [ReadOptions(), ReadOptions(Plane.SAGITTAL, WindowMode.ROBUST)]


def test_reports_are_numbered_and_show_no_file_name() -> None:
    assert main(["predict", "bad.png", "good.png", "--report", "out", "--report-format", "both"]) == 1
    assert sorted(path.name for path in Path("out").iterdir()) == ["image-1.html", "image-1.pdf"]
    assert "good.png" not in Path("out/image-1.html").read_text(encoding="utf-8")


def test_reports_show_names_when_asked(capsys: Capture) -> None:
    assert main(["predict", "good.png", "--report", "out", "--report-names"]) == 0
    assert "good.png" in Path("out/good.html").read_text(encoding="utf-8")
    assert "Reports written to out: 1 of images, as HTML." in capsys.readouterr().err


def test_reports_of_an_earlier_run_are_not_mixed_with_new_ones(capsys: Capture) -> None:
    Path("out").mkdir()
    Path("out/image-1.html").write_bytes(b"")
    assert main(["predict", "good.png", "--report", "out"]) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_a_series_gets_one_report_for_all_its_slices() -> None:
    volume = np.zeros((64, 64, 3), np.uint8)
    volume[16:48, 16:48] = 200
    nib.save(nib.Nifti1Image(volume, np.diag([1.0, 1.0, 5.0, 1.0])), "head.nii")  # type: ignore[no-untyped-call]
    assert main(["predict", "head.nii", "--report", "out"]) == 0
    assert [path.name for path in Path("out").iterdir()] == ["series-1.html"]


def pipe_in(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.usefixtures("scripted")
def test_a_second_run_on_an_output_ends_before_it_works(capsys: Capture) -> None:
    with locked([Path("out.csv")]):
        assert main(["predict", "good.png", "--csv", "out.csv"]) == 2
    shown = capsys.readouterr()
    assert (shown.out, "out.csv: is being written by process" in shown.err) == ("", True)
    assert not Path("out.csv").exists()


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--parquet", "--series-csv"])
@pytest.mark.usefixtures("scripted")
def test_a_table_that_exists_is_kept_unless_it_is_to_be_overwritten(option: str, capsys: Capture) -> None:
    main(["predict", "good.png", option, "out"])
    before = Path("out").read_bytes()
    assert main(["predict", "bad.png", option, "out"]) == 2
    shown = capsys.readouterr().err
    assert all(word in shown for word in ("--resume", "--overwrite", "--files-from"))
    assert Path("out").read_bytes() == before
    assert main(["predict", "bad.png", option, "out", "--overwrite"]) == 1


def test_a_whole_table_is_resumed_with_the_files_that_are_new_or_changed(
    scripted: ScriptedClassifier, capsys: Capture
) -> None:
    main(["predict", ".", "--csv", "out.csv"])
    Path("new.png").write_bytes(png_bytes())
    Path("bad.png").write_bytes(png_bytes())
    scripted.calls.clear()
    assert main(["predict", ".", "--csv", "out.csv", "--resume"]) == 0
    assert sorted(Path(name).name for name in scripted.calls) == ["bad.png", "new.png"]
    assert "2 files, 2 slices answered" in (shown := capsys.readouterr().err)
    assert "1 more were in the table already" in shown
    assert sorted((Path(row["file"]).name, row["status"]) for row in read_rows("out.csv")) == [
        ("bad.png", "classified"),
        ("good.png", "classified"),
        ("new.png", "classified"),
    ]


@pytest.mark.usefixtures("scripted")
def test_series_whose_files_are_gone_stay_in_a_table_that_is_resumed() -> None:
    for name in ("a", "b"):
        nib.save(nib.Nifti1Image(np.ones((64, 64, 3), np.uint8), np.eye(4)), f"{name}.nii")  # type: ignore[no-untyped-call]
    tables = ["--csv", "out.csv", "--series-csv", "series.csv"]
    main(["predict", "a.nii", *tables])
    Path("a.nii").unlink()
    main(["predict", "b.nii", *tables, "--resume"])
    assert sorted(row["series"] for row in read_rows("series.csv")) == ["a.nii", "b.nii"]


@pytest.mark.usefixtures("scripted")
def test_an_image_on_the_standard_input_is_answered(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    pipe_in(png_bytes(), monkeypatch)
    assert main(["predict", "-"]) == 0
    assert capsys.readouterr().out.startswith("standard input: Glioma")


@pytest.mark.usefixtures("scripted")
def test_a_list_on_the_standard_input_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe_in(b"good.png\0bad.png\0", monkeypatch)
    assert main(["predict", "--files-from", "-", "--csv", "out.csv"]) == 1
    assert [row["file"] for row in read_rows("out.csv")] == ["good.png", "bad.png"]


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("option", ["--csv", "--series-csv", "--jsonl"])
def test_a_table_on_the_standard_output_is_all_that_is_there(option: str, capsys: Capture) -> None:
    assert main(["predict", "good.png", option, "-"]) == 0
    out = capsys.readouterr().out
    assert out.startswith({"--csv": "file,status", "--series-csv": "series,status", "--jsonl": '{"file"'}[option])
    assert "good.png:" not in out
    assert not Path("-").exists()


@pytest.mark.usefixtures("scripted")
def test_lines_are_shown_on_a_terminal_without_a_table_and_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    command = ["predict", "good.png", "--csv", "out.csv", "--overwrite"]
    main(command)
    assert capsys.readouterr().out == ""
    main([*command, "--lines"])
    assert capsys.readouterr().out.startswith("good.png: ")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    main(command)
    assert capsys.readouterr().out.startswith("good.png: ")


@pytest.mark.usefixtures("scripted")
def test_quiet_is_silent(capsys: Capture) -> None:
    assert main(["predict", "good.png", "--csv", "out.csv", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("arguments", [["--csv-excel", "out.csv"], ["--csv", "out.csv", "--csv-excel"]])
def test_a_table_for_excel_begins_with_a_byte_order_mark_and_is_resumed(arguments: list[str]) -> None:
    assert main(["predict", "good.png", *arguments]) == 0
    assert Path("out.csv").read_bytes().startswith(b"\xef\xbb\xbffile,")
    assert main(["predict", "good.png", *arguments, "--resume"]) == 0
    assert len(Path("out.csv").read_text(encoding="utf-8-sig").splitlines()) == 2


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize(
    ("names", "answer"),
    [(("1", "2", "3"), "Series: Glioma"), (("a", "b", "c"), "Series: counted only")],
)
def test_images_of_a_folder_are_a_series_when_asked(names: tuple[str, ...], answer: str) -> None:
    Path("patient").mkdir()
    for name in names:
        Path(f"patient/{name}.png").write_bytes(png_bytes())
    assert main(["predict", "patient", "--by-folder", "--series-csv", "series.csv"]) == 0
    assert [(row["series"], row["answer"]) for row in read_rows("series.csv")] == [("patient", answer)]


@pytest.mark.usefixtures("mapped")
def test_rows_name_their_report_and_heat_maps() -> None:
    main(["predict", "in/a", "--csv", "out.csv", "--report", "made", "--heatmaps", "maps"])
    (row,) = read_rows("out.csv")
    assert row["report"] == "image-1.html"
    assert row["heatmaps"] == "in/a/mapped.saliency.png; in/a/mapped.location.png"


def test_a_plane_that_is_none_is_refused_with_the_choices(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["predict", "good.png", "--plane", "foo"])
    assert "'foo' is none of axial, coronal, sagittal" in capsys.readouterr().err
