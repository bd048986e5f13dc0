"""`brain-tumor-train index`."""

import argparse
from pathlib import Path

from brain_tumor.arguments import add_label_names, to_class_names
from brain_tumor_training.commands.arguments import GROUPS_HELP, PATIENT_FROM_HELP, Commands, count, print_next, seed


def add_index(commands: Commands) -> None:
    """Add the command to the parser."""
    index = commands.add_parser(
        "index",
        help="write the index of folds that split, cross-validate and training-list read",
        description="List the images of class folders with their label, group and fold. The groups of an audit and "
        "patients stay in one fold.",
    )
    index.add_argument("data", type=Path, metavar="DIR", help="folder of Training/ and Testing/, or of the classes")
    index.add_argument("--groups", type=Path, action="append", default=[], help=GROUPS_HELP)
    patients = index.add_mutually_exclusive_group()
    patients.add_argument("--patient-from", metavar="REGEX", help=PATIENT_FROM_HELP)
    patients.add_argument("--patients", type=Path, metavar="CSV", help="columns path and patient")
    add_label_names(index)
    index.add_argument("--folds", type=count, default=5, metavar="N", help="default: %(default)s")
    index.add_argument("--source", metavar="NAME", help="where the images come from (default: the folder's name)")
    index.add_argument("--seed", type=seed, default=0)
    index.add_argument("--out", type=Path, metavar="CSV", help="default: DIR/index.csv")
    index.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor_training import dataset, index, leaks, patients

    images = dataset.read_tree(args.data, to_class_names(args.label))
    names = [image.name for image in images]
    known = None
    if args.patient_from is not None:
        known = patients.patients_from_names(names, args.patient_from)
    elif args.patients:
        known = patients.patients_from_table(names, args.patients)
    groups = leaks.read_groups(args.groups, names, known)
    out = args.out or args.data / "index.csv"
    fold_of = index.deal_folds(images, groups, args.folds, args.seed)
    index.write_index(images, groups, fold_of, args.source or args.data.resolve().name, out)
    print(f"{out}: {len(images)} images in {len(set(groups.values())) or len(images)} groups, {args.folds} folds")
    if not groups:
        print("Copies and patients are not known; brain-tumor-train audit DIR finds copies: give its --groups")
    print_next("brain-tumor-train", "split", "--index", out, "--hold-out-fold", "0", "--out", "split.csv")
