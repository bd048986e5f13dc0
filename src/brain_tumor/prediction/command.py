"""`brain-tumor predict`: arguments, files, calls."""

import argparse
import functools
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from brain_tumor.arguments import Commands, add_command, add_network
from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.files import find_files, open_files
from brain_tumor.input.series import Plane, ReadOptions, WindowMode
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows, resume_tables
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH
from brain_tumor.presentation.report.folder import ReportFolder
from brain_tumor.presentation.report.render import ReportFormat
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, NOTICE, to_printable
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile, SeriesCsvFile
from brain_tumor.tables.parquet import ParquetFile
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.rows import package_version

ALL_ANSWERED, SOME_FAILED = 0, 1
_DESCRIPTION = """\
Classify images, volumes and series: one line per slice, and one more per series of several slices.

Exit status: 0 all answered, 1 some failed, 2 wrong use."""


def add_predict(commands: Commands) -> None:
    """Add the command to the program's parser; `arguments.run` takes the arguments and gives the exit status."""
    parser = add_command(commands, "predict", "classify images, volumes and series", _DESCRIPTION)
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="file, folder (searched with its subfolders, hidden files left out), or quoted pattern",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line instead of text")
    parser.add_argument("--plane", type=Plane, choices=list(Plane), help="of volumes; by default the acquired one")
    parser.add_argument(
        "--window",
        type=WindowMode,
        choices=list(WindowMode),
        default=WindowMode.FILE,
        help="which stored values of DICOM and NIfTI files become black and white: the file's own window, "
        "the full range, or the 1st to the 99th percentile (default: %(default)s)",
    )
    _add_tables(parser)
    _add_heatmaps(parser)
    _add_reports(parser)
    add_network(parser)
    parser.set_defaults(run=run_predict)


def _add_tables(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("tables", "one row per slice; each is FILE.part until it is whole")
    group.add_argument("--csv", type=_file, metavar="FILE", help="also write a CSV table")
    group.add_argument("--jsonl", type=_file, metavar="FILE", help="also write JSON Lines")
    group.add_argument("--parquet", type=_file, metavar="FILE", help="also write Parquet (extra: pandas)")
    group.add_argument(
        "--series-csv", type=_file, metavar="FILE", help="also write a CSV table with one row per series"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with the tables of an interrupted run; without it, what that run left is started again",
    )


def _add_heatmaps(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("heat maps", " ".join(MAP_EXPLANATIONS.values()))
    group.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="also draw each slice's heat maps into a new folder"
    )
    group.add_argument(
        "--heatmap-strength",
        type=_share,
        default=DEFAULT_STRENGTH,
        metavar="S",
        help="share of colour where a heat map is 1, from 0 to 1 (default: %(default)s)",
    )


def _add_reports(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reports", "one page per image or series (extra: report)")
    group.add_argument("--report", type=Path, metavar="DIR", help="also write the reports into a new folder")
    group.add_argument(
        "--report-format",
        choices=[*ReportFormat, "both"],
        default=ReportFormat.HTML,
        help="of the reports (default: %(default)s)",
    )
    group.add_argument(
        "--report-names",
        action="store_true",
        help="call reports as their files, and show that name in them; it may hold a patient's. By default they are "
        "numbered, and hold a short SHA-256 of the pixels",
    )


def _file(text: str) -> Path:
    path = Path(text)
    if path.name in ("", ".."):
        raise argparse.ArgumentTypeError(f"{text!r} is not a file's name; give one, such as answers.csv")
    return path


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def run_predict(arguments: argparse.Namespace) -> int:
    """Answer everything.

    Returns:
        0 when all is answered, 1 when some slices could not be read.

    Raises:
        BrainTumorError: for everything that a person must change first.
    """
    tables = _slice_tables(arguments)
    series_table = SeriesCsvFile(arguments.series_csv) if arguments.series_csv else None
    maps = MapFolder(arguments.heatmaps, arguments.heatmap_strength) if arguments.heatmaps else None
    reports = _report_folder(arguments)
    if arguments.resume:
        _check_resume(tables, maps or reports)
    skip = _find_own(tables, series_table, maps, reports)
    find = functools.partial(find_files, arguments.paths, skip)
    if not any(map(os.path.lexists, find())):
        raise BrainTumorError(f"no files found: {', '.join(arguments.paths)}")
    classifier = load_classifier(arguments.model, arguments.threads, arguments.engine)
    with ExitStack() as stack:
        for table in tables:
            stack.push(table)  # closed at the end, opened by _open_tables
        done = _open_tables(arguments, classifier, tables)
        if series_table:
            stack.enter_context(series_table)
        if not arguments.json:  # every JSON object carries the notice itself
            stack.callback(print, NOTICE, file=sys.stderr)
        if maps:
            stack.callback(_print_summary, maps)
        if reports:
            stack.callback(lambda: print(to_printable(reports.summary()), file=sys.stderr))
        progress = Progress(find)
        stack.callback(progress.close)
        batch = Batch(tables, series_table, maps, reports, done, progress, arguments.json)
        options = ReadOptions(arguments.plane, arguments.window)
        batch.answer(classifier, open_files(progress.pass_on(find()), options))
        if left := done.count_left():
            _say(f"{left} rows of the interrupted run are of files that were not found now; they stay in the table")
    return SOME_FAILED if batch.failed else ALL_ANSWERED


def _slice_tables(arguments: argparse.Namespace) -> list[TableFile]:
    kinds: dict[type[TableFile], Path | None] = {
        CsvFile: arguments.csv,
        JsonLinesFile: arguments.jsonl,
        ParquetFile: arguments.parquet,
    }
    return [kind(path) for kind, path in kinds.items() if path]


def _report_folder(arguments: argparse.Namespace) -> ReportFolder | None:
    if not arguments.report:
        return None
    formats = tuple(ReportFormat) if arguments.report_format == "both" else (ReportFormat(arguments.report_format),)
    return ReportFolder(arguments.report, formats, arguments.report_names)


def _check_resume(tables: list[TableFile], pictures: MapFolder | ReportFolder | None) -> None:
    if not tables:
        raise BrainTumorError("--resume goes on with a table: name the interrupted run's --csv, --jsonl or --parquet")
    if pictures:
        raise BrainTumorError(
            "--resume goes on with tables only: draw --heatmaps and write --report in a run of their own"
        )


def _find_own(
    tables: list[TableFile], series_table: SeriesCsvFile | None, maps: MapFolder | None, reports: ReportFolder | None
) -> set[Path]:
    # What is written may lie in the very folder that is searched.
    own = [path for table in (*tables, series_table) if table for path in table.paths]
    own += [folder.path for folder in (maps, reports) if folder]
    found = {path.resolve() for path in own}
    if len(found) < len(own):
        raise BrainTumorError("two outputs have the same place; name another one for each")
    return found


def _open_tables(arguments: argparse.Namespace, classifier: Classifier, tables: list[TableFile]) -> DoneRows:
    options = {
        "model": f"{classifier.card.model_id} ({classifier.card.flatbuffer_sha256[:12]})",
        "engine": arguments.engine,
        "plane": arguments.plane.value if arguments.plane else "of acquisition",
        "window": arguments.window.value,
        "version": package_version(),
    }
    if arguments.resume:
        return resume_tables(tables, options)
    for table in tables:
        if table.part.exists():
            _say(f"{table.part}: an interrupted run left it; it starts again, --resume would have gone on with it")
        table.begin(options)
    return DoneRows()


def _say(message: str) -> None:
    print(f"brain-tumor: {to_printable(message)}", file=sys.stderr)


def _print_summary(maps: MapFolder) -> None:
    for line in maps.summary():
        print(to_printable(line), file=sys.stderr)
