"""`brain-tumor-train audit`."""

import argparse
from pathlib import Path

from brain_tumor.errors import DatasetError
from brain_tumor_training.commands.arguments import Commands, prefix_below, print_next
from brain_tumor_training.recipes import FINETUNE_RECIPES


def add_audit(commands: Commands) -> None:
    """Add the command to the parser."""
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
    audit.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor.evaluation.report import write_report
    from brain_tumor.input.no_images import LeftOut
    from brain_tumor.presentation.wording import render_left_out, to_printable

    if bool(args.folders) == bool(args.list):
        raise DatasetError("audit needs either folders of images or a training list with --list")
    if bool(args.list) != bool(args.data) or (args.further and not args.list):
        raise DatasetError("--list and --data belong together, and --further needs them")
    against_copies: list[str | Path] = []
    args.out.mkdir(parents=True, exist_ok=True)  # minutes of work must not end at a folder that cannot be written
    if args.list:
        from brain_tumor_training import audit_list, audit_list_report, examples

        noted: dict[str, audit_list.Noted] = {}
        for index in args.further:
            noted |= audit_list.read_noted(index, prefix_below(index, args.data))
        rows = examples.read_examples(args.list)
        measured = audit_list.audit_list(rows, args.data, FINETUNE_RECIPES["finetuned"], noted)
        contents = audit_list_report.render_report(measured, args.list.name)
        text, page = audit_list_report.render_text(measured), audit_list_report.PAGE
    else:
        from brain_tumor_training import audit_report
        from brain_tumor_training.audit import audit

        left_out = LeftOut()
        audited = audit(args.folders, left_out)
        if left_out.kinds:
            print(render_left_out(left_out))
        contents = audit_report.render_report(audited)
        text, page = audit_report.render_text(audited), audit_report.PAGE
        # No image and its copy may stand in two parts; where they do already, the parts must be drawn anew.
        if audited.clusters:
            against_copies += ["--groups", args.out / audit_report.GROUPS]
        if any(hits for _, _, hits, _ in audit_report.leaks(audited)):
            against_copies.append("--split-anew")
    write_report(contents, args.out)
    for line in [*text.splitlines(), f"report       {args.out / page}"]:
        print(to_printable(line))
    if len(args.folders) == 1:
        fit = ["brain-tumor-train", "fit", "--data", args.folders[0], "--weights", "imagenet"]
        print_next(*fit, *against_copies, "--out", "runs/mine")
