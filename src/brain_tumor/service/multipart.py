"""The adapter of python-multipart: a form, piece by piece, into the files it holds."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from brain_tumor.service.refusals import FIELD, Refusal, RefusedError
from brain_tumor.service.spool import Spool, Upload

# `file` is what many clients call a single one.
_FIELDS = (FIELD, "file")
# As long as a path may be on Linux.
_MAX_NAME = 4096


class MultipartReader:
    """Takes a form's bytes as they come, and puts the files into a spool."""

    def __init__(self, content_type: str, spool: Spool, max_files: int) -> None:
        """Get ready.

        Args:
            content_type: the request's header.
            spool: what the files are put into.
            max_files: how many are taken.

        Raises:
            RefusedError: it is no form, or has no boundary.
        """
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            raise RefusedError(Refusal.NOT_MULTIPART)
        boundary = options.get(b"boundary")
        if not boundary:
            raise RefusedError(Refusal.MALFORMED)
        self._spool, self._max_files = spool, max_files
        self._uploads: list[Upload] = []
        self._names: set[str] = set()
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        self._name, self._begin, self._is_whole = "", 0, False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_to_header,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_file,
                    "on_part_data": self._add_data,
                    "on_part_end": self._end_file,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise RefusedError(Refusal.MALFORMED) from None

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            RefusedError: they are not of such a form, hold one file too many, or something else than files.
        """
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise RefusedError(Refusal.MALFORMED) from None

    def finish(self) -> list[Upload]:
        """All files, in their order.

        Raises:
            RefusedError: the form is cut off, or has no file.
        """
        if not self._is_whole:
            raise RefusedError(Refusal.MALFORMED)
        if not self._uploads:
            raise RefusedError(Refusal.NO_FILES)
        self._spool.finish()
        return self._uploads

    def _begin_part(self) -> None:
        self._disposition = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _begin_file(self) -> None:
        _, options = parse_options_header(self._disposition)
        if _to_text(options.get(b"name", b"")) not in _FIELDS or b"filename" not in options:
            raise RefusedError(Refusal.UNKNOWN_FIELD)
        if len(self._uploads) == self._max_files:
            raise RefusedError(Refusal.TOO_MANY_FILES, limit=self._max_files)
        number = len(self._uploads) + 1
        self._name = self._to_own_name(_to_text(options[b"filename"]) or f"upload {number}")
        self._begin = self._spool.size_bytes

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._spool.append(memoryview(data)[start:end])

    def _end_file(self) -> None:
        size = self._spool.size_bytes - self._begin
        self._uploads.append(Upload(self._name, len(self._uploads) + 1, self._spool, self._begin, size))

    def _end(self) -> None:
        self._is_whole = True

    def _to_own_name(self, name: str) -> str:
        """A name that no other file of the request has: a second scan.dcm is called scan.dcm (2)."""
        own, number = name, 1
        while own in self._names:
            number += 1
            own = f"{name} ({number})"
        self._names.add(own)
        return own


def _to_text(data: bytes) -> str:
    """A text of a form; bytes that are no UTF-8 become question marks, for JSON has no other bytes."""
    return data[:_MAX_NAME].decode("utf-8", errors="replace")
