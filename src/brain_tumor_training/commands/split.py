"""`brain-tumor-train split`."""

import argparse
from pathlib import Path

from brain_tumor_training.commands.arguments import GROUPS_HELP, Commands, print_next, seed
from brain_tumor_training.recipes import RECIPES


def add_split(commands: Commands) -> None:
    """Add the command to the parser."""
    split = commands.add_parser("split", help="write a leak-free split file from an index of folds")
    split.add_argument("--index", type=Path, required=True, help="CSV: path, label, fold, near_fold_edge")
    split.add_argument("--hold-out-fold", type=int, required=True, help="this fold is the test set")
    split.add_argument(
        "--groups",
        type=Path,
        action="append",
        default=[],
        help=f"{GROUPS_HELP}, and with the index's own; test images with a copy outside are left out",
    )
    split.add_argument("--seed", type=seed, default=0)
    split.add_argument("--out", type=Path, required=True, help="split file for fit --split and evaluate --list")
    split.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor_training import leaks, splits

    share = RECIPES["baseline"].validation_share
    groups = leaks.read_fold_groups(args.index, args.groups) if args.groups else None
    rows = splits.hold_out_fold(args.index, args.hold_out_fold, share, args.seed, groups)
    splits.write_split(rows, args.out)
    counts = ", ".join(f"{sum(row.split == part for row in rows)} {part}" for part in splits.PARTS)
    print(f"{args.out}: {counts}")
    data = args.index.parent
    run = Path("runs", args.out.stem)
    print_next("brain-tumor-train", "fit", "--data", data, "--split", args.out, "--out", run)
