import json
from pathlib import Path

from benchmarks import predict_scale
from tools import render_scale


def test_every_file_is_answered_with_the_network_and_without(tmp_path: Path) -> None:
    assert predict_scale.main(["--files", "1", "3", "--out", str(tmp_path / "scale.json")]) == 0
    report = json.loads((tmp_path / "scale.json").read_text(encoding="utf-8"))
    assert [(run["network"], run["files"]) for run in report["runs"]] == [
        ("none", 1),
        ("none", 3),
        ("real", 1),
        ("real", 3),
    ]
    assert all(run["seconds"] > 0 and run["peak_mb"] > 0 for run in report["runs"])
    assert any(line.startswith("| 3 | with the network |") for line in render_scale.render(report))
