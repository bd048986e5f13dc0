import os
import subprocess
import sys
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError
from brain_tumor.output_lock import lock_path, locked


def test_a_second_run_is_refused_with_the_name_of_the_writer(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    message = rf"being written by process {os.getpid()} on"
    with locked([output]), pytest.raises(BrainTumorError, match=message), locked([tmp_path / "other.csv", output]):
        pass


def test_a_link_to_an_output_is_that_output(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "out.csv")
    with locked([tmp_path / "out.csv"]), pytest.raises(BrainTumorError), locked([tmp_path / "link.csv"]):
        pass


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with locked([tmp_path / "out.csv"]):
        assert lock_path(tmp_path / "out.csv").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    program = f"""
import os
from pathlib import Path
from brain_tumor.output_lock import locked
with locked([Path({str(output)!r})]):
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    assert lock_path(output).exists()
    with locked([output]):
        pass
