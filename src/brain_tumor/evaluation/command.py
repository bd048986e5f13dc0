"""`brain-tumor evaluate`: arguments, calls, and what the terminal shows."""

import argparse
import hashlib
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from brain_tumor.arguments import Commands, add_command, add_label_names, add_network, positive, to_class_names
from brain_tumor.classifier import load_classifier
from brain_tumor.errors import DatasetError
from brain_tumor.extras import require_extra
from brain_tumor.labels import ClassNames, Label
from brain_tumor.model.model_file import default_model_path
from brain_tumor.presentation.wording import NOTICE, to_printable

if TYPE_CHECKING:
    from brain_tumor.evaluation.run import Evaluation
    from brain_tumor.evaluation.sources import Source

# Each image is answered 61 times, so 200 of them take as long as 12,200 others.
CORRUPTION_IMAGES = 200
_DESCRIPTION = """\
Run the model file over labelled images, exactly as predict does, and write a report: every figure with its
95 % interval, the confusion matrix, ROC and calibration curves, the worst errors, as one page (report.html)
and as separate files.

Exit status: 0 done, 1 done but some files could not be read, 2 wrong use."""


def add_evaluate(subparsers: Commands) -> None:
    """Add the command to the program's parser; args.run then takes the arguments, gives the exit status."""
    parser = add_command(
        subparsers,
        "evaluate",
        "measure the model on labelled images and write a report",
        _DESCRIPTION,
        ("Testing --out report", "images --list split.csv --out report --boxes boxes.csv"),
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="one subfolder per class, or a tree with Testing/<class>"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    parser.add_argument(
        "--list",
        type=Path,
        metavar="CSV",
        help="columns path (relative to DIR), label, split; only rows of the split test are used",
    )
    add_label_names(parser)
    _add_sources(parser)
    parser.add_argument(
        "--corruptions",
        action="store_true",
        help="also measure a sample of the images with twelve kinds of damage at five strengths (61 passes)",
    )
    parser.add_argument(
        "--corruption-images",
        type=positive,
        default=CORRUPTION_IMAGES,
        metavar="N",
        help="how many images that sample has, by default %(default)s, with each class's share of them",
    )
    _add_maps(parser)
    add_network(parser)
    _add_foreign(parser)
    parser.set_defaults(run=run_evaluate)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("images of other sources", "each of these may be given several times")
    group.add_argument(
        "--brain-mri",
        type=Path,
        metavar="DIR",
        action="append",
        default=[],
        help="brain MRI, or what else the model looks at, one subfolder per source. Named after a class, healthy..., "
        "tumor... or finding... (of unknown type), its answers are judged, else only whether the gate accepts it",
    )
    group.add_argument(
        "--not-brain-mri",
        type=Path,
        metavar="DIR",
        action="append",
        default=[],
        help="other pictures, one subfolder per kind: what is accepted, and what is then called a finding?",
    )
    group.add_argument(
        "--sources-list",
        type=Path,
        metavar="CSV",
        action="append",
        default=[],
        help="columns path, source, label (a class, tumor, finding or nothing), optional kind (brain_mri or "
        "not_brain_mri) and split, of which only the rows test are used",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of the paths in --sources-list, by default the evaluated one"
    )


def run_evaluate(args: argparse.Namespace) -> int:
    """Evaluate, write the report, print a summary.

    Returns:
        The exit status: 0 when all is done, 1 when some files were unreadable.

    Raises:
        BrainTumorError: a person must change something first.
    """
    require_evaluate_extra("evaluate")
    # The extra's libraries take a second to import.
    from brain_tumor.evaluation import boxes, labelled, map_run, report, robustness, run, summary

    path = args.model or default_model_path()
    if args.preprocessing:
        from brain_tumor.evaluation.foreign import load_foreign

        classifier = load_foreign(path, args.preprocessing, args.classes, args.threads)
    else:
        classifier = load_classifier(path, args.threads, args.engine)
    card = classifier.card
    names = to_class_names(args.label, card.rules.classes)
    chosen, notes = _find_sources(args, names, card.rules.subject)
    elsewhere = {file.path for source in chosen for file in source.files}
    dataset = labelled.open_dataset(args.folder, args.list, names, elsewhere)
    dataset = replace(dataset, notes=(*dataset.notes, *notes))
    marked = map_run.keep_marked(dataset, boxes.read_boxes(args.boxes)) if args.boxes else None
    facts = run.ModelFacts(
        card.model_id,
        path.name,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        card.flatbuffer_sha256,
        card.rules.subject,
    )
    make_folder(args.out)  # an hour of work must not end at a folder that cannot be written
    today = datetime.now().astimezone().date().isoformat()
    evaluation = run.evaluate(classifier, facts, dataset, chosen, today)
    if args.preprocessing:
        evaluation = _with_order_checked(evaluation, card.rules.order)
    if args.corruptions:
        measured = robustness.measure_robustness(
            classifier, evaluation.answered, args.corruption_images, card.rules.classes
        )
        evaluation = replace(evaluation, robustness=measured)
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


def require_evaluate_extra(command: str) -> None:
    """Check that a command's libraries are there.

    Args:
        command: its name, for the message.

    Raises:
        MissingExtraError: some are missing.
    """
    require_extra(command, "evaluate", "sklearn", "scipy", "matplotlib", "jinja2")


def _add_foreign(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("a TensorFlow Lite network from elsewhere, without a card")
    group.add_argument(
        "--preprocessing",
        choices=("unit", "tf", "bytes", "caffe", "torch"),
        help="how --model takes its pixels: from 0 to 1 (unit), -1 to 1 (tf), 0 to 255 (bytes), or normalised for "
        "ImageNet as Keras (caffe) or torchvision (torch) does it. It then rejects nothing and is never in doubt",
    )
    group.add_argument(
        "--classes",
        type=lambda text: [name.strip() for name in text.split(",")],
        default=[],
        metavar="A,B,...",
        help="its classes in the order of its outputs, by default in alphabetical order; whether that is so is checked",
    )


def _with_order_checked(evaluation: "Evaluation", order: tuple[Label, ...]) -> "Evaluation":
    from brain_tumor.evaluation.foreign import check_class_order

    note = "A network without a card: no image was rejected, and no answer is in doubt."
    warning = check_class_order(evaluation.measures.matrix, order, evaluation.dataset.classes)
    notes = (*evaluation.dataset.notes, note, *([warning] if warning else []))
    return replace(evaluation, dataset=replace(evaluation.dataset, notes=notes))


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
        help="scans with a marked finding to look at, and as many without a finding (default: %(default)s)",
    )
    parser.add_argument(
        "--occlusion-images",
        type=positive,
        default=0,
        metavar="N",
        help="of these, scans to compare with an occlusion map, at 49 forward passes each (default: none)",
    )


def _find_sources(args: argparse.Namespace, names: ClassNames, subject: str) -> "tuple[tuple[Source, ...], list[str]]":
    """The sources, and what was chosen of the lists."""
    from brain_tumor.evaluation.sources import find_sources, name_apart, read_sources

    found: list[Source] = []
    for folder in args.brain_mri:
        found += find_sources(folder, True, names, subject)
    for folder in args.not_brain_mri:
        found += find_sources(folder, False, names, subject)
    notes = []
    for table in args.sources_list:
        listed, note = read_sources(table, args.data or args.folder, names, subject)
        found += listed
        notes.append(note)
    return name_apart(found), notes


def make_folder(folder: Path) -> None:
    """Make the folder of --out.

    Raises:
        DatasetError: that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from None


def _not_writable(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(f"{folder}: cannot be written ({error.strerror}); make room or name another folder with --out")
