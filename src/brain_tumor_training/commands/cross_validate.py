"""`brain-tumor-train cross-validate`."""

import argparse
from dataclasses import replace
from pathlib import Path

from brain_tumor_training.commands.arguments import GROUPS_HELP, Commands, check_backend, count, folds, seed
from brain_tumor_training.recipes import RECIPES


def add_cross_validate(commands: Commands) -> None:
    """Add the command to the parser."""
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
        "--groups", type=Path, action="append", default=[], help=f"{GROUPS_HELP}, and with the index's own"
    )
    cross.add_argument("--folds", type=folds, default=(), help="such as 0,4; all of the index by default")
    cross.add_argument("--recipe", choices=sorted(RECIPES), default="baseline")
    cross.add_argument("--weights", default="imagenet", help="'imagenet' (downloads) or the path of a .weights.h5")
    cross.add_argument("--epochs", type=count, help="instead of the recipe's")
    cross.add_argument("--keep", choices=("last", "best"), help="epoch to keep; best is by validation loss")
    cross.add_argument("--seed", type=seed, default=0)
    cross.add_argument("--brain-mri", type=Path, action="append", default=[], help="as for fit-decision")
    cross.add_argument(
        "--not-brain-mri",
        type=Path,
        action="append",
        required=True,
        help="images that are no brain MRI, a folder a family",
    )
    cross.add_argument("--unseen", action="append", default=[], help="as for fit-decision")
    cross.add_argument("--out", type=Path, required=True, help="folder for a run, a model file and a report per fold")
    cross.add_argument("--feature-cache", type=Path, help="folder of the feature cache (default: OUT/features)")
    cross.set_defaults(run=_run, needs_keras=True)


def _run(args: argparse.Namespace) -> None:
    check_backend()
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
