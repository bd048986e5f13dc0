"""brain-tumor-train: fit, fit-decision, export, and what they need."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import install_command
from brain_tumor.version import package_version
from brain_tumor_training.commands.audit import add_audit
from brain_tumor_training.commands.card import add_card
from brain_tumor_training.commands.compare_maps import add_compare_maps
from brain_tumor_training.commands.cross_validate import add_cross_validate
from brain_tumor_training.commands.data import add_data
from brain_tumor_training.commands.export import add_export
from brain_tumor_training.commands.finetune import add_finetune
from brain_tumor_training.commands.fit import add_fit
from brain_tumor_training.commands.fit_decision import add_fit_decision
from brain_tumor_training.commands.index import add_index
from brain_tumor_training.commands.split import add_split
from brain_tumor_training.commands.training_list import add_training_list
from brain_tumor_training.quiet import load_keras_quietly

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when done, 2 when the request or the data cannot be used, 130 after Ctrl-C."""
    args = _parser().parse_args(argv)
    # TensorFlow logs much unless this is set before it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        if getattr(args, "needs_keras", False):
            load_keras_quietly()
        args.run(args)
    except BrainTumorError as error:
        print(f"brain-tumor-train: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"brain-tumor-train: needs {error.name}; install it with: {_install()}", file=sys.stderr)
        return 2
    except OSError as error:
        full = "; make room, the same command goes on from here" if error.errno in _FULL else ""
        print(f"brain-tumor-train: {error}{full}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brain-tumor-train",
        description="Train, calibrate and export the network. Research and education only.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_fit(commands)
    add_index(commands)
    add_training_list(commands)
    add_finetune(commands)
    add_split(commands)
    add_cross_validate(commands)
    add_fit_decision(commands)
    add_export(commands)
    add_card(commands)
    add_data(commands)
    add_audit(commands)
    add_compare_maps(commands)
    return parser


def _install() -> str:
    hint = "; TensorFlow has no build for Python 3.14 yet" if sys.version_info >= (3, 14) else ""
    return install_command("train") + hint


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"brain-tumor-train {package_version()}")
        parser.exit()
