"""Write docs/evaluation.md from measured files, or print the README's table; every figure comes from these files.

The words are in tools/evaluation.md.j2 and tools/evaluation_readme.md.j2, the sums in tools/evaluation_sources.py and
tools/evaluation_figures.py. The page leaves out what was not measured. The commands at its end say how this program
is called.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from brain_tumor.csv_reader import read_csv
from brain_tumor.decision.reasons import Reason
from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.evaluation.summary import format_counts, format_number, format_share
from brain_tumor.presentation.wording import reason_words
from brain_tumor_training.cross_summary import summarise
from brain_tumor_training.label_notes import read_notes
from tools import evaluation_figures as figures_of
from tools import evaluation_sources as sources_of
from tools.evaluation_figures import Figures, to_estimate
from tools.evaluation_sources import Group
from tools.render_peers import render as render_peers

FILTERS: dict[str, Callable[[Any], Any]] = {
    # Of a figure of evaluation.json or a computed one; null there means that it is not defined.
    "share": lambda figure: format_share(to_estimate(figure)),
    "number": lambda figure: format_number(to_estimate(figure)),
    # Of counts, which older files lack.
    "counted": lambda figure: _if_measured(figure, lambda item: f"{format_counts(item)}, {format_share(item)}"),
    "rough": lambda figure: _if_measured(figure, lambda item: f"{item.hits:,}, {100 * item.value:.0f} %"),
    "bold": lambda figure: _if_measured(figure, lambda item: "**{} %** {}".format(*format_share(item).split(" % "))),
    "of_total": lambda counts: proportion_ci(*counts),
    "clear_accuracy": figures_of.clear_accuracy,
    "sure_errors": figures_of.sure_errors,
    "cent": lambda number: f"{100 * number:.1f} %",
    "three": lambda number: "" if number is None else f"{number:.3f}",
    "thousands": lambda number: f"{number:,}",
    "reason": lambda code: reason_words(Reason(code)),
    "fold_title": lambda number: f"fold {number}",
}
DOCS = Path(__file__).parents[1] / "docs"
PAGE, README_TABLE = "evaluation.md.j2", "evaluation_readme.md.j2"
NOT_MEASURED = "not measured"
# What evaluations of older versions, or without some option, lack.
_OPTIONAL = ("calibration", "risk_coverage", "robustness", "sources", "maps")
_PREDICTIONS, _GATE_PREDICTIONS = "predictions.csv", "gate_predictions.csv"


def main(argv: Sequence[str] | None = None) -> None:
    """Read the measured files; write the page, or print the table."""
    args = _parse(argv)
    values = collect(args)
    if args.readme:
        print(render(README_TABLE, values))
    else:
        args.out.write_text(render(PAGE, values) + "\n", encoding="utf-8")


def render(template: str, values: Mapping[str, Any]) -> str:
    """One of the templates beside this file, filled in; what it names must be among the values."""
    # Markdown, of our own figures: nothing is escaped.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {
        "runs": figures_of.list_runs,
        "epochs": figures_of.count_epochs,
        "options": figures_of.describe_stages,
        "without_copies": figures_of.without_copies,
        "group_corruptions": figures_of.group_corruptions,
        "pool_groups": sources_of.pool_groups,
        "pool_types": sources_of.pool_types,
        "list_rejections": sources_of.list_rejections,
    }
    return re.sub(r"\n{3,}", "\n\n", environment.get_template(template).render(values)).strip()


def collect(args: argparse.Namespace) -> dict[str, Any]:
    """What the templates name, from the files of the command line."""
    notes = read_notes(DOCS / "label-notes.csv")
    official, unseen, held_back, left_out = (
        _read_evaluation(file) for file in (args.official, args.unseen, args.held_back, args.left_out)
    )
    index = read_csv(args.index) if args.index else []
    looks = sources_of.read_looks(index)
    known = {row["source"] for row in index}
    others = sources_of.join_rows(sources_of.to_rows(held_back, looks), sources_of.to_rows(official, looks))
    never_seen = sources_of.to_rows(left_out, looks)
    kept = _read_folds(args.fold, args.folds, notes)
    folds: Figures = kept.get("folds", {})
    evaluations = {int(number): fold["evaluation"] for number, fold in folds.items()}
    card, pictures = _read(args.card), _read(args.pictures)
    trained = set(card["about"].get("sources") or {}) if card else set()
    brain = sources_of.sort_rows([row for row in others if row.group is not Group.NOT_BRAIN], trained)
    gate_answers = args.official.with_name(_GATE_PREDICTIONS)
    return {
        "official": official,
        "unseen": unseen,
        "left_out": left_out,
        "left_out_rows": sources_of.sort_rows(never_seen),
        "left_out_pooled": sources_of.pool_groups(never_seen),
        "siblings": sources_of.find_siblings(never_seen, index),
        "unseen_sources": sorted({row.source for row in never_seen}),
        "unseen_tumors": _pool(never_seen, [group for group in Group if group.is_tumor]).share("called_tumor"),
        "unseen_false_alarms": _pool(never_seen, [Group.TUMOR_FREE]).share("called_tumor"),
        "sure_wrong": sources_of.sure_and_wrong(never_seen),
        "held_back_rows": [row for row in brain if row.source in known],
        "older_rows": [row for row in brain if row.source not in known],
        "not_brain_rows": [row for row in others if row.group is Group.NOT_BRAIN],
        "trained_sources": trained,
        "card": card,
        "left_out_card": _read(args.left_out_card),
        "kept_folds": kept,
        "folds": folds,
        "pooled_folds": figures_of.pool_folds([*evaluations.values()]) if evaluations else None,
        "fold_summary": summarise(evaluations) if evaluations else (),
        "fold_doubts": figures_of.pool_doubts([fold["doubts"] for fold in folds.values()]) if folds else None,
        "older_folds": "same_recipe_as" in kept and kept["same_recipe_as"] != official["model"]["model_id"],
        "doubts": _doubts({"official Testing split": args.official, "of it, unseen": args.unseen}, notes),
        "noted_sources": [*figures_of.count_noted_sources(read_csv(gate_answers), notes)]
        if gate_answers.exists()
        else [],
        "sure": f"{100 * figures_of.SURE:.0f} %",
        "pictures": figures_of.read_pictures(pictures) if pictures else {},
        "pictures_network": pictures["model"] if pictures else "",
        "kinds_of_answers": figures_of.KINDS_OF_ANSWERS,
        "peers": "\n".join(render_peers(_read(args.peers))) if args.peers else "",
        "baseline": _read(args.baseline),
        "known_figures": read_csv(DOCS / "test-figures-known.csv"),
    }


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, text in (
        ("--official", "evaluation.json of the shipped file on the official Testing split, with other sources"),
        ("--unseen", "evaluation.json of its images without a copy in training"),
        ("--left-out", "evaluation.json, on further sources, of a network that was trained without them"),
        ("--held-back", "evaluation.json of the shipped file on the held-back images of further sources"),
        ("--card", "of the shipped file, the output of: brain-tumor model info --json"),
        ("--left-out-card", "the same of the network of --left-out"),
        ("--folds", "folds that were measured before, such as docs/leak-free-folds.json"),
        ("--index", "index.csv of the further sources, for sequence and skull"),
        ("--pictures", "JSON: kind of picture -> images right, uncertain, not analysed, sure and wrong"),
        ("--peers", "report of benchmarks.peers"),
        ("--baseline", "metrics.json of the recipe baseline"),
    ):
        parser.add_argument(option, type=Path, required=option == "--official", metavar="FILE", help=text)
    parser.add_argument(
        "--fold",
        action="append",
        metavar="K=FOLDER",
        default=[],
        help="instead of --folds: the evaluation, on fold K, of a network without it; and card.json, as for --card",
    )
    parser.add_argument("--readme", action="store_true", help="print the table of README.md and write nothing")
    parser.add_argument("--out", type=Path, default=DOCS / "evaluation.md", help="by default docs/evaluation.md")
    return parser.parse_args(argv)


def _read_folds(pairs: Sequence[str], kept: Path | None, notes: Mapping[str, str]) -> Figures:
    if not pairs:
        return _read(kept) or {}
    folds = {}
    for number, _, name in (pair.partition("=") for pair in pairs):
        folder = Path(name)
        doubts = figures_of.count_doubts(read_csv(folder / _PREDICTIONS), notes)
        folds[number] = {
            "evaluation": _read_evaluation(folder / "evaluation.json"),
            "card": _read(folder / "card.json"),
            "doubts": doubts,
        }
    return {"folds": folds}


def _doubts(evaluations: Mapping[str, Path | None], notes: Mapping[str, str]) -> dict[str, Figures]:
    answers = {title: file.with_name(_PREDICTIONS) for title, file in evaluations.items() if file}
    return {title: figures_of.count_doubts(read_csv(file), notes) for title, file in answers.items() if file.exists()}


def _pool(rows: Sequence[sources_of.SourceRow], groups: Sequence[Group]) -> sources_of.Counts:
    return sources_of.pool([row for row in rows if row.group in groups], "").counts


def _if_measured(figure: Any, words: Callable[[Estimate], str]) -> str:
    estimate = to_estimate(figure)
    return words(estimate) if estimate else NOT_MEASURED


def _read_evaluation(path: Path | None) -> Any:
    return {**dict.fromkeys(_OPTIONAL), **_read(path)} if path else None


def _read(path: Path | None) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path else None


if __name__ == "__main__":
    main()
