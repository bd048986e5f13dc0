"""`brain-tumor-train training-list`."""

import argparse
from dataclasses import replace
from pathlib import Path

from brain_tumor.errors import DatasetError
from brain_tumor_training.commands.arguments import LEAVE_OUT_HELP, Commands, prefix_below, print_next, weight


def add_training_list(commands: Commands) -> None:
    """Add the command to the parser."""
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
        type=weight,
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
    build.add_argument("--leave-out", type=Path, metavar="FILE", help=LEAVE_OUT_HELP)
    build.add_argument("--out", type=Path, required=True, help="the list, for finetune --list")
    build.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor_training import examples, label_notes, leaks, splits, training_list

    prefix = prefix_below(args.index, args.data)
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
    further = {index: prefix_below(index, args.data) for index in args.further}
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
    print_next("brain-tumor-train", "finetune", "--list", args.out, "--data", args.data, "--out", "runs/mine")
