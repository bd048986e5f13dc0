"""Write the comparison of stacks into docs/performance.md and draw it, from what benchmarks.stacks measured.

python -m tools.render_stacks reports/stacks.json
"""

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "images" / "stacks.svg"
USUAL = "tensorflow"
Figures = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> None:
    """Render both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="what benchmarks.stacks wrote")
    report = json.loads(parser.parse_args(argv).report.read_text(encoding="utf-8"))
    PAGE.write_text(replace_section(PAGE.read_text(encoding="utf-8"), "stacks", render(report)), encoding="utf-8")
    draw(report, PLOT)


def replace_section(page: str, name: str, lines: Iterator[str]) -> str:
    """The page with these lines between the two marks of a section."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, after = page[: page.index(begin) + len(begin)], page[page.index(end) :]
    return "\n".join([before, "", *lines, "", after])


def render(report: Figures) -> Iterator[str]:
    """The section's lines."""
    machine = report["machine"]
    yield f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, {report['threads']} threads per"
    yield f"pass, load {machine['load_before']} before the run; {report['rounds']} rounds, {report['files']} files."
    yield f"The first stack and ONNX Runtime have the network as `{report['usual_model']}`, ours as"
    yield f"`{report['model']}`."
    yield "In brackets: the share of the first row's figure, as the median of the rounds' own shares."
    yield ""
    columns = ("stack", "one pass", "command to first answer", "peak memory, one file", "many files")
    yield f"| {' | '.join(columns)} | files per second | installed |"
    yield "|---|---|---|---|---|---|---|"
    for stack in report["stacks"].values():
        rates = f"{1 / statistics.median(values(stack, 'file_s')):.1f}, {pure_share(stack):.0%} of pure inference"
        memory = [cell(report, stack, name, "{:.0f} MB") for name in ("peak_mb", "many_peak_mb")]
        yield (
            f"| {stack['title']} | {cell(report, stack, 'pass_s', '{:.0f} ms', 1000)} "
            f"| {cell(report, stack, 'first_answer_s', '{:.2f} s')} | {' | '.join(memory)} "
            f"| {rates} | {cell(report, stack, 'installed_mb', '{:.0f} MB')} |"
        )
    yield ""
    yield "![Shares of the usual stack's figures, smaller is better](images/stacks.svg)"
    yield ""
    for reason in report["left_out"].items():
        yield f"- Left out: {reason[0]} ({reason[1]})."
    if page_mb := report.get("page_installed_mb"):
        yield f"- With Streamlit and all that the page needs (`[app]`), this project takes {page_mb:.0f} MB."
    for stack in report["stacks"].values():
        if "pair_s" in stack:
            share = statistics.median(stack["pair_s"]) / statistics.median(stack["pass_s"])
            yield f"- {stack['title']}, two images at once on one thread each: {share:.2f} of the time per image."
    added = statistics.median(report["all_outputs_share"]) - 1
    yield f"- Gate and heat maps: {added:+.1%} of a pass that computes the class alone (LiteRT)."


def values(stack: Figures, name: str) -> list[float]:
    """One figure of a stack, a value per round or command."""
    if name in stack:
        found = stack[name]
        return list(found) if isinstance(found, list) else [found]
    return [item[name] for item in (stack["start"] if name in stack["start"][0] else stack["many"])]


def share_of_usual(report: Figures, stack: Figures, name: str) -> float:
    """The median over rounds of this stack's figure divided by the usual stack's of the same round."""
    pairs = zip(values(stack, name), values(report["stacks"][USUAL], name), strict=True)
    return float(statistics.median(pair / other for pair, other in pairs))


def cell(report: Figures, stack: Figures, name: str, form: str, factor: float = 1) -> str:
    """A median with its unit, and its share of the usual stack's."""
    median = statistics.median(values(stack, name)) * factor
    return f"{form.format(median)} ({share_of_usual(report, stack, name):.2f})"


def pure_share(stack: Figures) -> float:
    """Files per second through a command, as a share of what forward passes alone would allow.

    Passes one after the other on all threads, or on one thread each at the same time, whichever is faster.
    """
    passes = min(statistics.median(stack[name]) for name in ("pass_s", "pair_s") if name in stack)
    return float(passes / statistics.median(values(stack, "file_s")))


def draw(report: Figures, file: Path) -> None:
    """A bar per stack and figure, as a share of the usual stack's; equal figures give equal bytes."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    names = {
        "pass_s": "one pass",
        "first_answer_s": "command to first answer",
        "peak_mb": "peak memory",
        "installed_mb": "installed size",
    }
    others = [stack for name, stack in report["stacks"].items() if name != USUAL]
    with mpl.rc_context({"svg.hashsalt": "stacks", "svg.fonttype": "none"}):
        figure, panels = plt.subplots(1, len(names), figsize=(12, 2.4), sharey=True, layout="constrained")
        for panel, (name, title) in zip(panels, names.items(), strict=True):
            shares = [share_of_usual(report, stack, name) for stack in others]
            bars = panel.barh([stack["title"] for stack in others], shares, color="#4c72b0")
            panel.bar_label(bars, fmt="%.2f", padding=2)
            panel.axvline(1, color="grey", linestyle="--", linewidth=1)
            panel.set(title=title, xlim=(0, 1.25 * max(1, *shares)))
            panel.spines[["top", "right"]].set_visible(False)
        panels[0].invert_yaxis()
        figure.supxlabel("share of the usual stack's figure (dashed: 1), smaller is better", fontsize=9)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
