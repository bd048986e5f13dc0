"""`brain-tumor predict`: arguments, files, calls."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from brain_tumor.arguments import Commands, add_command, check_found
from brain_tumor.classifier import load_classifier
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.file_names import is_url
from brain_tumor.input.formats import MAX_VOLUME_BYTES
from brain_tumor.input.no_images import LeftOut
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.source_file import SourceFile
from brain_tumor.input.sources import find_any, keep_images
from brain_tumor.model.card import Card
from brain_tumor.model.model_file import default_model_path, load_model_file
from brain_tumor.output_lock import locked
from brain_tumor.prediction.arguments import STANDARD_STREAM, add_arguments
from brain_tumor.prediction.batch import Batch
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.dicomweb_access import check_dicomweb, open_study
from brain_tumor.prediction.executor import Executor, LocalExecutor
from brain_tumor.prediction.file_list import read_file_list
from brain_tumor.prediction.manifest import to_manifest
from brain_tumor.prediction.outputs import Outputs, check_outputs, to_outputs
from brain_tumor.prediction.progress import Progress
from brain_tumor.prediction.resume import DoneRows, resume_tables
from brain_tumor.prediction.scale_out import check_ray, to_ray_executor
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.wording import NOTICE, to_printable
from brain_tumor.tables.resumable import Options
from brain_tumor.version import package_version

ALL_ANSWERED, SOME_FAILED = 0, 1
STANDARD_INPUT = "standard input"
_EXAMPLES = (
    "scan.nii.gz photo.png",
    "inbox --csv answers.csv --series-csv series.csv --resume",
)
_DESCRIPTION = """\
Classify images, volumes and series: one line per slice, and one more per series of several slices.

Exit status: 0 all answered, 1 some failed, 2 wrong use or an output that cannot be used,
130 interrupted, 143 terminated; --resume goes on after both."""


def add_predict(commands: Commands) -> None:
    """Add the command to the program's parser; `arguments.run` takes the arguments and gives the exit status."""
    parser = add_command(commands, "predict", "classify images, volumes and series", _DESCRIPTION, _EXAMPLES)
    add_arguments(parser)
    parser.set_defaults(run=partial(_run, parser))


def _run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    if arguments.dicomweb or arguments.study:
        check_dicomweb(parser, arguments)
    elif not arguments.paths and not arguments.files_from:
        parser.error("give a PATH, or a list with --files-from, or a study with --dicomweb")
    return run_predict(arguments)


def run_predict(arguments: argparse.Namespace) -> int:
    """Answer everything.

    Returns:
        0 when all is answered, 1 when some slices could not be read.

    Raises:
        BrainTumorError: for everything that a person must change first.
    """
    if arguments.ray:
        check_ray(arguments)
        classifier, card = None, load_model_file(arguments.model or default_model_path()).card
    else:
        classifier = load_classifier(arguments.model, arguments.threads, arguments.engine)
        card = classifier.card
    outputs = to_outputs(arguments, card.rules.classes)
    skip = outputs.find_own()
    if outputs.uses_standard_output and arguments.json:
        raise BrainTumorError("--json and a table both go to the standard output; leave one of them out")
    read_options = ReadOptions(arguments.plane, arguments.window, arguments.include_derived, arguments.volume)
    options = _to_options(arguments, card, read_options, outputs)
    with locked(outputs.names), ExitStack() as stack:  # before anything is read or written
        check_outputs(outputs, arguments.resume, arguments.overwrite)
        if classifier is None:
            shows_lines = _shows_lines(arguments, outputs)
            cluster = to_ray_executor(arguments, card, read_options, options, skip, outputs.wanted, shows_lines, stack)
            progress = Progress(_list_nothing, is_quiet=arguments.quiet)
            return _answer(cluster, card, arguments, outputs, options, progress, _list_nothing)
        given = _find_study(arguments, stack) if arguments.dicomweb else _find(arguments, skip)
        progress = Progress(given.names, is_quiet=arguments.quiet)
        here = LocalExecutor(classifier, given.sources, given.piped, read_options, arguments.by_folder, progress)
        return _answer(here, card, arguments, outputs, options, progress, given.names)


def _list_nothing() -> Iterator[str]:
    """In place of the files' names, where another process lists them."""
    return iter(())


@dataclasses.dataclass(frozen=True, slots=True)
class _Input:
    """What a run was given."""

    names: Callable[[], Iterator[str]]  # of all files, those that are no images too
    sources: Callable[[LeftOut], Iterator[SourceFile]]
    piped: SourceFile | None


def _answer(
    executor: Executor,
    card: Card,
    arguments: argparse.Namespace,
    outputs: Outputs,
    options: Options,
    progress: Progress,
    names: Callable[[], Iterator[str]],
) -> int:
    folders = outputs.folders
    with ExitStack() as stack:
        for table in outputs.tables:
            stack.push(table)  # closed at the end, opened by _open_tables
        done = _open_tables(arguments, outputs, options, names)
        old_series = {}
        if series_table := outputs.series_table:
            old_series = series_table.read_old() if arguments.resume and not arguments.ray else {}
            series_table.begin(options)
            stack.push(series_table)
        old_studies = {}
        if study_table := outputs.study_table:
            old_studies = study_table.read_old() if arguments.resume and not arguments.ray else {}
            study_table.begin(options)
            stack.push(study_table)
        if not arguments.quiet:
            if not arguments.json:  # every JSON object carries the notice itself
                stack.callback(print, NOTICE, file=sys.stderr)
            if folders.maps:
                stack.callback(_print_maps, folders.maps)
            if reports := folders.reports:
                stack.callback(lambda: print(to_printable(reports.summary()), file=sys.stderr))
            if dicom := folders.dicom:
                stack.callback(lambda: print(to_printable(dicom.summary()), file=sys.stderr))
        stack.callback(progress.close)
        batch = Batch(
            outputs.tables,
            series_table,
            folders.maps,
            folders.reports,
            done,
            progress,
            arguments.json,
            _shows_lines(arguments, outputs),
            folders.dicom,
            study_table,
            with_ids=arguments.dicom_ids,
            old_series=old_series,
            old_studies=old_studies,
        )
        executor.answer(batch)
        if left := done.count_left():
            _say(f"{left} rows of the earlier run are of files that were not found now; they stay in the table")
        facts = to_manifest(card, arguments.engine, arguments.threads, batch.summary)
        for table in outputs.all_tables:
            table.describe(facts)
        if outputs.blocks:
            BlockFolder(outputs.blocks).describe(facts)
        if not arguments.quiet:
            progress.close()
            for line in batch.summary.lines():
                print(to_printable(line), file=sys.stderr)
    return SOME_FAILED if batch.failed else ALL_ANSWERED


def _find_study(arguments: argparse.Namespace, stack: ExitStack) -> _Input:
    study = open_study(arguments)
    stack.callback(study.close)
    if study.without_image and not arguments.quiet:
        _say(f"left out of the study: {study.without_image} objects that are no images, or results of this program")
    return _Input(study.names, lambda _: study.sources(), None)


def _find(arguments: argparse.Namespace, skip: set[Path]) -> _Input:
    if STANDARD_STREAM in arguments.paths and arguments.files_from == STANDARD_STREAM:
        raise BrainTumorError("the standard input is an image or a list; give only one -")
    paths = [path for path in arguments.paths if path != STANDARD_STREAM]
    if arguments.files_from:
        paths += read_file_list(arguments.files_from)
    piped = None
    if STANDARD_STREAM in arguments.paths:
        content = sys.stdin.buffer.read(MAX_VOLUME_BYTES + 1)
        piped = SourceFile(STANDARD_INPUT, lambda: content)
    elif not any(map(is_url, paths)):
        check_found(paths, skip, ", ".join(arguments.paths) or arguments.files_from)

    def find_names() -> Iterator[str]:
        return (file.name for file in find_any(paths, skip))

    def find_sources(left_out: LeftOut) -> Iterator[SourceFile]:
        return keep_images(find_any(paths, skip, left_out), left_out)

    return _Input(find_names, find_sources, piped)


def _shows_lines(arguments: argparse.Namespace, outputs: Outputs) -> bool:
    if arguments.quiet or outputs.uses_standard_output:
        return False
    # Where nothing else is written, the lines are the answers.
    return bool(arguments.lines or arguments.json or not (outputs.tables or outputs.blocks) or sys.stdout.isatty())


def _to_options(arguments: argparse.Namespace, card: Card, read_options: ReadOptions, outputs: Outputs) -> Options:
    chosen = {name.replace("_", " "): str(value) for name, value in dataclasses.asdict(read_options).items()}
    return {
        "model": f"{card.model_id} ({card.flatbuffer_sha256[:12]})",
        "engine": arguments.engine,
        **chosen,
        "volume": "first that is not blank" if arguments.volume is None else str(arguments.volume),
        "plane": arguments.plane.value if arguments.plane else "of acquisition",
        "series": "by folder" if arguments.by_folder else "as stored",
        "version": package_version(),
        **({"dicom ids": "written"} if arguments.dicom_ids else {}),
        # A run over blocks goes on with all that it writes, others with their tables alone.
        **(outputs.wanted.describe() if arguments.ray else {}),
        **({"studies": "counted"} if arguments.ray and arguments.study_csv else {}),
    }


def _open_tables(
    arguments: argparse.Namespace, outputs: Outputs, options: Options, find: Callable[[], Iterator[str]]
) -> DoneRows:
    if arguments.resume and not arguments.ray:  # which goes on with its blocks, and writes tables from them
        return resume_tables(outputs.tables, options, find)
    for table in outputs.tables:
        if table.paths and table.part.exists():
            _say(f"{table.part}: an interrupted run left it; it starts again, --resume would have gone on with it")
        table.begin(options)
    return DoneRows()


def _say(message: str) -> None:
    print(f"brain-tumor: {to_printable(message)}", file=sys.stderr)


def _print_maps(maps: MapFolder) -> None:
    for line in maps.summary():
        print(to_printable(line), file=sys.stderr)
