"""Lossless JPEG, JPEG-LS and 12-bit JPEG, through GDCM in a second process that a damaged file may end."""

import atexit
import json
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
    """Numbers of one frame as they are coded: (rows, columns) or (rows, columns, channels), uint8 or uint16.

    frame: a JPEG stream. syntax: UID of its transfer syntax. size: as the stream itself states it.
    Raises ValueError when GDCM cannot decode the frame, ends or needs more than MAX_DECODE_S.
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
    """The second process: started at the first question, again after it ended, and ended with this program."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self._end)

    def ask(self, request: bytes) -> bytes:
        with self._lock:
            process = self._process = self._process or _start()
            timer = threading.Timer(MAX_DECODE_S, process.kill)
            timer.start()
            try:
                return _exchange(process, request)
            except OSError:
                self._end()
                raise ValueError("GDCM ended") from None
            finally:
                timer.cancel()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _start() -> subprocess.Popen[bytes]:
    # -P: a file beside the worker never stands in for a library of the same name.
    return subprocess.Popen(  # noqa: S603 - our own file
        [sys.executable, "-P", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # GDCM's decoders write there what they think of damaged files
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
    return process.stdout.read(length)


_worker = _Worker()
