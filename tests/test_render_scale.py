from pathlib import Path

import pytest

from tools import render_scale


@pytest.fixture
def report() -> render_scale.Figures:
    return {
        "machine": {"cores": 2, "system": "Linux x86_64", "python": "3.11"},
        "tables": ["csv"],
        "runs": [
            {"network": "none", "files": 100, "seconds": 1.0, "peak_mb": 90.0},
            {"network": "real", "files": 1000, "seconds": 50.0, "peak_mb": 151.4},
        ],
    }


def test_each_run_has_a_row_with_its_time_per_file(report: render_scale.Figures) -> None:
    rows = [line for line in render_scale.render(report) if line.startswith("| ")]
    assert rows[1:] == [
        "| 100 | all but the network | 1.0 | 10.0 ms | 90 MB |",
        "| 1,000 | with the network | 50.0 | 50.0 ms | 151 MB |",
    ]


def test_equal_figures_give_equal_plots(report: render_scale.Figures, tmp_path: Path) -> None:
    render_scale.draw(report, tmp_path / "one.svg")
    render_scale.draw(report, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert b"all but the network" in (tmp_path / "one.svg").read_bytes()
