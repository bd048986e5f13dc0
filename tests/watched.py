"""Our commands in a program of their own, which notes every file it writes and every socket it asks for."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The hook sees every opened file and socket of this program, whichever library asks for it.
_PROGRAM = """
import atexit, json, os, sys

events = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

def watch(event, args):
    if event.startswith(("socket.", "urllib.", "ftplib.", "http.", "smtplib.", "tempfile.")):
        events.append([event, [str(one) for one in args]])
    elif event == "open" and args[2] and args[2] & WRITING:
        events.append([event, [os.path.abspath(os.fsdecode(args[0])) if isinstance(args[0], (str, bytes)) else ""]])
    elif event in ("pickle.find_class", "marshal.loads"):
        events.append([event, [str(one) for one in args][:1]])

def write():
    found = list(events)
    with open(sys.argv[1], "w") as file:
        json.dump(found, file)

atexit.register(write)
sys.addaudithook(watch)
from brain_tumor.cli import main
raise SystemExit(main(sys.argv[2:]))
"""


# Streamlit's server, which notes in a file whatever it asks another computer, or itself through a network.
SERVER = """
import sys

record = open(sys.argv[1], "a", buffering=1)

def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto") or event.startswith(("urllib.", "http.")):
        record.write(f"{event} {args[1:] if event == 'socket.connect' else args}\\n")

sys.addaudithook(watch)
del sys.argv[1]
from streamlit.web.cli import main
main()
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of a command."""

    status: int
    out: str
    err: str
    events: tuple[tuple[str, tuple[str, ...]], ...]  # audit events, such as ("open", (path,)) for writing

    @property
    def sockets(self) -> list[str]:
        """Everything that had to do with a network."""
        return [
            f"{event} {args}"
            for event, args in self.events
            if event.split(".")[0] not in ("open", "tempfile", "pickle", "marshal")
        ]

    @property
    def written(self) -> list[Path]:
        """Every file that was opened for writing."""
        return [Path(args[0]) for event, args in self.events if event == "open" and args[0]]

    @property
    def unpickled(self) -> list[str]:
        """Every class that pickle was asked for."""
        return [args[0] for event, args in self.events if event == "pickle.find_class"]


@cache
def without_network() -> tuple[str, ...]:
    """A prefix for commands that takes all networks away, the computer's own too; empty where that is not permitted."""
    for prefix in (("unshare", "--net"), ("unshare", "--net", "--map-root-user")):
        if (
            shutil.which("unshare")
            and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        ):
            return prefix
    return ()


def run_watched(arguments: list[str], folder: Path, temporary: Path) -> Watched:
    """Run ``brain-tumor`` in a folder, without a network where the system permits that; temporary: its $TMPDIR."""
    record = folder.parent / "events.json"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(temporary),
        "MPLCONFIGDIR": str(temporary / "matplotlib"),
    }
    command = [*without_network(), sys.executable, "-c", _PROGRAM, str(record), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    events = tuple((event, tuple(args)) for event, args in json.loads(record.read_text(encoding="utf-8")))
    return Watched(done.returncode, done.stdout.decode(), done.stderr.decode(), events)
