"""`brain-tumor-train finetune`."""

import argparse
from pathlib import Path

from brain_tumor.errors import DatasetError
from brain_tumor.labels import LABELS
from brain_tumor_training.commands.arguments import (
    RECIPE_HELP,
    Commands,
    add_log,
    add_own_classes,
    check_backend,
    count,
    describe_recipe,
    print_metrics,
    seed,
    stages,
)
from brain_tumor_training.recipe_file import choose_recipe
from brain_tumor_training.recipes import FINETUNE_RECIPES

_OPTIONS = ("stages", "batch_size", "epoch_views")

LIST_COLUMNS = """\
columns of the list, a CSV:
    path      of the image, below --data
    label     a class, or "tumor" for one of unknown type; with --own-classes, a class whatever it is
    group     copies of one picture, or all images of one patient; stays in one part
    source    where the image comes from; sources are balanced against each other
    split     train, validation or test
    box_x0, box_y0, box_x1, box_y1  may be left out: the tumor's box in shares of width and height
    skull_stripped                  may be left out: 1 where only the brain is left
    weight                          may be left out: how much more often the image is drawn"""


def add_finetune(commands: Commands) -> None:
    """Add the command to the parser."""
    recipes = "\n".join(f"  {name}:\n{describe_recipe(recipe)}" for name, recipe in FINETUNE_RECIPES.items())
    tune = commands.add_parser(
        "finetune",
        help="train a whole network on several sources",
        description=f"Train the whole network on a training list.\n\n{LIST_COLUMNS}\n\nrecipes:\n{recipes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tune.add_argument(
        "--list", type=Path, required=True, help="training list, as training-list writes it; columns below"
    )
    tune.add_argument("--data", type=Path, required=True, help="folder that the list's paths are below")
    tune.add_argument("--recipe", default="finetuned", metavar="RECIPE", help=RECIPE_HELP)
    tune.add_argument("--weights", default="imagenet", help="'imagenet' (downloads) or the path of a .weights.h5")
    tune.add_argument(
        "--start",
        type=Path,
        metavar="RUN",
        help="go on from the network of a finished finetune run, or of a model file",
    )
    tune.add_argument(
        "--start-list",
        type=Path,
        metavar="LIST",
        help="the training list of the model file of --start, where its card does not say which images trained it",
    )
    tune.add_argument(
        "--start-unchecked",
        action="store_true",
        help="start from a model file although nothing says which images trained it; a test image may then have",
    )
    tune.add_argument("--out", type=Path, required=True, help="run folder; an interrupted run goes on there")
    tune.add_argument("--stages", type=stages, help="instead of the recipe's, e.g. 224x6,299x1: side and epochs")
    tune.add_argument(
        "--stop-after", type=int, metavar="N", help="end after N epochs; the learning rate falls as for all of them"
    )
    tune.add_argument("--epoch-views", type=count, metavar="N", help="images of an epoch, instead of one per picture")
    tune.add_argument("--batch-size", type=count, metavar="N", help="instead of the recipe's")
    tune.add_argument("--seed", type=seed, default=0)
    tune.add_argument(
        "--processes",
        type=count,
        default=0,
        metavar="N",
        help="prepare images in N processes, for a GPU; otherwise in two threads, with the same result",
    )
    tune.add_argument(
        "--copies-in-test",
        action="store_true",
        help="allow copies of training images in the test part (official split)",
    )
    add_own_classes(tune)
    add_log(tune)
    tune.set_defaults(run=_run, needs_keras=True)


def _run(args: argparse.Namespace) -> None:
    check_backend()
    from brain_tumor_training import examples, finetune, training_log
    from brain_tumor_training.data_parallel import joined_group

    training_log.check_log(args.log)
    asked = {name: value for name in _OPTIONS if (value := getattr(args, name)) is not None}
    recipe = choose_recipe(args.recipe, FINETUNE_RECIPES, asked)
    classes = examples.read_own_classes(args.list, args.no_finding) if args.own_classes else LABELS
    rows = examples.read_examples(args.list, classes)
    examples.check_groups(rows, copies_in_test=args.copies_in_test)
    if args.stop_after is not None and not 1 <= args.stop_after <= recipe.epochs:
        raise DatasetError(
            f"--stop-after {args.stop_after}: the stages have {recipe.epochs} epochs; give 1 to that many"
        )
    begun = args.start, args.start_list, args.stop_after, args.processes, args.start_unchecked
    more = classes, args.log
    with joined_group() as group:
        if group.is_first and group.size > 1:
            share = recipe.batch_size // group.size
            print(f"{group.size} processes, {share} images of each batch of {recipe.batch_size} in every one; ", end="")
            print(f"highest learning rate {recipe.learning_rate:g}, as for one process", flush=True)
        metrics = finetune.finetune(rows, args.data, recipe, args.weights, args.out, args.seed, *begun, group, *more)
        if group.is_first:
            print_metrics(metrics, args.out, args.data)
