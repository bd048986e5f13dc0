"""`brain-tumor compare`: arguments, calls, and what the terminal shows."""

import argparse
import sys
from pathlib import Path

from brain_tumor.arguments import Commands, add_command, add_label_names, positive, to_class_names
from brain_tumor.classifier import load_classifier
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.command import make_folder, require_evaluate_extra
from brain_tumor.presentation.wording import NOTICE, to_printable

_DESCRIPTION = """\
Let two model files answer the same labelled images, and say whether one is better beyond chance: McNemar's test of
the final classes, DeLong's of the areas under the ROC curves, both with 95 % intervals, and the images on which they
disagree, as a table and as pictures.

Exit status: 0 done, 1 done but some files could not be read, 2 wrong use."""


def add_compare(subparsers: Commands) -> None:
    """Add the command to the program's parser; args.run then takes the arguments, gives the exit status."""
    parser = add_command(
        subparsers,
        "compare",
        "compare two models on the same labelled images",
        _DESCRIPTION,
        ("old.tfliteA new.tfliteA Testing --out comparison",),
    )
    parser.add_argument("first", type=Path, metavar="A", help="model file")
    parser.add_argument("second", type=Path, metavar="B", help="another one, of the same classes")
    parser.add_argument("folder", type=Path, metavar="DIR", help="labelled images, as for evaluate")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for figures, table and pictures")
    parser.add_argument("--list", type=Path, metavar="CSV", help="columns path, label, split, as for evaluate")
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads for one image")
    add_label_names(parser)
    parser.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> int:
    """Answer all images with both models, compare, print a summary.

    Returns:
        The exit status: 0 when all is done, 1 when some files were unreadable.

    Raises:
        BrainTumorError: a person must change something first.
    """
    require_evaluate_extra("compare")
    from brain_tumor.evaluation import comparison, labelled, report, run

    classifiers = [load_classifier(path, args.threads) for path in (args.first, args.second)]
    classes, others = (classifier.card.rules.classes for classifier in classifiers)
    if classes != others:
        raise DatasetError(
            f"{args.first.name} names {', '.join(classes)} and {args.second.name} names {', '.join(others)}; "
            "models of the same classes can be compared"
        )
    names = to_class_names(args.label, classes)
    dataset = labelled.open_dataset(args.folder, args.list, names)
    if args.out:
        make_folder(args.out)  # minutes of work must not end at a folder that cannot be written
    files = [file for file, _ in dataset.files]
    ids = [f"{letter}: {classifier.card.model_id}" for letter, classifier in zip("AB", classifiers, strict=True)]
    first, second = (
        run.classify_files(classifier, files, classifier.card.model_id, title, classes)
        for classifier, title in zip(classifiers, ids, strict=True)
    )
    paths = (args.first, args.second)
    shown = [f"{path.name} ({classifier.card.model_id})" for path, classifier in zip(paths, classifiers, strict=True)]
    found = comparison.compare(dataset, first, second, (shown[0], shown[1]), classes)
    for line in comparison.render_text(found).splitlines():
        print(to_printable(line))
    if args.out:
        report.write_report(comparison.render_files(found), args.out)
        print(to_printable(f"written       comparison.json, comparison.txt, disagreements.csv and .png in {args.out}"))
    print(NOTICE, file=sys.stderr)
    return 1 if found.images < len(files) else 0
