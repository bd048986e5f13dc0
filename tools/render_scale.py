"""Write how predict grows with the number of files into docs/performance.md and draw it.

python -m tools.render_scale reports/scale.json
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.render_stacks import PAGE, ROOT, replace_section

PLOT = ROOT / "docs" / "images" / "scale.svg"
NETWORKS = {"real": "with the network", "none": "all but the network"}
Figures = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> None:
    """Render both, from what benchmarks/predict_scale.py wrote."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="what benchmarks/predict_scale.py wrote")
    report = json.loads(parser.parse_args(argv).report.read_text(encoding="utf-8"))
    PAGE.write_text(replace_section(PAGE.read_text(encoding="utf-8"), "scale", render(report)), encoding="utf-8")
    draw(report, PLOT)


def render(report: Figures) -> Iterator[str]:
    """The section's lines."""
    machine, tables = report["machine"], " and ".join(report["tables"])
    yield f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}; folder trees of drawn PNG files,"
    yield f"answers written as {tables}."
    yield ""
    yield "| files | | seconds | per file | peak memory |"
    yield "|---|---|---|---|---|"
    for run in report["runs"]:
        each_ms = 1000 * run["seconds"] / run["files"]
        yield (
            f"| {run['files']:,} | {NETWORKS[run['network']]} | {run['seconds']:.1f} | {each_ms:.1f} ms "
            f"| {run['peak_mb']:.0f} MB |"
        )
    yield ""
    yield "![Seconds and peak memory against the number of files](images/scale.svg)"


def draw(report: Figures, file: Path) -> None:
    """Seconds and peak memory against files, on logarithmic axes; equal figures give equal bytes."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "scale", "svg.fonttype": "none"}):
        figure, (times, memory) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
        for network, title in NETWORKS.items():
            runs = sorted(
                (item["files"], item["seconds"], item["peak_mb"])
                for item in report["runs"]
                if item["network"] == network
            )
            if not runs:
                continue
            files, seconds, peaks = zip(*runs, strict=True)
            times.plot(files, seconds, marker="o", label=title)
            memory.plot(files, peaks, marker="o", label=title)
        times.set(xscale="log", yscale="log", xlabel="files", ylabel="seconds")
        memory.set(xscale="log", xlabel="files", ylabel="peak memory in MB")
        memory.set_ylim(bottom=0)
        for panel in (times, memory):
            panel.spines[["top", "right"]].set_visible(False)
            panel.legend(frameon=False)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
