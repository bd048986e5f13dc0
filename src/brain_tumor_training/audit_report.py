"""Audit -> a few lines for a terminal, one HTML page for people, JSON and CSV for programs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from brain_tumor.errors import ScanError
from brain_tumor.evaluation.summary import format_share
from brain_tumor.input.files import read_file
from brain_tumor.input.reader import read_scan
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.html_template import render_template
from brain_tumor.presentation.thumbnail import render_thumbnail
from brain_tumor.presentation.wording import NOTICE, format_fraction
from brain_tumor_training.audit import Audit, AuditFile
from brain_tumor_training.duplicates import KINDS, MIN_AGREEMENT, TRANSFORMS, Pair
from brain_tumor_training.groups import render_groups

PAGE, DATA, GROUPS = "report.html", "audit.json", "groups.csv"
# Raised when a key goes or changes its meaning; new keys do not count.
FORMAT_VERSION = 1
# Two pictures of about 10 KB each: the page stays near one megabyte, whatever the data set's size.
_SHOWN_CONFLICTS, _SHOWN_ACROSS, _SHOWN_WITHIN = 12, 24, 12
_TEMPLATE = "audit.html.j2"


@dataclass(frozen=True, slots=True)
class Shown:
    """One pair with its pictures."""

    pair: Pair
    files: tuple[AuditFile, AuditFile]
    pictures: tuple[str | None, str | None]  # data URIs; None for a file that can no longer be read


def render_report(audit: Audit) -> dict[str, bytes]:
    """Every file of the report by name, the page last; reads the shown images once more."""
    # What cannot be read has no copy that anybody knows of; a training goes through all files of the folder.
    unreadable = [file.name for file, _ in audit.unreadable]
    names = [*(image.name for image in audit.images), *unreadable]
    groups = [*audit.groups, *range(len(audit.images), len(names))]
    texts = {
        GROUPS: render_groups(names, groups),
        DATA: json.dumps(to_document(audit), indent=1) + "\n",
        PAGE: _render_html(audit),
    }
    return {name: text.encode("utf-8") for name, text in texts.items()}


def render_text(audit: Audit) -> str:
    """The figures that matter most, one a line."""
    grouped = sum(len(members) for members in audit.clusters.values())
    lines = [
        f"images       {len(audit.images):,}, unreadable {len(audit.unreadable):,}",
        f"copies       {grouped:,} images in {len(audit.clusters):,} groups",
        *(
            f"leak         {hits:,} of {of:,} in {part} have a copy in {other}"
            for part, other, hits, of in leaks(audit)
        ),
        f"conflicts    {len(audit.conflicts):,} groups with more than one label",
    ]
    if found := audit.shortcuts:
        lines.append(
            f"shortcuts    file facts alone name the label of {format_share(found.accuracy)}; "
            f"always the most frequent one: {format_fraction(found.baseline)}"
        )
    return "\n".join(lines)


def leaks(audit: Audit) -> Iterator[tuple[str, str, int, int]]:
    """(part, other part, images of the part with a copy in the other, images of the part), for every two parts."""
    for part, total in audit.parts.items():
        for other in audit.parts:
            if part != other:
                yield part, other, audit.leaked(part, other), total


def to_document(audit: Audit) -> dict[str, Any]:
    """The audit as JSON holds it: names instead of positions, all clusters, all pairs across parts."""
    return {
        "format_version": FORMAT_VERSION,
        "notice": NOTICE,
        "folders": audit.folders,
        "images": len(audit.images),
        "parts": dict(audit.parts),
        "unreadable": [{"file": file.name, "reason": reason} for file, reason in audit.unreadable],
        "min_agreement": MIN_AGREEMENT,
        "pairs": {kind: sum(pair.kind == kind for pair in audit.copies) for kind in KINDS},
        "leaks": [{"part": part, "other": other, "images": hits, "of": of} for part, other, hits, of in leaks(audit)],
        "clusters": [_cluster(audit, members) for members in audit.clusters.values()],
        "conflicts": [_cluster(audit, members) for members in audit.conflicts.values()],
        "pairs_across": [_pair(audit, pair) for pair in audit.copies_across],
        "shortcuts": asdict(audit.shortcuts) if audit.shortcuts else None,
    }


def _cluster(audit: Audit, members: Iterable[int]) -> list[dict[str, str | None]]:
    images = [audit.images[position] for position in members]
    return [{"file": image.name, "part": image.part, "label": image.label} for image in images]


def _pair(audit: Audit, pair: Pair) -> dict[str, Any]:
    return {
        "first": audit.images[pair.first].name,
        "second": audit.images[pair.second].name,
        "kind": pair.kind,
        "turn": pair.transform,
        "agreement": round(pair.agreement, 4),
        "centre_agreement": round(pair.centre, 4),
    }


def _render_html(audit: Audit) -> str:
    across = set(audit.copies_across)
    conflicts = [pair for pair in audit.copies if audit.is_conflict(pair)]
    within = [pair for pair in audit.copies if pair not in across]
    return render_template(
        "brain_tumor_training",
        _TEMPLATE,
        {"share": format_share, "percent": format_fraction},
        audit=audit,
        leaks=list(leaks(audit)),
        kinds={kind: sum(pair.kind == kind for pair in audit.copies) for kind in KINDS},
        grouped=sum(len(members) for members in audit.clusters.values()),
        sections=[
            ("conflicts", "One picture, two labels", _choose(audit, conflicts, _SHOWN_CONFLICTS)),
            ("across", "Copies across splits", _choose(audit, audit.copies_across, _SHOWN_ACROSS)),
            ("within", "Copies within a split", _choose(audit, within, _SHOWN_WITHIN)),
        ],
        min_agreement=MIN_AGREEMENT,
        not_turned=TRANSFORMS[0],
        notice=NOTICE,
        data=DATA,
        groups=GROUPS,
    )


def _choose(audit: Audit, pairs: Iterable[Pair], limit: int) -> list[Shown]:
    """One pair of each group, the least certain first: if those are copies, so are the others."""
    first_of_group: dict[int, Pair] = {}
    for pair in sorted(pairs, key=lambda pair: (pair.agreement, pair.first, pair.second)):
        first_of_group.setdefault(audit.groups[pair.first], pair)
    shown = []
    for pair in list(first_of_group.values())[:limit]:
        first, second = audit.images[pair.first], audit.images[pair.second]
        shown.append(Shown(pair, (first, second), (_picture(first), _picture(second))))
    return shown


def _picture(file: AuditFile) -> str | None:
    try:
        content = render_thumbnail(read_scan(read_file(str(file.path)), file.name))
    except ScanError:
        return None
    return to_data_uri("image/jpeg", content)
