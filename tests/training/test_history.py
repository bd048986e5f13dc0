from pathlib import Path

import pytest

from brain_tumor_training.history import read_history, write_history, write_history_plot

ROWS = [
    {"epoch": epoch}
    | {f"{side}{name}": 0.1 * epoch for side in ("", "val_") for name in ("loss", "accuracy", "precision", "recall")}
    for epoch in (1.0, 2.0, 3.0)
]


def test_history_reads_as_it_was_written(tmp_path: Path) -> None:
    write_history(ROWS, tmp_path / "history.csv")
    assert read_history(tmp_path / "history.csv") == ROWS


def test_no_file_is_no_history(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.csv") == []


def test_an_interruption_while_writing_leaves_the_history_before(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    write_history(ROWS[:2], path)

    class Interrupted(float):
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_history([*ROWS, {"epoch": Interrupted(4)}], path)
    assert read_history(path) == ROWS[:2]


def test_the_plot_is_a_png(tmp_path: Path) -> None:
    write_history_plot(ROWS, tmp_path / "history.png")
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
