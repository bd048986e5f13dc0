"""How many threads one forward pass gets."""

import math
import os
from pathlib import Path

# More threads than this gain little on one 299 x 299 image and take cores from a server's other work.
MAX_THREADS = 4
_CGROUP = Path("/proc/self/cgroup")
_CGROUP_ROOT = Path("/sys/fs/cgroup")


def choose_threads() -> int:
    """One thread per core that this process may use, at least 1 and at most MAX_THREADS.

    Counted are the cores of its affinity mask (taskset, a batch system, a container's cpuset) and, on Linux
    with cgroup v2, a container's share of processor time; half a core counts as one.
    """
    return min(count_cores(), MAX_THREADS)


def count_cores() -> int:
    """Cores that this process may use, at least 1; counted as choose_threads says."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13, which also hears PYTHON_CPU_COUNT
        cores = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, int(min(cores, read_quota(_CGROUP, _CGROUP_ROOT))))


def read_quota(cgroup: Path, root: Path) -> float:
    """Cores' worth of processor time that cgroup v2 grants this process; infinite where nothing limits it.

    A group is also held to the limits of the groups around it.
    Source: Linux kernel, admin-guide/cgroup-v2, "cpu.max".

    Args:
        cgroup: this process's file /proc/self/cgroup.
        root: where groups lie as folders.
    """
    try:
        lines = cgroup.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return math.inf
    quota = math.inf
    for line in lines:
        if line.startswith("0::/"):
            group = root / line.removeprefix("0::/")
            for folder in (group, *group.parents):
                if folder.is_relative_to(root):
                    quota = min(quota, _read_limit(folder / "cpu.max"))
    return quota


def _read_limit(file: Path) -> float:
    try:
        granted, period = file.read_text(encoding="utf-8").split()
        return int(granted) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max" for no limit
        return math.inf
