"""`brain-tumor-train fit`."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from brain_tumor.arguments import add_label_names, to_class_names
from brain_tumor.labels import LABELS
from brain_tumor_training.backbone import BACKBONES
from brain_tumor_training.commands.arguments import (
    GROUPS_HELP,
    PATIENT_FROM_HELP,
    RECIPE_HELP,
    Commands,
    add_log,
    add_own_classes,
    check_backend,
    count,
    describe_recipe,
    print_metrics,
    seed,
    weight,
)
from brain_tumor_training.recipe_file import choose_recipe
from brain_tumor_training.recipes import RECIPES

_OPTIONS = "epochs learning_rate batch_size early_stopping class_weights augment backbone unfreeze_from keep".split()


def add_fit(commands: Commands) -> None:
    """Add the command to the parser."""
    recipes = "\n".join(f"  {name}:\n{describe_recipe(recipe)}" for name, recipe in RECIPES.items())
    fit = commands.add_parser(
        "fit",
        help="train a recipe",
        description="Train a recipe on a folder of images. Training/<class>/ trains, Validation/<class>/ and "
        "Testing/<class>/\nare taken where they are there; without them, and of <class>/ folders alone, 15 % are drawn "
        f"for each.\n\nrecipes:\n{recipes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fit.add_argument(
        "--data", type=Path, required=True, help="folder that holds Training/ and Testing/, or the classes"
    )
    fit.add_argument("--recipe", default="baseline", metavar="RECIPE", help=RECIPE_HELP)
    fit.add_argument("--weights", default="imagenet", help="'imagenet' (downloads), 'random', or a .weights.h5")
    fit.add_argument("--out", type=Path, required=True, help="run folder; an interrupted run goes on there")
    fit.add_argument("--epochs", type=count, help="instead of the recipe's")
    fit.add_argument("--keep", choices=("last", "best"), help="epoch to keep; best is by validation loss")
    _add_training(fit)
    fit.add_argument("--seed", type=seed, default=0)
    fit.add_argument("--split", type=Path, help="use this split file instead of carving a validation set")
    fit.add_argument(
        "--split-anew", action="store_true", help="draw all three parts, whatever Training/ and Testing/ say"
    )
    patients = fit.add_mutually_exclusive_group()
    patients.add_argument("--patient-from", metavar="REGEX", help=PATIENT_FROM_HELP)
    patients.add_argument(
        "--patients", type=Path, metavar="CSV", help="columns path and patient: each patient stays in one part"
    )
    add_label_names(fit)
    fit.add_argument(
        "--skip-unreadable", action="store_true", help="go on without the files that cannot be read, and name them"
    )
    fit.add_argument("--groups", type=Path, action="append", default=[], help=GROUPS_HELP)
    fit.add_argument(
        "--allow-leaks-into",
        choices=("test", "validation"),
        action="append",
        default=[],
        help="train although this part has copies of training images, which --groups otherwise refuses",
    )
    fit.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: OUT/features)")
    fit.add_argument("--no-feature-cache", action="store_true", help="send every image through in every epoch")
    add_own_classes(fit)
    add_log(fit)
    fit.set_defaults(run=_run, needs_keras=True)


def _add_training(fit: argparse.ArgumentParser) -> None:
    fit.add_argument("--learning-rate", type=weight, metavar="RATE", help="instead of the recipe's")
    fit.add_argument("--batch-size", type=count, metavar="N", help="instead of the recipe's")
    fit.add_argument(
        "--early-stopping",
        type=count,
        metavar="N",
        help="end after N epochs without a lower validation loss, and keep the best epoch",
    )
    fit.add_argument("--class-weights", choices=("none", "balanced"), help="balanced: each class weighs the same")
    fit.add_argument(
        "--augment",
        choices=("none", "brightness", "full"),
        help="how training images are changed; full also mirrors, turns, zooms, blurs and adds noise, in more draws",
    )
    fit.add_argument(
        "--backbone", choices=sorted(BACKBONES), help="a network of keras.applications instead of the recipe's"
    )
    fit.add_argument(
        "--unfreeze-from",
        metavar="BLOCK",
        help="train the backbone too, from the first layer on whose name begins so, such as block13 (ConvNeXt: "
        "stage_3); every image then goes through it in every epoch, which takes many times longer. Take a low "
        "--learning-rate",
    )


def _run(args: argparse.Namespace) -> None:
    check_backend()
    from brain_tumor.input.no_images import LeftOut
    from brain_tumor.presentation.wording import render_left_out
    from brain_tumor_training import class_balance, dataset, leaks, readable, splits, train, training_log

    training_log.check_log(args.log)
    asked = {name: value for name in _OPTIONS if (value := getattr(args, name)) is not None}
    recipe = choose_recipe(args.recipe, RECIPES, asked)
    if args.split:
        classes = splits.read_own_classes(args.split, args.no_finding) if args.own_classes else LABELS
        rows = splits.read_split(args.split, classes)
        groups = _read_groups(args, [row.path for row in rows])
    else:
        classes = dataset.read_own_classes(args.data, args.no_finding) if args.own_classes else LABELS
        left_out = LeftOut()
        names = to_class_names(args.label, classes)
        images = dataset.read_tree(args.data, names, left_out)
        if left_out.kinds:
            print(render_left_out(left_out))
        groups = _read_groups(args, [image.name for image in images])
        rows = splits.divide(images, recipe.validation_share, args.seed, groups, anew=args.split_anew)
    leaks.refuse_leaks(rows, groups, args.allow_leaks_into)
    rows, unreadable = readable.keep_readable(rows, args.data, skip=args.skip_unreadable)
    if unreadable:
        print(f"left out, as they cannot be read:\n{readable.describe_unreadable(unreadable, args.data)}")
    print(class_balance.describe_parts(rows, classes))
    cache = None if args.no_feature_cache or recipe.unfreeze_from else args.feature_cache or args.out / "features"
    metrics = train.fit(rows, args.data, recipe, args.weights, args.out, args.seed, cache, classes, args.log)
    print_metrics(metrics, args.out, args.data)


def _read_groups(args: argparse.Namespace, paths: Sequence[str]) -> Mapping[str, int]:
    from brain_tumor_training import leaks, patients

    known = None
    if args.patient_from is not None:
        known = patients.patients_from_names(paths, args.patient_from)
    elif args.patients:
        known = patients.patients_from_table(paths, args.patients)
    return leaks.read_groups(args.groups, paths, known)
