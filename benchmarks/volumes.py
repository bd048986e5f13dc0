"""Are volumes of healthy people called healthy, in whatever plane they are cut?

    python -m benchmarks.volumes FOLDER [FOLDER ...] --out volumes.json

Every volume of the folders goes through the package's own series path once in each plane. None should be named a tumor.
"""

import argparse
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any, Protocol

from tqdm import tqdm

from brain_tumor import load_classifier
from brain_tumor.classifier import SliceOutcome
from brain_tumor.decision.series import decide_series
from brain_tumor.decision.verdict import Status
from brain_tumor.input.files import open_paths
from brain_tumor.input.series import Plane, ReadOptions, Series, Slice
from brain_tumor.labels import Label
from brain_tumor.presentation.series_words import describe_series_reason
from brain_tumor.presentation.wording import NOTICE

Figures = dict[str, Any]


class SliceClassifier(Protocol):
    """What answers: a Classifier, or a test's."""

    def classify_many(self, slices: Iterable[Slice]) -> Generator[SliceOutcome, None, None]:
        """Classify slices, in their order."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Answer every volume in every plane, write the JSON file and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="FOLDER", help="with NIfTI files of healthy people, or such files")
    parser.add_argument("--model", type=Path, help="by default the shipped file")
    parser.add_argument("--planes", type=Plane, nargs="+", choices=list(Plane), default=list(Plane))
    parser.add_argument("--out", type=Path, required=True, help="where every figure goes, as JSON")
    args = parser.parse_args(argv)
    classifier = load_classifier(args.model)
    report: Figures = {"model": classifier.card.model_id, "volumes": []}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for volume in ask(classifier, args.paths, args.planes):
        report["volumes"].append(volume)
        # A run over many volumes takes long; what is answered stays when it is interrupted.
        args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print("\n".join(render(report)))
    return 0


def ask(classifier: SliceClassifier, paths: Sequence[str], planes: Iterable[Plane]) -> Iterator[Figures]:
    """The figures of each volume, plane by plane."""
    for plane in planes:
        for series in tqdm(open_paths(paths, ReadOptions(plane=plane)), desc=plane.value, unit="volume"):
            yield answer(classifier, series, plane)


def answer(classifier: SliceClassifier, series: Series, plane: Plane) -> Figures:
    """One volume's answer, and how many of its slices name a tumor, without doubt and with it."""
    findings = [
        answered.result.to_finding(answered.slice.position_mm) if answered.result else None
        for answered in classifier.classify_many(series.slices)
    ]
    verdict = decide_series(findings)
    tumors = [found.verdict.status for found in findings if found and found.verdict.names_tumor]
    path = PurePath(series.name)
    return {
        "folder": path.parent.name,
        "volume": path.name,
        "plane": plane.value,
        "status": verdict.status.value,
        "class": verdict.label.value,
        "reason": describe_series_reason(verdict),
        "slices": verdict.slices,
        "unreadable": findings.count(None),
        "analysed": verdict.analysed,
        "called_tumor": tumors.count(Status.CLASSIFIED),
        "perhaps_tumor": tumors.count(Status.UNCERTAIN),
    }


def render(report: Figures) -> Iterator[str]:
    """The lines of a Markdown table with a row for each folder and plane, and the volumes that are named a tumor."""
    volumes: list[Figures] = report["volumes"]
    yield "| folder | plane | volumes | named a tumor | uncertain | No Tumor | not analysed | slices called a tumor |"
    yield "|---|---|---|---|---|---|---|---|"
    for folder, plane in dict.fromkeys((volume["folder"], volume["plane"]) for volume in volumes):
        group = [volume for volume in volumes if (volume["folder"], volume["plane"]) == (folder, plane)]
        statuses = [volume["status"] for volume in group]
        named = sum(map(names_tumor, group))
        cells = [
            folder,
            plane,
            len(group),
            named,
            statuses.count(Status.UNCERTAIN),
            statuses.count(Status.CLASSIFIED) - named,
            statuses.count(Status.NOT_A_BRAIN_MRI),
            f"{sum(volume['called_tumor'] for volume in group)} of {sum(volume['slices'] for volume in group)}",
        ]
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    for volume in filter(names_tumor, volumes):
        yield f"- {volume['folder']}/{volume['volume']}, {volume['plane']}: {volume['class']}, {volume['reason']}"
    yield f"Network `{report['model']}`. {NOTICE}"


def names_tumor(volume: Figures) -> bool:
    """Whether a healthy volume's answer is wrong."""
    return bool(volume["status"] == Status.CLASSIFIED and volume["class"] != Label.NO_TUMOR)


if __name__ == "__main__":
    raise SystemExit(main())
