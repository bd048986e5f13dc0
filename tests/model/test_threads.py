import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from brain_tumor.model import threads
from brain_tumor.model.threads import MAX_THREADS, choose_threads, count_cores, read_quota

SetCores = Callable[[int], None]


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> SetCores:
    """Sets how many cores this process may use, on a machine without a quota."""

    def set_cores(count: int) -> None:
        name = "process_cpu_count" if hasattr(os, "process_cpu_count") else "sched_getaffinity"
        answer = count if name == "process_cpu_count" else set(range(count))
        monkeypatch.setattr(os, name, lambda *_: answer, raising=False)
        monkeypatch.setattr(threads, "_CGROUP", Path("no such file"))

    return set_cores


@pytest.mark.parametrize(("count", "chosen"), [(1, 1), (2, 2), (MAX_THREADS, MAX_THREADS), (64, MAX_THREADS)])
def test_each_core_gets_a_thread_up_to_the_most_that_pays(cores: SetCores, count: int, chosen: int) -> None:
    cores(count)
    assert choose_threads() == chosen


def test_a_container_with_half_a_core_gets_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: SetCores
) -> None:
    cores(64)
    monkeypatch.setattr(threads, "_CGROUP", limit(tmp_path, "0::/", {"": "50000 100000"}))
    monkeypatch.setattr(threads, "_CGROUP_ROOT", tmp_path / "root")
    assert choose_threads() == 1


def limit(folder: Path, group: str, limits: dict[str, str]) -> Path:
    """A file as /proc/self/cgroup, and beside it the folder root with the groups' cpu.max files."""
    for name, text in limits.items():
        (folder / "root" / name).mkdir(parents=True, exist_ok=True)
        (folder / "root" / name / "cpu.max").write_text(text + "\n")
    (folder / "cgroup").write_text(f"4:memory:/old\n{group}\n")
    return folder / "cgroup"


@pytest.mark.parametrize(
    ("limits", "quota"),
    [
        ({"": "150000 100000"}, 1.5),
        ({"": "max 100000"}, math.inf),
        ({"": "no number"}, math.inf),
        ({}, math.inf),
        ({"jobs": "max 100000", "jobs/mine": "200000 100000"}, 2),
        ({"jobs": "100000 100000", "jobs/mine": "max 100000"}, 1),  # held to the group around it
    ],
)
def test_the_tightest_limit_around_this_process_counts(tmp_path: Path, limits: dict[str, str], quota: float) -> None:
    assert read_quota(limit(tmp_path, "0::/jobs/mine", limits), tmp_path / "root") == quota


def test_workers_may_take_more_cores_than_one_slice(cores: SetCores) -> None:
    cores(64)
    assert count_cores() == 64


def test_a_machine_without_cgroups_limits_nothing(tmp_path: Path) -> None:
    assert read_quota(tmp_path / "none", tmp_path) == math.inf
