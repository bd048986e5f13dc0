"""`brain-tumor-train fit`."""

import argparse
from dataclasses import replace
from pathlib import Path

from brain_tumor.labels import LABELS, ClassNames
from brain_tumor_training.commands.arguments import GROUPS_HELP, Commands, count, describe_recipe, print_metrics, seed
from brain_tumor_training.recipes import RECIPES


def add_fit(commands: Commands) -> None:
    """Add the command to the parser."""
    recipes = "\n".join(f"  {name}:\n{describe_recipe(recipe)}" for name, recipe in RECIPES.items())
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
    fit.add_argument("--epochs", type=count, help="instead of the recipe's")
    fit.add_argument("--keep", choices=("last", "best"), help="epoch to keep; best is by validation loss")
    fit.add_argument("--seed", type=seed, default=0)
    fit.add_argument("--split", type=Path, help="use this split file instead of carving a validation set")
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
    fit.add_argument(
        "--own-classes",
        action="store_true",
        help="the names of the folders, or the labels of --split, are the classes, whatever they are",
    )
    fit.add_argument(
        "--no-finding",
        metavar="NAME",
        action="append",
        default=[],
        help="of --own-classes, one that names nothing abnormal; 'normal', 'healthy', 'no' and the like do so by "
        "themselves. It is the answer for images that are not analysed",
    )
    fit.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor.input.no_images import LeftOut
    from brain_tumor.presentation.wording import render_left_out
    from brain_tumor_training import dataset, leaks, splits, train

    recipe = RECIPES[args.recipe]
    recipe = replace(recipe, epochs=args.epochs or recipe.epochs, keep=args.keep or recipe.keep)
    if args.split:
        classes = splits.read_own_classes(args.split, args.no_finding) if args.own_classes else LABELS
        rows = splits.read_split(args.split, classes)
        groups = leaks.read_groups(args.groups, [row.path for row in rows])
    else:
        classes = dataset.read_own_classes(args.data, args.no_finding) if args.own_classes else LABELS
        left_out = LeftOut()
        images = dataset.read_tree(args.data, ClassNames(classes=classes), left_out)
        if left_out.kinds:
            print(render_left_out(left_out))
        groups = leaks.read_groups(args.groups, [image.name for image in images])
        rows = splits.carve_validation(images, recipe.validation_share, args.seed, groups)
    leaks.refuse_leaks(rows, groups, args.allow_leaks_into)
    cache = None if args.no_feature_cache else args.feature_cache or args.out / "features"
    metrics = train.fit(rows, args.data, recipe, args.weights, args.out, args.seed, cache, classes)
    print_metrics(metrics, args.out)
