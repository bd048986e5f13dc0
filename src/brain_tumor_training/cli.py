"""brain-tumor-train: fit, fit-decision, export, and what they need."""

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

from brain_tumor.errors import BrainTumorError, DatasetError
from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor_training.recipes import FINETUNE_RECIPES, QUANTIZATIONS, RECIPES, Stage

_INSTALL = "pip install 'brain-tumor-mri[train]'; TensorFlow has no build for Python 3.14 yet"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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
        full = "; make room, the same command goes on from here" if error.errno in _FULL else ""
        print(f"brain-tumor-train: {error}{full}", file=sys.stderr)
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
    _add_training_list(commands)
    _add_finetune(commands)
    _add_split(commands)
    _add_cross_validate(commands)
    _add_fit_decision(commands)
    _add_export(commands)
    _add_card(commands)
    _add_data(commands)
    _add_audit(commands)
    _add_compare_maps(commands)
    return parser


_GROUPS_HELP = (
    "CSV with path and group, such as the groups.csv of audit: a group stays on one side of the split; may be given "
    "several times, the groups are then united"
)

_LEAVE_OUT_HELP = (
    "CSV with path and seen, such as docs/label-notes.csv: images whose label or kind is in doubt, known by their name "
    "and that of their folder; they neither train nor set a threshold, and are tested all the same"
)

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
    fit.add_argument("--groups", type=Path, action="append", default=[], help=_GROUPS_HELP)
    fit.add_argument(
        "--allow-leaks-into",
        choices=("test", "validation"),
        action="append",
        default=[],
        help="train although this part has copies of training images, which --groups otherwise refuses",
    )
    fit.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: OUT/features)")
    fit.add_argument("--no-feature-cache", action="store_true", help="send every image through in every epoch")
    fit.set_defaults(run=_run_fit)


def _run_fit(args: argparse.Namespace) -> None:
    from brain_tumor_training import dataset, leaks, splits, train

    recipe = RECIPES[args.recipe]
    recipe = replace(recipe, epochs=args.epochs or recipe.epochs, keep=args.keep or recipe.keep)
    if args.split:
        rows = splits.read_split(args.split)
        groups = leaks.read_groups(args.groups, [row.path for row in rows])
    else:
        images = dataset.read_tree(args.data)
        groups = leaks.read_groups(args.groups, [image.name for image in images])
        rows = splits.carve_validation(images, recipe.validation_share, args.seed, groups)
    leaks.refuse_leaks(rows, groups, args.allow_leaks_into)
    cache = None if args.no_feature_cache else args.feature_cache or args.out / "features"
    metrics = train.fit(rows, args.data, recipe, args.weights, args.out, args.seed, cache)
    for part, values in metrics.items():
        print(f"{part}: " + ", ".join(f"{name} {value:.4f}" for name, value in values.items()))
    print(f"written to {args.out}; next: brain-tumor-train fit-decision")


def _add_training_list(commands: Commands) -> None:
    build = commands.add_parser(
        "training-list",
        help="put several sources together for finetune",
        description="Write a training list: which image trains, validates, tests, and what is known of it. Copies and "
        "patients stay in one part, and one copy of each picture trains.",
    )
    build.add_argument("--data", type=Path, required=True, help="folder that all paths of the list are below")
    build.add_argument(
        "--index", type=Path, required=True, help="index.csv of the data set, in its folder below --data"
    )
    build.add_argument("--groups", type=Path, required=True, help="groups.csv of audit on that folder")
    build.add_argument(
        "--hold-out-fold", action="append", default=[], metavar="K", help="test on this fold, not on official Testing"
    )
    build.add_argument(
        "--spare-testing", action="store_true", help="train on no official Testing image, whatever fold it is in"
    )
    build.add_argument(
        "--other",
        action="append",
        default=[],
        metavar="FOLDER=LABEL",
        help="further source below --data; the label is a class, or 'tumor' where the type is unknown",
    )
    build.add_argument(
        "--stripped", action="append", default=[], metavar="FOLDER", help="of --other: shows heads without a skull"
    )
    build.add_argument(
        "--further",
        type=Path,
        action="append",
        default=[],
        metavar="INDEX",
        help="index.csv of further sources, in its folder below --data: path, source, label, family, patient, "
        "skull_stripped, split (train or held-back); may be given several times",
    )
    build.add_argument(
        "--leave-out-source",
        action="append",
        default=[],
        metavar="SOURCE",
        help="of --further: all of it is tested, nothing of it trains",
    )
    build.add_argument(
        "--no-tumor-source",
        action="append",
        default=[],
        metavar="SOURCE",
        help="of --further: its lesions that are no tumor train as no tumor; those of other sources have no part",
    )
    build.add_argument(
        "--own-weight",
        type=_weight,
        default=1.0,
        metavar="W",
        help="how much more often the images of --index are drawn than those of other sources",
    )
    build.add_argument(
        "--no-copies-in-test", action="store_true", help="leave out test images of which a copy trains or validates"
    )
    build.add_argument(
        "--other-groups",
        type=Path,
        action="append",
        default=[],
        help="groups.csv of audit on the folder above the other sources; may be given several times",
    )
    build.add_argument(
        "--all-groups",
        type=Path,
        metavar="GROUPS",
        help="groups.csv of audit on DATA as a whole: with held-out folds nothing that has a copy in the test part "
        "trains or validates; without, no image of another source is a copy of one of --index",
    )
    build.add_argument("--leave-out", type=Path, metavar="FILE", help=_LEAVE_OUT_HELP)
    build.add_argument("--out", type=Path, required=True, help="the list, for finetune --list")
    build.set_defaults(run=_run_training_list)


def _run_training_list(args: argparse.Namespace) -> None:
    from brain_tumor_training import examples, label_notes, leaks, splits, training_list

    prefix = _prefix(args.index, args.data)
    own = training_list.build_own(args.index, args.groups, prefix, args.hold_out_fold, spare_testing=args.spare_testing)
    own = [replace(row, weight=args.own_weight) for row in own]
    others: list[examples.Example] = []
    if args.other and not args.other_groups:
        raise DatasetError("--other needs --other-groups, the groups.csv of audit on the folder above the sources")
    if unknown := set(args.stripped) - {pair.rpartition("=")[0] for pair in args.other}:
        raise DatasetError(f"--stripped {', '.join(sorted(unknown))}: is no folder of --other")
    for pair in args.other:
        folder, _, label = pair.rpartition("=")
        if not folder:
            raise DatasetError(f"--other {pair}: is not FOLDER=LABEL")
        found = training_list.build_other(args.data / folder, args.data, label, args.other_groups)
        others += [replace(row, skull_stripped=folder in args.stripped) for row in found]
    further = {index: _prefix(index, args.data) for index in args.further}
    others += training_list.build_further(further, args.leave_out_source, args.no_tumor_source)
    if args.leave_out:
        notes = label_notes.read_notes(args.leave_out)
        own, others = label_notes.leave_out(own, notes), label_notes.leave_out(others, notes)
    rows = own + others
    if args.all_groups:
        groups = leaks.read_groups([args.all_groups], [row.path for row in rows])
        if args.hold_out_fold:
            rows = training_list.drop_copies_of_tested(rows, groups)
        else:  # the official split has copies on both sides; other sources need not add to them
            rows = own + training_list.drop_copies_of(own, others, groups)
    if args.no_copies_in_test:
        rows = examples.drop_copies_in_test(rows)
    examples.check_groups(rows, copies_in_test=not args.hold_out_fold)
    examples.write_examples(rows, args.out)
    for source in sorted({row.source for row in rows}):
        counts = (sum(row.source == source and row.split == part for row in rows) for part in splits.PARTS)
        print(f"{source}: " + ", ".join(f"{count} {part}" for count, part in zip(counts, splits.PARTS, strict=True)))


def _prefix(index: Path, data: Path) -> str:
    """What stands before the paths of an index to make them paths below the data folder."""
    # absolute(), not resolve(): the folder of a source may be a link.
    folder, above = index.parent.absolute(), data.absolute()
    if not folder.is_relative_to(above):
        raise DatasetError(f"{index}: does not lie below --data {data}; give the folder above all sources")
    below = folder.relative_to(above).as_posix()
    return "" if below == "." else f"{below}/"


def _add_finetune(commands: Commands) -> None:
    recipes = "\n".join(f"  {name}:\n{_indent(recipe)}" for name, recipe in FINETUNE_RECIPES.items())
    tune = commands.add_parser(
        "finetune",
        help="train a whole network on several sources",
        description=f"Train the whole network on a training list.\n\nrecipes:\n{recipes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tune.add_argument("--list", type=Path, required=True, help="training list, as training-list writes it")
    tune.add_argument("--data", type=Path, required=True, help="folder that the list's paths are below")
    tune.add_argument("--recipe", choices=sorted(FINETUNE_RECIPES), default="finetuned")
    tune.add_argument("--weights", default="imagenet", help="'imagenet' (downloads) or the path of a .weights.h5")
    tune.add_argument(
        "--start",
        type=Path,
        metavar="RUN",
        help="go on from the network of a finished finetune run, or of a model file",
    )
    tune.add_argument("--start-list", type=Path, metavar="LIST", help="the training list of the model file of --start")
    tune.add_argument("--out", type=Path, required=True, help="run folder; an interrupted run goes on there")
    tune.add_argument("--stages", type=_stages, help="instead of the recipe's, e.g. 224x6,299x1: side and epochs")
    tune.add_argument(
        "--stop-after", type=int, metavar="N", help="end after N epochs; the learning rate falls as for all of them"
    )
    tune.add_argument("--epoch-views", type=_count, metavar="N", help="images of an epoch, instead of one per picture")
    tune.add_argument("--batch-size", type=_count, metavar="N", help="instead of the recipe's")
    tune.add_argument("--seed", type=_seed, default=0)
    tune.add_argument(
        "--processes",
        type=_count,
        default=0,
        metavar="N",
        help="prepare images in N processes, for a GPU; otherwise in two threads, with the same result",
    )
    tune.add_argument(
        "--copies-in-test",
        action="store_true",
        help="allow copies of training images in the test part (official split)",
    )
    tune.set_defaults(run=_run_finetune)


def _run_finetune(args: argparse.Namespace) -> None:
    from brain_tumor_training import examples, finetune

    recipe = FINETUNE_RECIPES[args.recipe]
    recipe = replace(
        recipe,
        stages=args.stages or recipe.stages,
        batch_size=args.batch_size or recipe.batch_size,
        epoch_views=args.epoch_views or recipe.epoch_views,
    )
    rows = examples.read_examples(args.list)
    examples.check_groups(rows, copies_in_test=args.copies_in_test)
    if args.stop_after is not None and not 1 <= args.stop_after <= recipe.epochs:
        raise DatasetError(
            f"--stop-after {args.stop_after}: the stages have {recipe.epochs} epochs; give 1 to that many"
        )
    begun = args.start, args.start_list, args.stop_after, args.processes
    metrics = finetune.finetune(rows, args.data, recipe, args.weights, args.out, args.seed, *begun)
    for part, values in metrics.items():
        print(f"{part}: " + ", ".join(f"{name} {value:.4f}" for name, value in values.items()))
    print(f"written to {args.out}; next: brain-tumor-train fit-decision")


def _add_split(commands: Commands) -> None:
    split = commands.add_parser("split", help="write a leak-free split file from an index of folds")
    split.add_argument("--index", type=Path, required=True, help="CSV: path, label, fold, near_fold_edge")
    split.add_argument("--hold-out-fold", type=int, required=True, help="this fold is the test set")
    split.add_argument(
        "--groups",
        type=Path,
        action="append",
        default=[],
        help=f"{_GROUPS_HELP}, and with the index's own; test images with a copy outside are left out",
    )
    split.add_argument("--seed", type=_seed, default=0)
    split.add_argument("--out", type=Path, required=True, help="split file for fit --split and evaluate --list")
    split.set_defaults(run=_run_split)


def _run_split(args: argparse.Namespace) -> None:
    from brain_tumor_training import leaks, splits

    share = RECIPES["baseline"].validation_share
    groups = leaks.read_fold_groups(args.index, args.groups) if args.groups else None
    rows = splits.hold_out_fold(args.index, args.hold_out_fold, share, args.seed, groups)
    splits.write_split(rows, args.out)
    counts = ", ".join(f"{sum(row.split == part for row in rows)} {part}" for part in splits.PARTS)
    print(f"{args.out}: {counts}")


def _add_cross_validate(commands: Commands) -> None:
    cross = commands.add_parser(
        "cross-validate",
        help="train and test once per fold of an index, leak-free, and sum up",
        description="For each fold: hold it out, train on the others, fit the decision, export, and evaluate the model "
        "file on the fold, less the images that have a copy in the others. The same command goes on where it was "
        "interrupted.",
    )
    cross.add_argument("--index", type=Path, required=True, help="CSV: path, label, fold, near_fold_edge, maybe group")
    cross.add_argument("--data", type=Path, required=True, help="folder that the paths of the index lie below")
    cross.add_argument(
        "--groups", type=Path, action="append", default=[], help=f"{_GROUPS_HELP}, and with the index's own"
    )
    cross.add_argument("--folds", type=_folds, default=(), help="such as 0,4; all of the index by default")
    cross.add_argument("--recipe", choices=sorted(RECIPES), default="baseline")
    cross.add_argument("--weights", default="imagenet", help="'imagenet' (downloads) or the path of a .weights.h5")
    cross.add_argument("--epochs", type=_count, help="instead of the recipe's")
    cross.add_argument("--keep", choices=("last", "best"), help="epoch to keep; best is by validation loss")
    cross.add_argument("--seed", type=_seed, default=0)
    cross.add_argument("--brain-mri", type=Path, action="append", default=[], help="as for fit-decision")
    cross.add_argument("--not-brain-mri", type=Path, action="append", required=True, help="as for fit-decision")
    cross.add_argument("--unseen", action="append", default=[], help="as for fit-decision")
    cross.add_argument("--out", type=Path, required=True, help="folder for a run, a model file and a report per fold")
    cross.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: OUT/features)")
    cross.set_defaults(run=_run_cross_validate)


def _run_cross_validate(args: argparse.Namespace) -> None:
    from brain_tumor_training import cross_summary, cross_validate, export, fit_decision, train

    recipe = RECIPES[args.recipe]
    plan = cross_validate.Plan(
        index=args.index,
        groups=tuple(args.groups),
        data=args.data,
        recipe=replace(recipe, epochs=args.epochs or recipe.epochs, keep=args.keep or recipe.keep),
        weights=args.weights,
        seed=args.seed,
        folds=args.folds,
        brain_mri=tuple(args.brain_mri),
        not_brain_mri=tuple(args.not_brain_mri),
        unseen=frozenset(args.unseen),
        out=args.out,
        cache=args.feature_cache or args.out / "features",
    )
    steps = cross_validate.Steps(train.fit, fit_decision.fit_decision, export.export)
    print(cross_summary.render_table(cross_validate.cross_validate(plan, steps)))
    print(f"written to {args.out / cross_validate.SUMMARY}")


def _add_fit_decision(commands: Commands) -> None:
    fit = commands.add_parser("fit-decision", help="fit temperature, doubt thresholds and the gate")
    fit.add_argument("run_folder", type=Path, metavar="RUN", help="the --out folder of fit")
    fit.add_argument("--data", type=Path, required=True, help="the folder that the run was trained on")
    fit.add_argument("--brain-mri", type=Path, action="append", default=[], help="further brain MRI, a folder a source")
    fit.add_argument("--not-brain-mri", type=Path, action="append", required=True, help="others, a folder a family")
    fit.add_argument("--unseen", action="append", default=[], help="family that is only reported, never fitted")
    fit.add_argument("--leave-out", type=Path, metavar="FILE", help=_LEAVE_OUT_HELP)
    fit.add_argument(
        "--further",
        type=Path,
        action="append",
        default=[],
        metavar="INDEX",
        help="index of further sources, as for training-list: their images that are no brain MRI, by family",
    )
    fit.add_argument(
        "--doubt",
        type=Path,
        metavar="LIST",
        help="training list of images of sources that trained nothing, on which the thresholds of doubt are chosen; or "
        "the folder of a run with thresholds that were chosen so",
    )
    fit.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: RUN/features)")
    fit.set_defaults(run=_run_fit_decision)


def _run_fit_decision(args: argparse.Namespace) -> None:
    from brain_tumor_training import fit_decision, label_notes

    cache = args.feature_cache or args.run_folder / "features"
    notes = label_notes.read_notes(args.leave_out) if args.leave_out else None
    decision = fit_decision.fit_decision(
        args.run_folder,
        args.data,
        args.brain_mri,
        args.not_brain_mri,
        set(args.unseen),
        cache,
        notes,
        args.further,
        args.doubt,
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
    export.add_argument(
        "--quantization",
        choices=sorted(QUANTIZATIONS),
        default="auto",
        help="static computes in eight bits, dynamic stores the weights alone in them, none is float32; auto, the "
        "default, is static where that answers as Keras does, else dynamic",
    )
    export.add_argument("--licence", default="not stated", help="the terms of the file, for its card")
    export.add_argument(
        "--terms",
        type=Path,
        metavar="CSV",
        help="source, shows, origin and terms of what trained the network, for the card of a finetune run",
    )
    export.set_defaults(run=_run_export)


def _run_export(args: argparse.Namespace) -> None:
    from brain_tumor_training import export

    quantizations = QUANTIZATIONS[args.quantization]
    about = args.licence, args.terms
    parity = export.export(args.run_folder, args.data, args.out, args.parity_images, quantizations, *about)
    print(json.dumps(asdict(parity), indent=2))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


def _add_card(commands: Commands) -> None:
    card = commands.add_parser("card", help="write measured figures into a model file's card")
    card.add_argument("model", type=Path, help="a .tfliteA")
    card.add_argument(
        "--evaluation",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="what the figures stand for, and an evaluation.json of brain-tumor evaluate",
    )
    card.add_argument(
        "--sources",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="the same for the images of other sources in an evaluation.json",
    )
    card.set_defaults(run=_run_card)


def _run_card(args: argparse.Namespace) -> None:
    from brain_tumor_training import export

    if not args.evaluation and not args.sources:
        raise DatasetError("nothing to write; give figures with --evaluation or --sources")
    evaluations = dict(_summarise(pair, export.summarise_evaluation) for pair in args.evaluation)
    sources = dict(_summarise(pair, export.summarise_sources) for pair in args.sources)
    export.add_evaluations(args.model, evaluations, sources)


def _summarise(pair: str, summarise: Callable[[dict[str, Any]], dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    name, _, path = pair.partition("=")
    try:
        return name, summarise(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{pair}: is not NAME=evaluation.json ({error!r})") from None


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
        "report.html, audit.json and groups.csv. Labels and splits are read from the names of folders. Or, with "
        "--list, measure how well source, sequence, skull and border alone predict the label of what trains, before "
        "and after balancing, and write report.html and audit-list.json.",
    )
    audit.add_argument("folders", type=Path, nargs="*", metavar="DIR", help="folder of images, at any depth")
    audit.add_argument("--list", type=Path, help="instead of folders: a training list, as training-list writes it")
    audit.add_argument("--data", type=Path, metavar="ROOT", help="folder that the list's paths are below")
    audit.add_argument(
        "--further",
        type=Path,
        action="append",
        default=[],
        metavar="INDEX",
        help="CSV with path, below its own folder, sequence and, where known, patient of images of the list; may be "
        "given several times",
    )
    audit.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for the report")
    audit.set_defaults(run=_run_audit)


def _run_audit(args: argparse.Namespace) -> None:
    from brain_tumor.evaluation.report import write_report
    from brain_tumor.presentation.wording import to_printable

    if bool(args.folders) == bool(args.list):
        raise DatasetError("audit needs either folders of images or a training list with --list")
    if bool(args.list) != bool(args.data) or (args.further and not args.list):
        raise DatasetError("--list and --data belong together, and --further needs them")
    args.out.mkdir(parents=True, exist_ok=True)  # minutes of work must not end at a folder that cannot be written
    if args.list:
        from brain_tumor_training import audit_list, audit_list_report, examples

        noted: dict[str, audit_list.Noted] = {}
        for index in args.further:
            noted |= audit_list.read_noted(index, _prefix(index, args.data))
        rows = examples.read_examples(args.list)
        measured = audit_list.audit_list(rows, args.data, FINETUNE_RECIPES["finetuned"], noted)
        contents = audit_list_report.render_report(measured, args.list.name)
        text, page = audit_list_report.render_text(measured), audit_list_report.PAGE
    else:
        from brain_tumor_training import audit_report
        from brain_tumor_training.audit import audit

        audited = audit(args.folders)
        contents = audit_report.render_report(audited)
        text, page = audit_report.render_text(audited), audit_report.PAGE
    write_report(contents, args.out)
    for line in [*text.splitlines(), f"report       {args.out / page}"]:
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
    from brain_tumor.atomic_write import write_whole
    from brain_tumor.evaluation.map_tables import maps_to_document
    from brain_tumor_training import compare_maps

    comparison = compare_maps.compare_maps(args.run_folder, args.data, args.boxes, args.images)
    text = json.dumps(maps_to_document(comparison), indent=2) + "\n"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(args.out, text.encode())
    print(text, end="")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def _weight(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return number


def _stages(text: str) -> tuple[Stage, ...]:
    try:
        return tuple(Stage(*(_count(number) for number in part.split("x"))) for part in text.split(","))
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not SIDExEPOCHS, as in 224x6,299x1") from None


def _folds(text: str) -> tuple[int, ...]:
    folds = tuple(int(number) for number in text.split(","))
    if len(set(folds)) < len(folds):
        raise argparse.ArgumentTypeError(f"{text} names a fold twice")
    return folds


def _seed(text: str) -> int:
    if not 0 <= (number := int(text)) < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is not a number from 0 to {2**32 - 1}")
    return number


def _indent(recipe: object) -> str:
    return "\n".join(f"    {name} = {value}" for name, value in asdict(recipe).items())  # type: ignore[call-overload]
