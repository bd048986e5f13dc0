"""`brain-tumor-train card`."""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from brain_tumor.errors import DatasetError
from brain_tumor_training.commands.arguments import TERMS_HELP, Commands


def add_card(commands: Commands) -> None:
    """Add the command to the parser."""
    card = commands.add_parser("card", help="write measured figures, or terms, into a model file's card")
    card.add_argument("model", type=Path, help="a .tfliteA")
    card.add_argument(
        "--evaluation",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="what the figures stand for, and an evaluation.json of brain-tumor evaluate",
    )
    card.add_argument(
        "--sources",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="the same for the images of other sources in an evaluation.json",
    )
    card.add_argument("--terms", type=Path, metavar="CSV", help=f"{TERMS_HELP}; of the sources that the card names")
    card.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from brain_tumor.model.model_file import load_model_file
    from brain_tumor_training import card_figures

    if not args.evaluation and not args.sources and not args.terms:
        raise DatasetError("nothing to write; give figures with --evaluation or --sources, or --terms")
    evaluations = dict(_summarise(pair, card_figures.summarise_evaluation) for pair in args.evaluation)
    summarise_sources = partial(card_figures.summarise_sources, classes=load_model_file(args.model).card.rules.classes)
    sources = dict(_summarise(pair, summarise_sources) for pair in args.sources)
    card_figures.complete_card(args.model, evaluations, sources, args.terms)


def _summarise(pair: str, summarise: Callable[[dict[str, Any]], dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    name, _, path = pair.partition("=")
    try:
        return name, summarise(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{pair}: is not NAME=evaluation.json ({error!r})") from None
