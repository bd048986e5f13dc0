"""The arguments of `brain-tumor predict`."""

import argparse
from pathlib import Path
from typing import Literal

from brain_tumor.arguments import add_network, choice, positive
from brain_tumor.input.series import ALL_VOLUMES, Plane, WindowMode
from brain_tumor.presentation.overlay import DEFAULT_STRENGTH
from brain_tumor.presentation.report.render import ReportFormat
from brain_tumor.presentation.wording import MAP_EXPLANATIONS

STANDARD_STREAM = "-"
# Some ten seconds on one core: long beside what a task costs, short beside what a lost worker does.
DEFAULT_BLOCK_FILES = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All of them, in groups."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="file, folder (searched with its subfolders, hidden files left out), quoted pattern, or URL such as "
        "s3://bucket/folder (extra: cluster); - for one file on the standard input",
    )
    parser.add_argument(
        "--files-from",
        metavar="FILE",
        help="also the files that this list names: one a line, or ended by zero bytes, or the column path or file of a "
        "CSV; - for the standard input",
    )
    _add_dicomweb(parser)
    parser.add_argument(
        "--by-folder",
        action="store_true",
        help="take the single images of a folder for one series: answered as one where their names are numbered, "
        "counted by class otherwise",
    )
    parser.add_argument(
        "--plane",
        type=choice(Plane),
        metavar="PLANE",
        help=f"of volumes, one of {', '.join(Plane)}; by default the acquired one",
    )
    parser.add_argument(
        "--volume",
        type=_volume,
        metavar="N|all",
        help="of files of several volumes (time points, directions, echoes), which one, counted from 1, or all of them "
        "as series of their own; by default the first that is not blank",
    )
    parser.add_argument(
        "--window",
        type=choice(WindowMode),
        metavar="WINDOW",
        default=WindowMode.FILE,
        help="which stored values of DICOM and NIfTI files become black and white: file (the file's own window, "
        "or robust limits of the series where it does not fit), stored (the same window, whether it fits or not), full "
        "(the full range), or robust (the 1st to the 99th percentile) (default: %(default)s)",
    )
    parser.add_argument(
        "--include-derived",
        action="store_true",
        help="also answer DICOM series that radiologists do not read as brains: phase images, field, ADC, FA and other "
        "maps, ASL, BOLD; by default they are named by kind (column series_kind) and not answered",
    )
    _add_shown(parser)
    _add_tables(parser)
    _add_heatmaps(parser)
    _add_reports(parser)
    _add_dicom(parser)
    _add_cluster(parser)
    add_network(parser)


def _add_dicomweb(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("archives", "one study of an archive, instead of files (extra: pacs)")
    group.add_argument(
        "--dicomweb", metavar="URL", help="of its DICOMweb service, as in https://pacs.example/dicom-web"
    )
    group.add_argument("--study", metavar="UID", help="Study Instance UID")
    group.add_argument(
        "--dicomweb-credentials",
        type=Path,
        metavar="FILE",
        help="file with one line, Bearer TOKEN or USER:PASSWORD; by default the "
        "environment variable BRAIN_TUMOR_DICOMWEB_CREDENTIALS",
    )


def _add_shown(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is shown")
    shown = group.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON object per line instead of text")
    shown.add_argument(
        "--lines",
        action="store_true",
        help="print a line per slice; by default on a terminal, and elsewhere where no table is written",
    )
    shown.add_argument("--quiet", action="store_true", help="print nothing but errors: no lines and no summary")


def _add_tables(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "tables", "one row per slice; each is FILE.part until it is whole. FILE may be - for the standard output"
    )
    group.add_argument("--csv", type=_file, metavar="FILE", help="also write a CSV table")
    group.add_argument("--jsonl", type=_file, metavar="FILE", help="also write JSON Lines")
    group.add_argument("--parquet", type=_file, metavar="FILE", help="also write Parquet (extra: pandas)")
    group.add_argument(
        "--series-csv", type=_file, metavar="FILE", help="also write a CSV table with one row per series"
    )
    group.add_argument(
        "--study-csv",
        type=_file,
        metavar="FILE",
        help="also write a CSV table with one row per DICOM study: how many of its series have which answer",
    )
    group.add_argument(
        "--dicom-ids",
        action="store_true",
        help="also write the UIDs of study, series and instance, and the frame, into the tables: they lead to a person "
        "for everyone who has the archive",
    )
    group.add_argument(
        "--csv-excel",
        type=_file,
        nargs="?",
        const=True,
        metavar="FILE",
        help="as --csv, with the byte order mark that Excel needs; without FILE, of the other CSV tables",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with these tables, whether a run was interrupted or files are new: only what has no row yet, or "
        "has changed, is answered",
    )
    group.add_argument("--overwrite", action="store_true", help="write over tables that exist")


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


def _add_dicom(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("DICOM results", "of DICOM images only, for the archive that they are from")
    group.add_argument(
        "--dicom-out",
        type=Path,
        metavar="DIR",
        help="also write a structured report and a secondary capture per series into a new folder (extra: dicom-out). "
        "They name the patient as the images do",
    )
    group.add_argument(
        "--dicom-seg",
        action="store_true",
        help="with --dicom-out, also a segmentation that holds the location map as a heat map",
    )


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("many machines", "answered by processes of a Ray cluster (extra: cluster)")
    group.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="local for all cores of this machine, or the address of a running cluster, such as auto. --parquet then "
        "names a folder, on storage that all machines share; --threads is for each worker (default: 1)",
    )
    group.add_argument(
        "--block-files",
        type=positive,
        default=DEFAULT_BLOCK_FILES,
        metavar="N",
        help="with --ray, about how many files a worker answers before it writes them (default: %(default)s); a volume "
        "or an archive counts as 32. --resume needs the same number",
    )


def _file(text: str) -> Path:
    path = Path(text)
    if path.name in ("", ".."):
        raise argparse.ArgumentTypeError(f"{text!r} is not a file's name; give one, such as answers.csv")
    return path


def _volume(text: str) -> int | Literal["all"]:
    if text == ALL_VOLUMES:
        return ALL_VOLUMES
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 on nor {ALL_VOLUMES}")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share
