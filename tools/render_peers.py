"""Print what benchmarks.peers measured as a table for the documentation.

    python -m tools.render_peers reports/peers.json

An image without an answer is neither right nor called a tumor. Of ours, *not analysed* counts as its final class, No
Tumor, and *uncertain* as the class that it names, because the peers know no such status.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain_tumor.decision.verdict import Status
from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.labels import Label, label_from_name

Figures = dict[str, Any]
# From this probability on a reader takes an answer for sure, unless its status asks for a second look.
SURE = 0.9
KINDS = {
    "official": "official Testing images",
    "tumor": "tumors of other sources",
    "healthy": "slices without a tumor of other sources",
    "not-brain-mri": "images that are not brain MRI",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program says of one image."""

    kind: str
    truth: Label | None  # None where the image has none of the four classes, or an unknown tumor
    label: Label | None  # None: the program failed on it
    probability: float | None = None  # of the label; None where the program gives none
    status: Status | None = None  # None: the program has no such thing

    @property
    def names_tumor(self) -> bool:
        """Whether it is called a tumor."""
        return self.label is not None and self.label is not Label.NO_TUMOR

    @property
    def is_sure(self) -> bool:
        """Whether nothing in the answer asks for a second look."""
        return self.status in (None, Status.CLASSIFIED) and self.probability is not None and self.probability >= SURE

    @property
    def is_wrong(self) -> bool:
        """Whether an answer contradicts the truth: another class, a missed tumor, a tumor where none can be."""
        if self.label is None:
            return False
        if self.kind == "official":
            return self.label is not self.truth
        return self.names_tumor is not (self.kind == "tumor")


@dataclass(frozen=True, slots=True)
class Measures:
    """One program on the images of one kind. A share is None where there are no images, or nothing to tell it from."""

    right: Estimate | None  # the class, of official images
    called_tumor: Estimate | None
    wrong_and_sure: Estimate | None  # wrong with SURE or more; None where the program gives no probability
    classified_tumor: Estimate | None  # called a tumor and classified; this and the next two: None without a status
    uncertain: Estimate | None
    not_analysed: Estimate | None
    unanswered: int


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="what benchmarks.peers wrote")
    print("\n".join(render(json.loads(parser.parse_args(argv).report.read_text(encoding="utf-8")))))


def to_answers(report: Figures, name: str) -> list[Answer]:
    """The answers of one program in a report."""
    return [
        Answer(
            image["kind"],
            label_from_name(image["label"]),
            label_from_name(answer["label"]) if "label" in answer else None,
            answer.get("probability"),
            Status(answer["status"]) if "status" in answer else None,
        )
        for image, answer in zip(report["images"], report["programs"][name]["answers"], strict=True)
    ]


def measure(answers: Sequence[Answer]) -> Measures:
    """The measures of answers to images of one kind."""
    total = len(answers)
    has_probability = any(answer.probability is not None for answer in answers)
    has_status = any(answer.status is not None for answer in answers)

    def if_known(known: bool, hits: int) -> Estimate | None:
        return proportion_ci(hits, total) if known else None

    return Measures(
        right=proportion_ci(
            sum(answer.label is not None and answer.label is answer.truth for answer in answers), total
        ),
        called_tumor=proportion_ci(sum(answer.names_tumor for answer in answers), total),
        wrong_and_sure=if_known(has_probability, sum(answer.is_wrong and answer.is_sure for answer in answers)),
        classified_tumor=if_known(
            has_status, sum(answer.names_tumor and answer.status is Status.CLASSIFIED for answer in answers)
        ),
        uncertain=if_known(has_status, sum(answer.status is Status.UNCERTAIN for answer in answers)),
        not_analysed=if_known(has_status, sum(answer.status is Status.NOT_A_BRAIN_MRI for answer in answers)),
        unanswered=sum(answer.label is None for answer in answers),
    )


def render(report: Figures) -> Iterator[str]:
    """The lines: a table with a column per program, and what it rests on."""
    programs: dict[str, Figures] = report["programs"]
    answers = {name: to_answers(report, name) for name in programs}
    measured = {
        kind: [measure([answer for answer in answers[name] if answer.kind == kind]) for name in programs]
        for kind in KINDS
    }
    yield f"| figure | {' | '.join(program['title'] for program in programs.values())} |"
    yield "|---|" + "---|" * len(programs)
    for kind, title in KINDS.items():
        number = sum(image["kind"] == kind for image in report["images"])
        if not number:
            continue
        found = measured[kind]
        yield row(f"**{number} {title}**", [""] * len(found))
        if kind == "official":
            yield row("class right", [cell(item.right) for item in found])
        else:
            yield row("called a tumor", [cell(item.called_tumor) for item in found])
            yield row("called a tumor, and *classified*", [cell(item.classified_tumor) for item in found])
        yield row(f"wrong with {100 * SURE:.0f} % or more", [cell(item.wrong_and_sure) for item in found])
        yield row("uncertain", [cell(item.uncertain) for item in found])
        yield row("not analysed", [cell(item.not_analysed) for item in found])
        if any(item.unanswered for item in found):
            yield row("no answer", [str(item.unanswered) for item in found])
    yield row("**cost**", [""] * len(programs))
    for title, name, form in (
        ("seconds to the first answer", "first_answer_s", "{:.1f}"),
        ("seconds an image, one at a time (median)", "single_image_s", "{:.3f}"),
        ("seconds an image, all in a batch", "batch_image_s", "{:.3f}"),
        ("peak memory, one at a time", "single_peak_mb", "{:,.0f} MB"),
        ("peak memory, all in a batch", "peak_mb", "{:,.0f} MB"),
    ):
        yield row(title, [form.format(program[name]) for program in programs.values()])
    yield ""
    machine = report["machine"]
    yield f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, load {machine['load_before']}"
    yield "before the run. Intervals are Wilson's, 95 %."
    yield ""
    for program in programs.values():
        libraries = ", ".join(f"{name} {version}" for name, version in program["versions"].items())
        network = f", network `{program['model']}`" if program["model"] else ""
        yield f"- {program['title']}{network}: {libraries}."
    for name, reason in report["left_out"].items():
        yield f"- Left out: {name} ({reason})."


def row(title: str, cells: Sequence[str]) -> str:
    """One line of the table."""
    return f"| {title} | {' | '.join(cells)} |"


def cell(estimate: Estimate | None) -> str:
    """A share in hits and per cent, with its interval; a dash where there is none."""
    if estimate is None:
        return "-"
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{estimate.hits}, {100 * estimate.value:.0f} % ({low:.0f} to {high:.0f})"


if __name__ == "__main__":
    main()
