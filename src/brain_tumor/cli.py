"""The command line: opens files, calls the package, shows the answers."""

import argparse
import contextlib
import hashlib
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from brain_tumor.arguments import Commands, add_command
from brain_tumor.dicom_node.command import add_dicom_node
from brain_tumor.errors import BrainTumorError
from brain_tumor.evaluation.command import add_evaluate
from brain_tumor.evaluation.compare_command import add_compare
from brain_tumor.fit_check.command import add_check_fit
from brain_tumor.model.model_file import DEFAULT_NAME, default_model_path, load_model_file
from brain_tumor.prediction.command import add_predict
from brain_tumor.presentation.model_info import FileFacts, render_model, render_model_json
from brain_tumor.presentation.wording import NOTICE, to_printable
from brain_tumor.service.command import add_serve
from brain_tumor.version import package_version
from brain_tumor.watch.command import add_watch

DONE, WRONG_USE = 0, 2
_MODEL_STATUS = "Exit status: 0 done, 2 wrong use or a model file that cannot be used."
_MODEL_EXAMPLES = ("info", "info other.tfliteA --json")
_DESCRIPTION = """\
Examples:
  brain-tumor predict scan.nii.gz photo.png
  brain-tumor predict inbox --csv answers.csv --resume

Classify brain MRI slices with one light model file.

Exit status: 0 all answered, 1 some files failed, 2 wrong use or a model or an output that cannot be used,
130 interrupted, 143 terminated."""
# As a shell reports a program that SIGINT, SIGPIPE or SIGTERM ended.
INTERRUPTED, READER_GONE, TERMINATED = 130, 141, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status. 0: all answered. 1: some files failed. 2: wrong use, or a model or an output file that cannot
        be used.

    Raises:
        SystemExit: as argparse does; 2 for arguments it does not understand, 0 after --help and --version.
    """
    _prepare_output()
    arguments = _parser().parse_args(argv)
    try:
        with _termination_as_interruption():
            status = int(arguments.run(arguments))
            sys.stdout.flush()
    except BrainTumorError as error:
        return _complain(str(error), WRONG_USE)
    except _Termination:
        return _complain("terminated", TERMINATED)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _drop_output()  # the reader, `head` for one, has seen enough
        return READER_GONE
    except OSError as error:
        _drop_output()
        return _complain(
            f"the answers cannot be written ({error.strerror or error}); make room, or send them elsewhere", WRONG_USE
        )
    return status


def _drop_output() -> None:
    """Let what Python would flush at its end go nowhere, where it cannot go to the standard output."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):  # a stream without a file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Termination(KeyboardInterrupt):
    """SIGTERM, which batch systems and `docker stop` send: ended as with Ctrl-C, so that all is left in order."""


@contextlib.contextmanager
def _termination_as_interruption() -> Iterator[None]:
    def end(*_: Any) -> None:
        raise _Termination

    if threading.current_thread() is not threading.main_thread():  # the only one that signals reach
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brain-tumor",
        description=_DESCRIPTION,
        epilog=NOTICE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_predict(commands)
    add_watch(commands)
    add_check_fit(commands)
    _add_model(commands)
    add_evaluate(commands)
    add_compare(commands)
    add_serve(commands)
    add_dicom_node(commands)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"brain-tumor {package_version()}")
        parser.exit()


def _add_model(commands: Commands) -> None:
    model = add_command(commands, "model", "look into a model file", _MODEL_STATUS, _MODEL_EXAMPLES)
    actions = model.add_subparsers(title="commands", required=True, metavar="COMMAND")
    info = add_command(
        actions, "info", "print what a model file is and how it decides", _MODEL_STATUS, ("", "other.tfliteA --json")
    )
    info.add_argument("file", nargs="?", type=Path, metavar="FILE", help=f"by default {DEFAULT_NAME}")
    info.add_argument("--json", action="store_true", help="print the whole card as it is stored, and the file's facts")
    info.set_defaults(run=_show_model)


def _show_model(arguments: argparse.Namespace) -> int:
    path = arguments.file or default_model_path()
    model = load_model_file(path)
    facts = FileFacts(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    print(render_model_json(model, facts) if arguments.json else render_model(model, facts), end="")
    return DONE


def _complain(message: str, status: int) -> int:
    print(f"brain-tumor: {to_printable(message)}", file=sys.stderr)
    return status


def _prepare_output() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, `>&-` in a shell; its number would go to the next file that is opened
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - used until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is shown with escapes, it does not end the run.
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        # Pillow warns of odd metadata; whether an image could be read is said in its line.
        warnings.filterwarnings("ignore", module="PIL")
