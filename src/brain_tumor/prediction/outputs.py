"""Where a run's answers go: which outputs it was given, and whether they may be written."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.errors import BrainTumorError
from brain_tumor.labels import Label
from brain_tumor.prediction.arguments import STANDARD_STREAM
from brain_tumor.prediction.file_folders import FileFolders, WantedFiles, to_wanted_files
from brain_tumor.tables.csv_jsonl import CsvFile, JsonLinesFile, SeriesCsvFile, StudyCsvFile
from brain_tumor.tables.parquet import ParquetFile
from brain_tumor.tables.resumable import TableFile
from brain_tumor.tables.standard_output import CsvOutput, JsonLinesOutput, SeriesCsvOutput, StudyCsvOutput


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of one run; nothing is opened yet."""

    tables: Sequence[TableFile]  # a row per slice
    series_table: SeriesCsvFile | None
    study_table: StudyCsvFile | None
    folders: FileFolders
    wanted: WantedFiles  # in those folders
    blocks: Path | None = None  # folder of tables of a run over many processes

    @property
    def _all_folders(self) -> list[Path]:
        return [*self.wanted.folders, *([self.blocks] if self.blocks else [])]

    @property
    def all_tables(self) -> list[TableFile]:
        """Those of slices, of series and of studies."""
        return [*self.tables, *(table for table in (self.series_table, self.study_table) if table)]

    @property
    def names(self) -> list[Path]:
        """What a lock is taken on."""
        return [table.path for table in self.all_tables if table.paths] + self._all_folders

    @property
    def uses_standard_output(self) -> bool:
        """Whether a table goes there."""
        return any(not table.paths for table in self.all_tables)

    def find_own(self) -> set[Path]:
        """Resolved paths that the run writes, for they may lie in the very folder that is searched.

        Raises:
            BrainTumorError: two outputs are one.
        """
        own = [path for table in self.all_tables for path in table.paths]
        own += self._all_folders
        found = {path.resolve() for path in own}
        if len(found) < len(own) or sum(not table.paths for table in self.all_tables) > 1:
            raise BrainTumorError("two outputs have the same place; name another one for each")
        return found


def to_outputs(arguments: argparse.Namespace, classes: Sequence[Label]) -> Outputs:
    """The outputs that were asked for.

    Args:
        arguments: of the command line.
        classes: of the model, in the order of `Rules.classes`.

    Raises:
        BrainTumorError: one of them is something else already, or needs what is not installed.
    """
    excel, with_ids = arguments.csv_excel, arguments.dicom_ids
    csv_files = [path for path in (arguments.csv, excel) if isinstance(path, Path)]
    csv = bool(excel), classes, with_ids
    tables: list[TableFile] = [CsvOutput(*csv) if _is_stream(path) else CsvFile(path, *csv) for path in csv_files]
    if arguments.jsonl:
        tables.append(JsonLinesOutput() if _is_stream(arguments.jsonl) else JsonLinesFile(arguments.jsonl))
    if arguments.parquet and not arguments.ray:
        if _is_stream(arguments.parquet):
            raise BrainTumorError("Parquet cannot be written to the standard output; name a file with --parquet")
        tables.append(ParquetFile(arguments.parquet, classes, with_ids))
    series_table: SeriesCsvFile | None = None
    if path := arguments.series_csv:
        series_table = SeriesCsvOutput(*csv) if _is_stream(path) else SeriesCsvFile(path, *csv)
    study_table: StudyCsvFile | None = None
    if path := arguments.study_csv:
        study_table = StudyCsvOutput(*csv) if _is_stream(path) else StudyCsvFile(path, *csv)
    blocks = arguments.parquet if arguments.ray else None
    wanted = to_wanted_files(arguments)
    folders = wanted.open(goes_on=bool(arguments.ray and arguments.resume))
    return Outputs(tables, series_table, study_table, folders, wanted, blocks)


def check_outputs(outputs: Outputs, resume: bool, overwrite: bool) -> None:
    """Refuse what would lose an earlier run's answers.

    Raises:
        BrainTumorError: with what to give instead.
    """
    if resume:
        if outputs.blocks is None and (not outputs.tables or outputs.uses_standard_output):
            raise BrainTumorError("--resume goes on with a table: name the earlier run's --csv, --jsonl or --parquet")
        if outputs.wanted.folders and outputs.blocks is None:
            raise BrainTumorError(
                "--resume goes on with tables only: draw --heatmaps, write --report and --dicom-out in a run of "
                "their own"
            )
        if overwrite:
            raise BrainTumorError("--resume keeps a table's rows and --overwrite drops them; give one of them")
    elif not overwrite and (existing := [table.path for table in outputs.all_tables if table.path.exists()]):
        raise BrainTumorError(
            f"{existing[0]}: exists; add the files that are new with --resume, replace it with --overwrite, or name "
            "another. Instead of xargs, which starts several runs: find ... | brain-tumor predict --files-from -"
        )


def _is_stream(path: Path) -> bool:
    return str(path) == STANDARD_STREAM
