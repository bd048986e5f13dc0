"""`brain-tumor-train data`."""

import argparse

from brain_tumor_training.commands.arguments import Commands, print_next


def add_data(commands: Commands) -> None:
    """Add the command to the parser."""
    data = commands.add_parser("data", help="get the public data set")
    actions = data.add_subparsers(title="actions", required=True, metavar="ACTION")
    fetch = actions.add_parser("fetch", help="download it through kagglehub, licence and source shown first")
    fetch.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor_training import dataset

    print(dataset.PUBLIC_SET_NOTE, flush=True)
    folder = dataset.fetch_public_set()
    print(f"downloaded to {folder}")
    print_next("brain-tumor-train", "audit", folder, "--out", "audit")
