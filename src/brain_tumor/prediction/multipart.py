"""Where the part of a multipart answer lies, in a body of any size."""

from collections.abc import Callable
from email.message import Message

# Headers of a part are a few lines.
_MAX_HEAD_BYTES = 2**16
# The closing boundary, at most 70 characters, and what may stand behind it. Source: RFC 2046, 5.1.1.
_TAIL_BYTES = 2**16


class MultipartError(Exception):
    """An answer has another form than announced, or more than one part."""


def find_first_part(read_at: Callable[[int, int], bytes], size: int, content_type: str) -> tuple[int, int]:
    """The only part of an answer.

    Args:
        read_at: gives the body's bytes, from an offset on, at most as many as asked for.
        size: of the body.
        content_type: its header; an answer that is no multipart is one part, as some archives send it.

    Returns:
        Where the part's content begins and where it ends.

    Raises:
        MultipartError: there is no such part, or it does not end.
    """
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_maintype() != "multipart":
        return 0, size
    boundary = message.get_boundary()
    if not boundary:
        raise MultipartError
    mark = b"--" + boundary.encode("latin-1", "replace")
    head = read_at(0, _MAX_HEAD_BYTES)
    first = head.find(mark)
    end_of_head = head.find(b"\r\n\r\n", first)
    if first < 0 or end_of_head < 0:
        raise MultipartError
    start = end_of_head + 4
    tail_at = max(start, size - _TAIL_BYTES)
    end = read_at(tail_at, size - tail_at).rfind(b"\r\n" + mark + b"--")
    if end < 0:
        raise MultipartError
    return start, tail_at + end
