"""Arguments that several commands of the command line share."""

import argparse
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, TypeVar, get_args

from brain_tumor.model.choice import EngineName
from brain_tumor.model.model_file import DEFAULT_NAME
from brain_tumor.presentation.wording import NOTICE

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands, name: str, summary: str, description: str, examples: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """A new command, whose help starts with examples, keeps the description's line breaks and ends with the notice."""
    parser = commands.add_parser(
        name, help=summary, epilog=NOTICE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shown = "".join(f"  {parser.prog} {example}".rstrip() + "\n" for example in examples)
    parser.description = f"Examples:\n{shown}\n{description}" if examples else description
    return parser


def choice(kind: type[ChoiceT]) -> Callable[[str], ChoiceT]:
    """A reader of an argument that names a member of an enumeration; what else is given is told the choices."""

    def read(text: str) -> ChoiceT:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(kind)}") from None

    return read


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
