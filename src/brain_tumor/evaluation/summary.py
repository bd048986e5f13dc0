"""Evaluation -> a few lines for a terminal and one HTML page for people."""

from collections.abc import Iterator
from functools import partial

from brain_tumor.evaluation.calibration import CALIBRATION_BINS
from brain_tumor.evaluation.corruptions import STRENGTHS
from brain_tumor.evaluation.map_tables import to_map_rows
from brain_tumor.evaluation.metrics import Estimate
from brain_tumor.evaluation.risk_coverage import CONFIDENT_PERCENT, RiskCoverage
from brain_tumor.evaluation.robustness import MIDDLE_STRENGTH, Robustness
from brain_tumor.evaluation.run import SURE, Evaluation, Misclassification
from brain_tumor.evaluation.source_measures import measure_sources
from brain_tumor.evaluation.tables import GATE_PREDICTIONS, INTERVALS, PREDICTIONS
from brain_tumor.labels import class_without_finding, finding_word
from brain_tumor.presentation.data_uri import to_data_uri
from brain_tumor.presentation.html_template import render_template
from brain_tumor.presentation.wording import NOTICE, format_fraction, reason_words, render_count, with_article

_TEMPLATE = "report.html.j2"


def render_text(evaluation: Evaluation) -> str:
    """The figures that matter most, one a line."""
    measures = evaluation.measures
    lines = [
        f"{evaluation.model.model_id} on {evaluation.dataset.name}, {_count_images(evaluation)}",
        *evaluation.dataset.notes,
        f"accuracy      {format_share(measures.accuracy)}",
        f"macro F1      {format_number(measures.macro_f1)}",
        *(f"recall        {format_share(item.recall)}  {label}" for label, item in measures.classes.items()),
        f"uncertain     {format_share(measures.uncertain)}",
        f"not analysed  {format_share(measures.not_analysed)}",
    ]
    if measures.risk_coverage:
        lines.append(f"surest {CONFIDENT_PERCENT} %   {format_confident(measures.risk_coverage)}")
    if evaluation.robustness:
        lines.append(f"corruptions   {format_robustness(evaluation.robustness)}")
    lines += _source_lines(evaluation)
    for row in to_map_rows(evaluation.maps) if evaluation.maps else ():
        value = format_share(row.estimate) if row.kind == "share" else format_number(row.estimate)
        lines.append(f"{row.name:<12}  {value}  {row.meaning}")
    if evaluation.unreadable:
        lines.append(f"unreadable    {render_count(len(evaluation.unreadable), 'file')}, listed in the report")
    return "\n".join(lines)


def render_html(
    evaluation: Evaluation, figures: dict[str, tuple[str, bytes]], errors: tuple[Misclassification, ...]
) -> str:
    """One page that needs no other file and no network.

    Args:
        evaluation: what it states.
        figures: ``confusion_matrix``, ``roc``, ``calibration``, ``risk_coverage``, ``errors`` and, where it was
            measured, ``robustness``, each as (media type, content).
        errors: the answers that the sheet of errors shows, in its order.
    """
    subject = evaluation.model.subject
    return render_template(
        "brain_tumor.evaluation",
        _TEMPLATE,
        {
            "share": format_share,
            "number": format_number,
            "percent": format_fraction,
            "reason_words": partial(reason_words, subject=subject),
        },
        evaluation=evaluation,
        measures=evaluation.measures,
        sources=measure_sources(evaluation.source_results),
        labels=tuple(evaluation.measures.classes),
        no_finding=class_without_finding(evaluation.measures.classes),
        figures={name: to_data_uri(*figure) for name, figure in figures.items()},
        errors=errors,
        map_rows=to_map_rows(evaluation.maps) if evaluation.maps else (),
        notice=NOTICE,
        subject=subject,
        a_subject=with_article(subject),
        finding=finding_word(evaluation.dataset.classes),
        intervals=INTERVALS,
        sure=SURE,
        calibration_bins=CALIBRATION_BINS,
        format_confident=format_confident,
        format_robustness=format_robustness,
        confident_percent=CONFIDENT_PERCENT,
        strengths=STRENGTHS,
        predictions=PREDICTIONS,
        gate_predictions=GATE_PREDICTIONS,
    )


def format_share(estimate: Estimate | None) -> str:
    """A share with its interval in per cent, e.g. ``95.7 % (94.5 to 96.7)``."""
    if estimate is None:
        return "not defined"
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def format_counts(estimate: Estimate | None) -> str:
    """The images behind a share, e.g. ``1,255 of 1,311``."""
    if estimate is None:
        return "0 of 0"
    return f"{estimate.hits:,} of {estimate.total:,}"


def format_number(estimate: Estimate | None) -> str:
    """A figure with its interval, e.g. ``0.957 (0.945 to 0.967)``."""
    if estimate is None:
        return "not defined"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def format_confident(curve: RiskCoverage) -> str:
    """The errors among the most confident answers, e.g. ``2.0 % (1.3 to 3.0) wrong, 20 of 1,000``."""
    errors = curve.errors_among_confident
    if errors is None:
        return "not defined"
    return f"{format_share(errors)} wrong, {errors.hits:,} of {errors.total:,}"


def format_robustness(robustness: Robustness) -> str:
    """The mean drop in one sentence."""
    images = render_count(robustness.clean.images, "clean image")
    return (
        f"macro F1 {robustness.clean.macro_f1.value:.3f} on {images} falls by "
        f"{robustness.mean_drop_points:.1f} points at strength {MIDDLE_STRENGTH} of {len(STRENGTHS)}, "
        f"the mean of {len(robustness.corrupted)} corruptions"
    )


def _source_lines(evaluation: Evaluation) -> Iterator[str]:
    measured, subject = measure_sources(evaluation.source_results), evaluation.model.subject
    finding = finding_word(evaluation.dataset.classes)
    everything = (*measured.brain_mri, *measured.not_brain_mri)
    for item in everything:
        yield f"accepted      {format_share(item.measures.accepted)}  {item.source.name} ({item.source.kind})"
    for item in everything:
        measures, called = item.measures, f"called {finding}"
        yield (
            f"{called:<13} {format_share(measures.called_tumor)}  {item.source.name} ({item.source.kind}): "
            f"{format_counts(measures.called_tumor)}, {format_counts(measures.called_tumor_classified)} without the "
            f"uncertain, which are {format_counts(measures.uncertain)}"
        )
    if total := measured.all_not_brain_mri:
        yield (
            f"{f'surely {finding}':<13} {format_share(total.called_tumor_surely)}  all that is not {subject}: "
            f"{format_counts(total.called_tumor_surely)} with {100 * SURE:.0f} % or more"
        )
        for reason, images in total.rejections.items():
            words = reason_words(reason, subject=subject)
            yield f"rejected      {render_count(images, 'image')} that are not {subject}: {words}"


def _count_images(evaluation: Evaluation) -> str:
    """How many were measured and how many were not, which a figure of the others must not hide."""
    unreadable = sum(outcome.answer is None for outcome in evaluation.outcomes)
    others = ((evaluation.dataset.left_out, "left out"), (unreadable, "unreadable"))
    counts = [f"{number:,} {what}" for number, what in others if number]
    return ", ".join([render_count(len(evaluation.outcomes), "image"), *counts])
