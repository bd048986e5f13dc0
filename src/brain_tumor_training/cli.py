"""brain-tumor-train: fit, fit-decision, export, and what they need."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeAlias

from brain_tumor.errors import BrainTumorError, DatasetError
from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor_training.recipes import RECIPES

_INSTALL = "pip install 'brain-tumor-mri[train]'; TensorFlow has no build for Python 3.14 yet"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when done, 2 when the request or the data cannot be used, 130 after Ctrl-C."""
    args = _parser().parse_args(argv)
    # TensorFlow speaks at length unless it is told not to before it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        args.run(args)
    except BrainTumorError as error:
        print(f"brain-tumor-train: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"brain-tumor-train: needs {error.name}; install it with: {_INSTALL}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"brain-tumor-train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brain-tumor-train",
        description="Train, calibrate and export the network. Research and education only.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_fit(commands)
    _add_split(commands)
    _add_fit_decision(commands)
    _add_export(commands)
    _add_card(commands)
    _add_data(commands)
    _add_audit(commands)
    _add_compare_maps(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_fit(commands: Commands) -> None:
    recipes = "\n".join(f"  {name}:\n{_indent(recipe)}" for name, recipe in RECIPES.items())
    fit = commands.add_parser(
        "fit",
        help="train a recipe",
        description=f"Train a recipe on Training/<class>/ and Testing/<class>/ folders.\n\nrecipes:\n{recipes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fit.add_argument("--data", type=Path, required=True, help="folder that holds Training/ and Testing/")
    fit.add_argument("--recipe", choices=sorted(RECIPES), default="baseline")
    fit.add_argument("--weights", default="imagenet", help="'imagenet' (downloads) or the path of a .weights.h5")
    fit.add_argument("--out", type=Path, required=True, help="run folder; an interrupted run goes on there")
    fit.add_argument("--epochs", type=_count, help="instead of the recipe's")
    fit.add_argument("--keep", choices=("last", "best"), help="epoch to keep; best is by validation loss")
    fit.add_argument("--seed", type=_seed, default=0)
    fit.add_argument("--split", type=Path, help="use this split file instead of carving a validation set")
    fit.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: OUT/features)")
    fit.add_argument("--no-feature-cache", action="store_true", help="send every image through in every epoch")
    fit.set_defaults(run=_run_fit)


def _run_fit(args: argparse.Namespace) -> None:
    from brain_tumor_training import dataset, splits, train

    recipe = RECIPES[args.recipe]
    recipe = replace(recipe, epochs=args.epochs or recipe.epochs, keep=args.keep or recipe.keep)
    if args.split:
        rows = splits.read_split(args.split)
    else:
        rows = splits.carve_validation(dataset.read_tree(args.data), recipe.validation_share, args.seed)
    cache = None if args.no_feature_cache else args.feature_cache or args.out / "features"
    metrics = train.fit(rows, args.data, recipe, args.weights, args.out, args.seed, cache)
    for part, values in metrics.items():
        print(f"{part}: " + ", ".join(f"{name} {value:.4f}" for name, value in values.items()))
    print(f"written to {args.out}; next: brain-tumor-train fit-decision")


def _add_split(commands: Commands) -> None:
    split = commands.add_parser("split", help="write a leak-free split file from an index of folds")
    split.add_argument("--index", type=Path, required=True, help="CSV: path, label, fold, near_fold_edge")
    split.add_argument("--hold-out-fold", type=int, required=True, help="this fold is the test set")
    split.add_argument("--groups", type=Path, help="groups.csv of audit: leave out test images with a copy outside")
    split.add_argument("--seed", type=_seed, default=0)
    split.add_argument("--out", type=Path, required=True, help="split file for fit --split and evaluate --list")
    split.set_defaults(run=_run_split)


def _run_split(args: argparse.Namespace) -> None:
    from brain_tumor_training import splits

    share = RECIPES["baseline"].validation_share
    rows = splits.hold_out_fold(args.index, args.hold_out_fold, share, args.seed)
    if args.groups:
        rows = splits.drop_leaked(rows, args.groups)
    splits.write_split(rows, args.out)
    counts = ", ".join(f"{sum(row.split == part for row in rows)} {part}" for part in splits.PARTS)
    print(f"{args.out}: {counts}")


def _add_fit_decision(commands: Commands) -> None:
    fit = commands.add_parser("fit-decision", help="fit temperature, doubt thresholds and the gate")
    fit.add_argument("run_folder", type=Path, metavar="RUN", help="the --out folder of fit")
    fit.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    fit.add_argument("--brain-mri", type=Path, action="append", default=[], help="further brain MRI, a folder a source")
    fit.add_argument("--not-brain-mri", type=Path, action="append", required=True, help="others, a folder a family")
    fit.add_argument("--unseen", action="append", default=[], help="family that is only reported, never fitted")
    fit.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: RUN/features)")
    fit.set_defaults(run=_run_fit_decision)


def _run_fit_decision(args: argparse.Namespace) -> None:
    from brain_tumor_training import fit_decision

    cache = args.feature_cache or args.run_folder / "features"
    decision = fit_decision.fit_decision(
        args.run_folder, args.data, args.brain_mri, args.not_brain_mri, set(args.unseen), cache
    )
    print(f"temperature {decision.temperature:.3f}, uncertain below {decision.min_probability:.3f}")
    for name, rate in decision.gate_rates.items():
        kind = "brain MRI" if rate["brain_mri"] else "not brain MRI"
        seen = "" if rate["seen_in_fit"] else ", never fitted"
        print(f"  {name} ({kind}{seen}): {rate['test_accepted']} of {rate['test_images']} held-back images accepted")


def _add_export(commands: Commands) -> None:
    export = commands.add_parser("export", help="write the .tfliteA, once it answers like the Keras network")
    export.add_argument("run_folder", type=Path, metavar="RUN", help="a folder that fit and fit-decision filled")
    export.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    export.add_argument("--out", type=Path, default=Path(DEFAULT_NAME))
    export.add_argument("--parity-images", type=int, default=400, help="validation images to compare, 200 or more")
    export.set_defaults(run=_run_export)


def _run_export(args: argparse.Namespace) -> None:
    from brain_tumor_training import export

    parity = export.export(args.run_folder, args.data, args.out, args.parity_images)
    print(json.dumps(asdict(parity), indent=2))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


def _add_card(commands: Commands) -> None:
    card = commands.add_parser("card", help="write measured figures into a model file's card")
    card.add_argument("model", type=Path, help="a .tfliteA")
    card.add_argument(
        "--evaluation",
        action="append",
        required=True,
        metavar="NAME=FILE",
        help="what the figures stand for, and an evaluation.json of brain-tumor evaluate",
    )
    card.set_defaults(run=_run_card)


def _run_card(args: argparse.Namespace) -> None:
    from brain_tumor_training import export

    evaluations = {}
    for pair in args.evaluation:
        name, _, path = pair.partition("=")
        try:
            evaluations[name] = export.summarise_evaluation(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{pair}: is not NAME=evaluation.json ({error!r})") from None
    export.add_evaluations(args.model, evaluations)


def _add_data(commands: Commands) -> None:
    data = commands.add_parser("data", help="get the public data set")
    actions = data.add_subparsers(title="actions", required=True, metavar="ACTION")
    fetch = actions.add_parser("fetch", help="download it through kagglehub, licence and source shown first")
    fetch.set_defaults(run=_run_fetch)


def _run_fetch(args: argparse.Namespace) -> None:
    from brain_tumor_training import dataset

    print(dataset.PUBLIC_SET_NOTE, flush=True)
    print(f"downloaded to {dataset.fetch_public_set()}")


def _add_audit(commands: Commands) -> None:
    audit = commands.add_parser(
        "audit",
        help="find copies across and within splits, label conflicts and shortcuts",
        description="Compare all images below the folders with all others, turned and mirrored too, and write "
        "report.html, audit.json and groups.csv. Labels and splits are read from the names of folders.",
    )
    audit.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="folder of images, at any depth")
    audit.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for the report")
    audit.set_defaults(run=_run_audit)


def _run_audit(args: argparse.Namespace) -> None:
    from brain_tumor.evaluation.report import write_report
    from brain_tumor.presentation.wording import to_printable
    from brain_tumor_training import audit_report
    from brain_tumor_training.audit import audit

    args.out.mkdir(parents=True, exist_ok=True)  # minutes of work must not end at a folder that cannot be written
    audited = audit(args.folders)
    write_report(audit_report.render_report(audited), args.out)
    for line in [*audit_report.render_text(audited).splitlines(), f"report       {args.out / audit_report.PAGE}"]:
        print(to_printable(line))


def _add_compare_maps(commands: Commands) -> None:
    compare = commands.add_parser("compare-maps", help="check the saliency's formula against Grad-CAM from Keras")
    compare.add_argument("run_folder", type=Path, metavar="RUN", help="a folder that fit filled")
    compare.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    compare.add_argument("--boxes", type=Path, required=True, help="CSV: path, box_x0, box_y0, box_x1, box_y1")
    compare.add_argument("--images", type=_count, default=100, help="test images with a box (default: %(default)s)")
    compare.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON file for the figures")
    compare.set_defaults(run=_run_compare_maps)


def _run_compare_maps(args: argparse.Namespace) -> None:
    from brain_tumor.evaluation.map_tables import maps_to_document
    from brain_tumor_training import compare_maps

    comparison = compare_maps.compare_maps(args.run_folder, args.data, args.boxes, args.images)
    text = json.dumps(maps_to_document(comparison), indent=2) + "\n"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(text, encoding="utf-8")
    print(text, end="")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def _seed(text: str) -> int:
    if not 0 <= (number := int(text)) < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is not a number from 0 to {2**32 - 1}")
    return number


def _indent(recipe: object) -> str:
    return "\n".join(f"    {name} = {value}" for name, value in asdict(recipe).items())  # type: ignore[call-overload]
