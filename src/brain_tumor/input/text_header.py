"""Headers of lines of text in front of binary voxels: how NRRD and MetaImage files begin."""

from typing import BinaryIO

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

# Names of segments and of sequences; more is an attack.
MAX_HEADER_BYTES = 2**20


class Lines:
    """The lines of a header, one by one; `at` is where in the stream the next one begins, in bytes."""

    def __init__(self, stream: BinaryIO, file_format: str, file: str) -> None:
        """Begin at the stream's position.

        Args:
            stream: of the file's content.
            file_format: used in messages only, as file is.
            file: its name.
        """
        self._stream, self._format, self._file = stream, file_format, file
        self.at = 0

    def next(self) -> str | None:
        """The next line without its end; None at the end of the file.

        Raises:
            ScanError: the header is longer than MAX_HEADER_BYTES.
        """
        line = self._stream.readline(MAX_HEADER_BYTES + 1 - self.at)
        self.at += len(line)
        if self.at > MAX_HEADER_BYTES:
            raise ScanError(self._file, Problem.DAMAGED, format=self._format, found="its header has no end")
        return line.rstrip(b"\r\n").decode("utf-8", "replace") if line else None
