"""`brain-tumor evaluate`: arguments, calls, and what the terminal shows."""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from brain_tumor.classifier import load_classifier
from brain_tumor.errors import DatasetError, MissingExtraError
from brain_tumor.model.model_file import DEFAULT_NAME, default_model_path
from brain_tumor.presentation.wording import NOTICE, to_printable

if TYPE_CHECKING:
    from brain_tumor.evaluation.labelled import ImageFile

_LIBRARIES = {"sklearn", "scipy", "matplotlib", "jinja2"}
_DESCRIPTION = """\
Run the model file over labelled images, exactly as predict does, and write a report: every figure with its
95 % interval, the confusion matrix, ROC and calibration curves, the worst errors, as one page (report.html)
and as separate files.

Exit status: 0 done, 1 done but some files could not be read, 2 wrong use."""


def add_evaluate(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the program's parser; args.run then takes the arguments, gives the exit status."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the model on labelled images and write a report",
        description=_DESCRIPTION,
        epilog=NOTICE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="one subfolder per class, or a tree with Testing/<class>"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    parser.add_argument("--model", type=Path, metavar="FILE", help=f"model file instead of {DEFAULT_NAME}")
    parser.add_argument(
        "--list",
        type=Path,
        metavar="CSV",
        help="columns path (relative to DIR), label, split; only rows of the split test are used",
    )
    parser.add_argument(
        "--brain-mri",
        type=Path,
        metavar="DIR",
        help="brain MRI of other sources, one subfolder each: how many does the gate accept?",
    )
    parser.add_argument(
        "--not-brain-mri",
        type=Path,
        metavar="DIR",
        help="other pictures, one subfolder per kind: how many does the gate accept?",
    )
    _add_maps(parser)
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads for one image")
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Evaluate, write the report, print a summary; 0 when all is done, 1 when some files were unreadable.

    Raises BrainTumorError for everything that a person must change first.
    """
    try:
        # Only this command needs the extra, and its libraries take a second to import.
        from brain_tumor.evaluation import boxes, labelled, map_run, report, run, summary
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _LIBRARIES:
            raise
        raise MissingExtraError(
            f"evaluate needs scikit-learn, SciPy, Matplotlib and Jinja2, {library} is missing: "
            "pip install 'brain-tumor-mri[evaluate]'"
        ) from None
    dataset = labelled.read_list(args.list, args.folder) if args.list else labelled.find_labelled(args.folder)
    families = [*_families(args.brain_mri, True), *_families(args.not_brain_mri, False)]
    marked = map_run.keep_marked(dataset, boxes.read_boxes(args.boxes)) if args.boxes else None
    path = args.model or default_model_path()
    classifier = load_classifier(path, args.threads)
    card = classifier.card
    facts = run.ModelFacts(
        card.model_id, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), card.flatbuffer_sha256
    )
    _make_folder(args.out)  # an hour of work must not end at a folder that cannot be written
    today = datetime.now().astimezone().date().isoformat()
    evaluation = run.evaluate(classifier, facts, dataset, families, today)
    if marked is not None:
        maps = map_run.check_maps(classifier, evaluation, marked, args.map_images, args.occlusion_images)
        evaluation = replace(evaluation, maps=maps)
    try:
        report.write_report(report.render_report(evaluation), args.out)
    except OSError as error:
        raise _not_writable(args.out, error) from None
    for line in [*summary.render_text(evaluation).splitlines(), f"report        {args.out / report.PAGE}"]:
        print(to_printable(line))
    print(NOTICE, file=sys.stderr)
    return 1 if evaluation.unreadable else 0


def _add_maps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--boxes",
        type=Path,
        metavar="CSV",
        help="columns path (relative to DIR), box_x0, box_y0, box_x1, box_y1, fractions of width and height: "
        "do the heat maps show these places?",
    )
    parser.add_argument(
        "--map-images",
        type=positive,
        default=300,
        metavar="N",
        help="tumor scans with a box to look at, and as many healthy scans (default: %(default)s)",
    )
    parser.add_argument(
        "--occlusion-images",
        type=positive,
        default=0,
        metavar="N",
        help="of these, scans to compare with an occlusion map, at 49 forward passes each (default: none)",
    )


def _families(folder: Path | None, is_brain_mri: bool) -> "Iterator[tuple[str, tuple[ImageFile, ...], bool]]":
    from brain_tumor.evaluation.labelled import find_families

    if folder is not None:
        yield from ((name, files, is_brain_mri) for name, files in find_families(folder))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from None


def _not_writable(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(f"{folder}: cannot be written ({error.strerror}); give another folder with --out")


def positive(text: str) -> int:
    """The number an argument gives; raises argparse's error for anything but a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
