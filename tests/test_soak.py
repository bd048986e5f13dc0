"""The soak of benchmarks/soak.py, shortened: memory is flat over some hundred answers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import soak
from brain_tumor.errors import ScanError
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile

ROOT = Path(__file__).parents[1]
# An answer that stayed in memory, pixels, maps and all, would make some 100 MB in the time of the test.
MAX_GROWTH_MB = 25


def test_the_slope_is_that_of_the_line_behind_the_warm_up() -> None:
    # 300 MB after a steep beginning, then 0.01 MB each second.
    samples = [(float(second), 100 + 10.0 * second) for second in range(20)]
    samples += [(float(second), 300 + 0.01 * (second - 20)) for second in range(20, 81)]
    grown = soak.growth("python", 500, samples)
    assert (grown.start_mb, grown.end_mb, grown.mb_per_hour) == pytest.approx((300.0, 300.6, 36.0), abs=0.01)


def test_a_round_has_every_format_and_damaged_files() -> None:
    files = next(soak.draw_rounds())
    names, failed = [], 0
    for series in open_series([SourceFile(name, data.__bytes__) for name, data in files.items()], ReadOptions()):
        for slice_ in series.slices:
            names.append(slice_.file)
            try:
                slice_.read()
            except ScanError:
                failed += 1
    assert {name.partition("/")[0] for name in names} == set(files)
    assert (len(names), failed) == (soak.SLICES_PER_ROUND, 2)


@pytest.mark.slow
def test_memory_stays_flat_over_some_hundred_answers(tmp_path: Path) -> None:
    # In a program of its own, since this one holds whatever other tests left.
    command = [sys.executable, "-m", "benchmarks.soak", "--answers", "450", "--out", str(tmp_path / "soak.json")]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (grown,) = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    assert grown["answers"] >= 450
    assert grown["end_mb"] - grown["start_mb"] < MAX_GROWTH_MB, grown
