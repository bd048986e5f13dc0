"""How this process returns memory to the system."""

import ctypes
import sys
from functools import cache

# Pictures and their copies are larger, the many small things of a page and a usual slice are not.
_LARGE_BYTES = 4 * 2**20
_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h


@cache  # for the whole process, however often a page is drawn
def release_large_blocks() -> None:
    """Return large blocks to the system as soon as they are free, on Linux with glibc; elsewhere malloc decides.

    By default glibc soon keeps blocks of up to 32 MB for later use, in each thread. Pillow's are 16 MB: after a
    picture of 25 million pixels, threads held up to 200 MB that nothing used.
    """
    if sys.platform == "linux":
        set_option = getattr(ctypes.CDLL(None), "mallopt", None)
        if set_option is not None:
            set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)
