"""`brain-tumor predict --ray`: what it accepts, and the run that it starts."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import require_extra
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.sources import find_any
from brain_tumor.model.card import Card
from brain_tumor.prediction.arguments import STANDARD_STREAM
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.block_worker import BlockJob
from brain_tumor.prediction.file_folders import WantedFiles
from brain_tumor.prediction.file_list import iterate_file_list
from brain_tumor.prediction.ray_executor import LOCAL, RayExecutor, check_cluster
from brain_tumor.prediction.work_blocks import WorkBlock, cut_blocks
from brain_tumor.tables.resumable import Options

# More threads for one slice gain less than as many workers; docs/scale.md has the figures.
_THREADS = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """Blocks of the files that a person named, listed where it is called; it is sent to another process."""

    names: tuple[str, ...]
    files_from: str | None
    skip: frozenset[Path]
    by_folder: bool
    block_files: int

    def __call__(self) -> Iterator[WorkBlock]:
        """List the files, cut into blocks."""
        listed = iterate_file_list(self.files_from) if self.files_from else ()
        return cut_blocks(find_any(chain(self.names, listed), self.skip), self.block_files, self.by_folder)


def check_ray(arguments: argparse.Namespace) -> None:
    """Refuse what only one machine does, before anything is written.

    Raises:
        BrainTumorError: with what to give instead.
        MissingExtraError: Ray is not installed.
    """
    require_extra("--ray", "cluster", "ray", "pyarrow")
    if STANDARD_STREAM in arguments.paths:
        raise BrainTumorError("--ray needs files that every worker can open; name the image instead of -")
    if not arguments.parquet and (arguments.resume or arguments.ray != LOCAL):
        raise BrainTumorError(
            "--ray keeps its answers in a folder of Parquet files; name it with --parquet DIR, on storage that all "
            "machines share"
        )
    check_cluster(arguments.ray)


def to_ray_executor(
    arguments: argparse.Namespace,
    card: Card,
    read_options: ReadOptions,
    options: Options,
    skip: set[Path],
    files: WantedFiles,
    shows_lines: bool,
    stack: ExitStack,
) -> RayExecutor:
    """An executor whose folder is ready.

    Args:
        arguments: of the command line.
        card: of the network that all workers must have.
        read_options: for every file.
        options: by their names, those that change what a row says.
        skip: resolved paths that are no input.
        files: that are wanted beside the tables.
        shows_lines: whether a line per slice is shown.
        stack: closed when the run is over.

    Raises:
        BrainTumorError: the folder cannot be used.
    """
    folder = arguments.parquet or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="brain-tumor-")))
    folder = Path(folder).absolute()
    BlockFolder(folder).begin(options, arguments.resume, arguments.overwrite)
    files_from = arguments.files_from
    if files_from == STANDARD_STREAM:
        files_from = str(folder / ".files")  # no other process reads our standard input
        with Path(files_from).open("wb") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
        stack.callback(Path(files_from).unlink, missing_ok=True)
    job = BlockJob(
        folder,
        Path.cwd(),
        arguments.model and arguments.model.absolute(),
        arguments.threads or _THREADS,
        arguments.engine,
        card.flatbuffer_sha256,
        read_options,
        arguments.by_folder,
        arguments.dicom_ids,
        arguments.json,
        shows_lines,
        wants_rows=bool(arguments.csv or arguments.csv_excel or arguments.jsonl or arguments.series_csv),
        wants_studies=bool(arguments.study_csv),
        files=files.absolute(),
    )
    listing = Listing(tuple(arguments.paths), files_from, frozenset(skip), arguments.by_folder, arguments.block_files)
    shows_progress = sys.stderr.isatty() and not (arguments.quiet or shows_lines)
    return RayExecutor(arguments.ray, job, listing, shows_progress)
