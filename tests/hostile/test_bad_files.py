"""Every bad file ends in a message that helps, or in a right answer; and none takes the memory of the machine."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from brain_tumor.input.series import ReadOptions, WindowMode
from brain_tumor.input.source_file import SourceFile
from tests.hostile import archives, dicoms, rasters, volumes
from tests.hostile.bad_file import MAX_MEMORY_MB, MAX_PROCESSOR_S, READS, BadFile
from tests.hostile.reading import answers_of

BAD_FILES: tuple[BadFile, ...] = (
    *rasters.PNGS, *rasters.JPEGS, *rasters.TIFFS, *rasters.OTHERS,
    *volumes.VOLUMES, *volumes.GZIPS, *volumes.OTHER_VOLUMES,
    *dicoms.FILES, *dicoms.OBJECTS, *dicoms.PIXELS, *dicoms.CODED,
    *archives.ARCHIVES, *archives.INNER_NAMES, *archives.NAMES,
)  # fmt: skip
# The others unpack to hundreds of megabytes, which the slow test waits for.
LIGHT = tuple(bad for bad in BAD_FILES if not re.search("bomb|5000-x|deflated|megabytes|large", bad.name))


def fits(answers: list[str], expected: tuple[str, ...]) -> bool:
    """Whether each answer is as expected: of all slices alike, or one after the other."""
    wanted = expected * len(answers) if len(expected) == 1 else expected
    return len(answers) == len(wanted) > 0 and all(
        answer == want or (not want and answer != READS) for answer, want in zip(answers, wanted, strict=True)
    )


def source(bad: BadFile) -> SourceFile:
    data = bad.build()
    return SourceFile(bad.name, lambda: data)


@pytest.mark.parametrize("bad", LIGHT, ids=lambda bad: ascii(bad.name)[1:60])
def test_a_bad_file_gets_the_answer_that_is_right_for_it(bad: BadFile) -> None:
    answers = answers_of(source(bad))
    assert fits(answers, bad.expected), answers[:3]


@pytest.mark.parametrize("window", [WindowMode.FULL, WindowMode.ROBUST])
@pytest.mark.parametrize("bad", [*volumes.VOLUMES, *dicoms.PIXELS], ids=lambda bad: bad.name)
def test_another_window_changes_pixels_only(bad: BadFile, window: WindowMode) -> None:
    answers = answers_of(source(bad), ReadOptions(window=window))
    assert fits(answers, bad.expected), answers[:3]


def test_each_bad_file_is_another_one() -> None:
    assert len({(bad.name, bad.expected) for bad in BAD_FILES}) == len(BAD_FILES) > 200


@pytest.mark.slow
def test_all_together_they_take_little_memory_and_time_and_write_nothing(tmp_path: Path) -> None:
    # In a process of its own, for a crash to be seen as one. The files are made here, so that making them costs it
    # nothing.
    listed = []
    for number, bad in enumerate(BAD_FILES):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bad.build())
        listed.append((bad.name, str(path)))
    (tmp_path / "list.json").write_text(json.dumps(listed), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.reading", str(tmp_path / "list.json")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, ""), records[-1:]
    first, *others = records
    for bad, line in zip(BAD_FILES, others, strict=True):
        assert fits(line["answers"], bad.expected), line
    greedy = [line["name"][:60] for line in others if line["peak_mb"] - first["peak_mb"] > MAX_MEMORY_MB]
    assert not greedy
    assert max(line["children_mb"] for line in others) < MAX_MEMORY_MB
    assert [(line["name"][:60], line["processor_s"]) for line in others if line["processor_s"] > MAX_PROCESSOR_S] == []
