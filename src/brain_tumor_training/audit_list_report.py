"""ListAudit -> a few lines for a terminal, one HTML page for people, JSON for programs."""

import json
from dataclasses import asdict
from typing import Any

from brain_tumor.presentation.html_template import render_template
from brain_tumor.presentation.wording import NOTICE, format_fraction
from brain_tumor_training.audit_list import BORDER, LOOKS, MOST_READ, ListAudit, Look
from brain_tumor_training.fact_prediction import FOLDS, FoldMean

PAGE, DATA = "report.html", "audit-list.json"
# Raised when a key goes or changes its meaning; new keys do not count.
FORMAT_VERSION = 1
# A line of text names no more looks; the page and the JSON have all of them.
_NAMED = 4
_TEMPLATE = "audit_list.html.j2"


def render_report(audit: ListAudit, name: str) -> dict[str, bytes]:
    """Every file of the report by name, the page last.

    Args:
        audit: what it states.
        name: the list's, without its folder.
    """
    page = render_template(
        "brain_tumor_training",
        _TEMPLATE,
        {"area": format_area, "fold_percent": _format_percents, "percent": format_fraction},
        audit=audit,
        name=name,
        facts=LOOKS,
        border=BORDER,
        folds=FOLDS,
        most_read=MOST_READ,
        notice=NOTICE,
        data=DATA,
    )
    texts = {DATA: json.dumps(to_document(audit, name), indent=1) + "\n", PAGE: page}
    return {file: text.encode("utf-8") for file, text in texts.items()}


def render_text(audit: ListAudit) -> str:
    """What every fact tells, before and after balancing, and the looks that occur on one side only."""
    lines = [
        f"pictures     {audit.pictures:,} of {audit.images:,} training images, copies count once; "
        f"{format_fraction(audit.drawn_with_tumor)} of what is drawn shows a tumor"
    ]
    for found in audit.predictions:
        tumor, classes = found.tumor, found.classes
        line = f"{found.fact:<20} tumor: AUC {format_area(tumor.before)}, balanced {format_area(tumor.after)}"
        if classes.before:
            line += f"; classes: {_format_percents(classes.before)}, balanced {_format_percents(classes.after)}"
        lines.append(line)
    chance = f", of the classes {format_fraction(1 / len(audit.classes))}" if audit.classes else ""
    lines.append(f"chance       AUC 0.500{chance}; in brackets the lowest and the highest of {FOLDS} folds")
    for fact in LOOKS:
        looks = [look for look in audit.looks if look.fact == fact]
        alone = [look for look in looks if look.is_one_sided]
        if alone:
            names = [f"{look.value} ({_side(look)})" for look in alone[:_NAMED]]
            if rest := len(alone) - len(names):
                names.append(f"{rest} more")
            # Sums of shares miss 1 by rounding errors.
            drawn = format_fraction(round(sum(look.drawn for look in alone), 9))
            lines.append(
                f"one-sided    {fact}: {len(alone)} of {len(looks)}, {drawn} of what is drawn: {'; '.join(names)}"
            )
    if not audit.one_sided:
        lines.append("one-sided    none: every look occurs with and without a tumor")
    return "\n".join(lines)


def to_document(audit: ListAudit, name: str) -> dict[str, Any]:
    """The audit as JSON holds it."""
    return {
        "format_version": FORMAT_VERSION,
        "notice": NOTICE,
        "list": name,
        "images": audit.images,
        "pictures": audit.pictures,
        "drawn_with_tumor": audit.drawn_with_tumor,
        "balance": audit.balance,
        "folds": FOLDS,
        "classes": audit.classes,
        "chance": {"tumor": 0.5, "classes": 1 / len(audit.classes) if audit.classes else None},
        "predictions": [asdict(found) for found in audit.predictions],
        "looks": [asdict(look) for look in audit.looks],
        "one_sided": [
            {"fact": look.fact, "value": look.value, "side": _side(look), "drawn": look.drawn}
            for look in audit.one_sided
        ],
    }


def format_area(mean: FoldMean | None) -> str:
    """An area under the ROC curve with its lowest and highest fold, e.g. ``0.928 (0.919 to 0.943)``."""
    return f"{mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f})" if mean else "not defined"


def _format_percents(mean: FoldMean | None) -> str:
    return f"{100 * mean.value:.1f} % ({100 * mean.low:.1f} to {100 * mean.high:.1f})" if mean else "not defined"


def _side(look: Look) -> str:
    return "only with a tumor" if look.with_tumor else "only without"
