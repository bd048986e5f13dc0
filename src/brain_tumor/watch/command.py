"""`brain-tumor watch`: arguments and the loop."""

import argparse
import shutil
import sys
import time
from functools import partial
from pathlib import Path

from brain_tumor.arguments import Commands, add_command, add_network, positive
from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.dicom_out.results import require_dicom_library
from brain_tumor.errors import BrainTumorError
from brain_tumor.output_lock import locked
from brain_tumor.presentation.wording import NOTICE, to_printable
from brain_tumor.watch.task import RESULT, TASK, answer_task, find_tasks

DONE, SOME_FAILED = 0, 1
_EXAMPLES = ("inbox outbox", "/input /output --once")
_DESCRIPTION = f"""\
Answer folders of DICOM images as they arrive, as a mercure module does (extra: dicom-out).

Each subfolder of IN that holds {TASK} is a task; write that file last. Its DICOM results and {RESULT} appear as a
folder of the same name in OUT, all at once. IN is never changed. A task without {RESULT} is answered again after a
restart. Where IN itself holds {TASK}, it is the only task, and OUT takes its results.

Exit status: 0 all done (--once), 1 some tasks failed (--once), 2 wrong use, 130 interrupted, 143 terminated."""


def add_watch(commands: Commands) -> None:
    """Add the command to the program's parser; `arguments.run` takes the arguments and gives the exit status."""
    parser = add_command(commands, "watch", "answer folders of images as they arrive", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("folder", type=Path, metavar="IN", help="folder of tasks, or one task")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of results")
    parser.add_argument("--once", action="store_true", help="answer what is there and end")
    parser.add_argument(
        "--interval", type=positive, default=5, metavar="SECONDS", help="from look to look (default: %(default)s)"
    )
    add_network(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    folder, out = arguments.folder, arguments.out
    if not folder.is_dir():
        raise BrainTumorError(f"{folder}: is not a folder; name the one that tasks arrive in")
    if folder.resolve() == out.resolve() or folder.resolve() in out.resolve().parents:
        raise BrainTumorError(f"{out}: lies in {folder}, whose folders are tasks; name another one for the results")
    require_dicom_library()
    with locked([out]):
        classifier = load_classifier(arguments.model, arguments.threads, arguments.engine)
        print(NOTICE, file=sys.stderr)
        if (folder / TASK).is_file():
            return _report(folder.name, answer_task(classifier, folder, out)["status"])
        status = DONE
        while True:
            status |= _look(classifier, folder, out)
            if arguments.once:
                return status
            time.sleep(arguments.interval)


def _look(classifier: Classifier, folder: Path, out: Path) -> int:
    status = DONE
    for task in find_tasks(folder, partial(_is_done, out)):
        # A dot in front: nobody takes half a result for a whole one, and no task is called so.
        unfinished = out / f".{task.name}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        result = answer_task(classifier, task, unfinished)
        unfinished.rename(out / task.name)
        status |= _report(task.name, result["status"])
    return status


def _is_done(out: Path, name: str) -> bool:
    return (out / name).exists()


def _report(name: str, status: str) -> int:
    print(f"{to_printable(name)}: {status}", flush=True)
    return DONE if status == "done" else SOME_FAILED
