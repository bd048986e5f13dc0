"""Lossless JPEG, JPEG-LS and 12-bit JPEG, through GDCM in a second process that a damaged file may end."""

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from brain_tumor.input.dicom_codestream import CodedSize

_PROGRAM = Path(__file__).with_name("gdcm_worker.py")
# The largest frame takes two seconds, more where others use the processor; one that takes this long goes round in
# circles.
MAX_DECODE_S = 20
_ANSWER = struct.Struct("<Q")


def decode_with_gdcm(frame: bytes, syntax: str, size: CodedSize) -> np.ndarray:
    """Numbers of one frame as they are coded.

    Args:
        frame: a JPEG stream.
        syntax: UID of its transfer syntax.
        size: as the stream itself states it.

    Returns:
        (rows, columns) or (rows, columns, channels), uint8 or uint16.

    Raises:
        ValueError: GDCM cannot decode the frame, ends, or needs more than MAX_DECODE_S.
    """
    request = {
        "syntax": syntax, "length": len(frame),
        "rows": size.rows, "columns": size.columns, "channels": size.channels, "bits": size.bits,
    }  # fmt: skip
    answer = _worker.ask(json.dumps(request).encode() + b"\n" + frame)
    values = np.frombuffer(answer, "u1" if size.bits <= 8 else "<u2")
    if len(values) != size.samples:
        raise ValueError("decoded size")
    shape = (size.rows, size.columns) if size.channels == 1 else (size.rows, size.columns, size.channels)
    return values.reshape(shape)


class _Worker:
    """The second process: started at the first question, again after it ended, and ended with this program.

    A process that this one forks off starts another one for itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            # Held while forking, so that no other thread's question is half written then.
            os.register_at_fork(
                before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._leave_to_parent
            )

    def ask(self, request: bytes) -> bytes:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._end()
            process = self._process = self._process or _start()
            timer = threading.Timer(MAX_DECODE_S, process.kill)
            timer.start()
            try:
                return _exchange(process, request)
            except BaseException as error:
                self._end()  # what it may still answer, after Ctrl-C here, would be taken for the next frame
                if isinstance(error, OSError):
                    raise ValueError("GDCM ended") from None
                raise
            finally:
                timer.cancel()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _leave_to_parent(self) -> None:
        # Two that talk over the same pipes get each other's answers, and a pipe left open keeps the worker alive.
        if self._process is not None:
            with self._process:  # closes the pipes; the parent's child is not waited for
                self._process = None
        self._lock.release()


def _start() -> subprocess.Popen[bytes]:
    # -P: a file beside the worker never stands in for a library of the same name.
    return subprocess.Popen(  # noqa: S603 - our own file
        [sys.executable, "-P", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # GDCM's decoders write there what they think of damaged files
        start_new_session=True,  # Ctrl-C is meant for this program; the worker ends with its input
    )


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise OSError("no pipes")
    process.stdin.write(request)
    process.stdin.flush()
    head = process.stdout.read(_ANSWER.size)
    if len(head) < _ANSWER.size:
        raise OSError("no answer")
    (length,) = _ANSWER.unpack(head)
    answer = process.stdout.read(length)
    if len(answer) < length:
        raise OSError("half an answer")
    return answer


_worker = _Worker()
