import ctypes
import subprocess
import sys

import pytest

# Counts the bytes that malloc has taken from the system for one block, after a larger one was freed.
PROGRAM = """
import ctypes, sys
from page.memory import release_large_blocks

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd".split()]
    _fields_ += [(name, ctypes.c_size_t) for name in "usmblks fsmblks uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes, libc.mallinfo2.restype = [ctypes.c_void_p], Info
if sys.argv[1] == "yes":
    release_large_blocks()
libc.free(libc.malloc(16 * 2**20))
before = libc.mallinfo2().hblkhd
libc.malloc(8 * 2**20)
print((libc.mallinfo2().hblkhd - before) // 2**20)
"""


def has_mallinfo2() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")


@pytest.mark.skipif(not has_mallinfo2(), reason="tells of glibc 2.33 and later")
@pytest.mark.parametrize(("is_asked", "own_mib"), [("yes", 8), ("no", 0)])
def test_a_block_that_is_returned_when_free_is_one_of_its_own(is_asked: str, own_mib: int) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, is_asked], capture_output=True, text=True, check=True)
    assert int(done.stdout) == own_mib
