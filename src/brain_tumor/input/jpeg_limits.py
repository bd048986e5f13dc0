"""How often a JPEG goes over its picture, counted before a decoder does."""

import re

# Progressive files of usual programs have 10 scans. One more costs a file some ten bytes and a decoder a walk over the
# whole picture, so 64 MiB of them would take days.
MAX_SCANS = 100
# A profile takes 255 at most and extended XMP some hundred; each takes four bytes in a file and more time to be read.
_MAX_SEGMENTS = 10_000
# The next marker that means something: 0xFF00 is a value, 0xFFD0 to 0xFFD7 divide a scan, and fill bytes may go before.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA


def has_too_many_scans(data: bytes) -> bool:
    """Whether a JPEG stream has more than MAX_SCANS scans, or so many other segments that it has no other purpose.

    Source of the markers: ISO/IEC 10918-1, table B.1.
    """
    offset, scans = 0, 0
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, offset)
        if found is None:
            return False
        marker, offset = found[1][0], found.end()
        if marker == _END:
            return False
        scans += marker == _SCAN
        if scans > MAX_SCANS:
            return True
        if marker != _START:
            offset += int.from_bytes(data[offset : offset + 2], "big")
    return True
