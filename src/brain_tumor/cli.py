"""The command line: opens files, calls the package, shows the answers."""

import argparse
import contextlib
import functools
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.evaluation.command import add_evaluate, positive
from brain_tumor.input.files import find_files, read_file
from brain_tumor.model.model_file import DEFAULT_NAME, default_model_path, load_model_file
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.model_info import render_model
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH
from brain_tumor.presentation.report import ReportFormat
from brain_tumor.presentation.report_files import ReportFolder
from brain_tumor.presentation.rows import Row, to_error_row, to_row
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, NOTICE, render_error_line, render_line, to_printable
from brain_tumor.presentation.writers import CsvFile, to_json_line

ALL_ANSWERED, SOME_FAILED, WRONG_USE = 0, 1, 2
# As a shell reports a program that SIGINT or SIGPIPE ended.
INTERRUPTED, READER_GONE = 130, 141

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    0: all answered. 1: some files failed. 2: wrong use, or a model or an output file that cannot be used.
    Raises SystemExit as argparse does: 2 for arguments it does not understand, 0 after --help and --version.
    """
    _prepare_output()
    arguments = _parser().parse_args(argv)
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()
    except BrainTumorError as error:
        return _complain(str(error), WRONG_USE)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader, `head` for one, has seen enough; what Python would flush at its end has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except OSError as error:
        return _complain(f"the answers cannot be written ({error.strerror})", WRONG_USE)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brain-tumor", description="Classify brain MRI slices with one light model file.", epilog=NOTICE
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_predict(commands)
    _add_model(commands)
    add_evaluate(commands)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # reads the installed files, so only when asked

        print(f"brain-tumor {version('brain-tumor-mri')}")
        parser.exit()


def _add_predict(commands: Commands) -> None:
    parser = commands.add_parser(
        "predict",
        help="classify images",
        description="Classify images, one line each. Exit status: 0 all answered, 1 some failed, 2 wrong use",
        epilog=NOTICE,
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="image file, folder (searched with its subfolders, hidden files left out), or quoted pattern",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a table (FILE.part until it is whole)")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line instead of text")
    parser.add_argument(
        "--heatmaps",
        type=Path,
        metavar="DIR",
        help=f"also draw each image's heat maps into a new folder. {' '.join(MAP_EXPLANATIONS.values())}",
    )
    parser.add_argument(
        "--heatmap-strength",
        type=_share,
        default=DEFAULT_STRENGTH,
        metavar="S",
        help="share of colour where a heat map is 1, from 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="also write a one-page report of each into a new folder"
    )
    parser.add_argument(
        "--report-format",
        choices=(*ReportFormat, "both"),
        default=ReportFormat.HTML,
        help="of the reports (default: %(default)s)",
    )
    parser.add_argument(
        "--report-names",
        action="store_true",
        help="call reports as their files, and show that name in them; it may hold a patient's. By default they are "
        "numbered in the order of the answers",
    )
    parser.add_argument("--model", type=Path, metavar="FILE", help=f"model file instead of {DEFAULT_NAME}")
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads for one image")
    parser.set_defaults(run=_predict)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def _add_model(commands: Commands) -> None:
    actions = commands.add_parser("model", help="look into a model file").add_subparsers(
        title="commands", required=True, metavar="COMMAND"
    )
    info = actions.add_parser("info", help="print a model file's card", epilog=NOTICE)
    info.add_argument("file", nargs="?", type=Path, metavar="FILE", help=f"by default {DEFAULT_NAME}")
    info.add_argument("--json", action="store_true", help="print the card as it is stored")
    info.set_defaults(run=_show_model)


def _show_model(arguments: argparse.Namespace) -> int:
    model = load_model_file(arguments.file or default_model_path())
    print(model.card.to_json() if arguments.json else render_model(model), end="")
    return ALL_ANSWERED


def _predict(arguments: argparse.Namespace) -> int:
    with contextlib.ExitStack() as stack:
        table = CsvFile(arguments.csv) if arguments.csv else None
        # The table, the maps and the reports may lie in the very folder that is searched.
        skip = {path.resolve() for path in (table.path, table.part)} if table else set()
        maps = MapFolder(arguments.heatmaps, arguments.heatmap_strength) if arguments.heatmaps else None
        reports = _report_folder(arguments)
        skip |= {folder.path.resolve() for folder in (maps, reports) if folder}
        find = functools.partial(find_files, arguments.paths, skip)
        if not any(map(os.path.lexists, find())):
            raise BrainTumorError(f"no files found: {', '.join(arguments.paths)}")
        classifier = load_classifier(arguments.model, arguments.threads)
        if table:
            stack.enter_context(table)
        if not arguments.json:  # every JSON object carries the notice itself
            stack.callback(print, NOTICE, file=sys.stderr)
        if maps:
            stack.callback(_print_summary, maps)
        if reports:
            stack.callback(lambda: print(to_printable(reports.summary()), file=sys.stderr))
        failed = 0
        files, show = _with_progress(find)
        for file in files:
            row, line = _answer(classifier, file, maps, reports)
            failed += row["status"] == "error"
            if table:
                table.write(row)
            show(to_json_line(row) if arguments.json else to_printable(line))
            sys.stdout.flush()
    return SOME_FAILED if failed else ALL_ANSWERED


def _report_folder(arguments: argparse.Namespace) -> ReportFolder | None:
    if not arguments.report:
        return None
    formats = tuple(ReportFormat) if arguments.report_format == "both" else (ReportFormat(arguments.report_format),)
    return ReportFolder(arguments.report, formats, arguments.report_names)


def _answer(classifier: Classifier, file: str, maps: MapFolder | None, reports: ReportFolder | None) -> tuple[Row, str]:
    try:
        result = classifier.classify(read_file(file), file)
    except ScanError as error:
        row = to_error_row(file, str(error), classifier.card.model_id)
        return row, render_error_line(file, str(row["reason"]))
    if maps:
        maps.write(result)
    if reports:
        reports.write(result, classifier.card)
    return to_row(result), render_line(result)


def _print_summary(maps: MapFolder) -> None:
    for line in maps.summary():
        print(to_printable(line), file=sys.stderr)


def _with_progress(find: Callable[[], Iterator[str]]) -> tuple[Iterable[str], Callable[[str], object]]:
    """The files to go through and the function that prints a line; several on a terminal come with a bar."""
    if not sys.stderr.isatty() or (total := sum(1 for _ in find())) < 2:
        return find(), print
    from tqdm import tqdm  # a third of the time that everything else takes to import

    return tqdm(find(), total=total, unit="image", leave=False), tqdm.write


def _complain(message: str, status: int) -> int:
    print(f"brain-tumor: {to_printable(message)}", file=sys.stderr)
    return status


def _prepare_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is shown with escapes, it does not end the run.
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        # Pillow warns of odd metadata; whether an image could be read is said in its line.
        warnings.filterwarnings("ignore", module="PIL")
