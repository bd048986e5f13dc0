"""Arguments that several commands of the command line share."""

import argparse
from pathlib import Path
from typing import TypeAlias, get_args

from brain_tumor.model.choice import EngineName
from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor.presentation.wording import NOTICE

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(commands: Commands, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """A new command, whose help keeps the description's line breaks and ends with the notice."""
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=NOTICE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add --model, --threads and --engine."""
    parser.add_argument("--model", type=Path, metavar="FILE", help=f"model file instead of {DEFAULT_NAME}")
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads for one image")
    parser.add_argument(
        "--engine",
        choices=get_args(EngineName),
        default="auto",
        help="what runs the network. auto is LiteRT, with which the published figures were measured; openvino starts "
        "a second later and needs the extra: pip install 'brain-tumor-mri[openvino]'",
    )


def positive(text: str) -> int:
    """The number an argument gives.

    Raises:
        ArgumentTypeError: it is anything but a whole number above 0.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
