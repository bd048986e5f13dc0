"""What a report says, in words and tables: the same for HTML and PDF."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status
from brain_tumor.labels import Label, finding_word
from brain_tumor.model.card import Card
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.model_info import describe_share, name_images
from brain_tumor.presentation.report.subject import Picture, ReportImage, ReportSeries, ReportSlice, ReportSubject
from brain_tumor.presentation.series_words import KIND_NAMES, describe_series_reason, describe_series_rule
from brain_tumor.presentation.wording import (
    MAP_EXPLANATIONS,
    MAP_TITLES,
    describe_final_class,
    describe_limits,
    describe_reason,
    describe_window,
    explain,
    format_fraction,
    format_percent,
    headline,
    title_status,
    to_printable,
    to_sentence,
    with_article,
)
from brain_tumor.version import package_version

SERIES_EXPLANATIONS = {
    Status.CLASSIFIED: "The rule below was met clearly enough. The answer can still be wrong.",
    Status.UNCERTAIN: "The slices are not enough, by the rule below, to name a {finding} or to say that there is none.",
    Status.NOT_A_BRAIN_MRI: (
        "No slice passed the check for {subject}, so the answer is {label} by rule, not by examination. "
        "It does not say that the series is healthy."
    ),
}
_STRIP_NOTE = (
    "Above: how probable a {finding} is (100 % less {no_finding}). In the lane between: slices without that number. "
    "Below: the score of the check for {subject}, and the limit it must reach, dashed."
)
_EVALUATION_NOTE = (
    "Share of right final classes, with 95 % intervals where they were measured. Figures on images like those of "
    "training flatter: expect less on others. An image that is not analysed counts as {no_finding}."
)
_NOT_EVALUATED = "The model file's card holds no measured figures."
# One page holds so many; the card and the evaluation report have all.
_MAX_EVALUATIONS = 4
# Two lines of a page. A longer text keeps its beginning and its end.
MAX_CHARS = 150


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture and the words below it."""

    picture: Picture
    title: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures of one slice; its caption is empty where the report is about that slice alone."""

    caption: str
    pictures: tuple[ShownPicture, ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How the model did on one set of images."""

    images: str
    accuracy: str  # with its interval where there is one
    right: str
    uncertain: str
    not_analysed: str


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a report says. All texts are safe to print, none is longer than a few lines."""

    heading: str  # of the whole report
    title: str  # which image or series it is about
    identity: tuple[tuple[str, str], ...]
    answer: str  # the headline
    chosen: Label | None  # the class that the headline names; None where it names none
    status: Status
    status_title: str
    confidence: str
    paragraphs: tuple[str, ...]  # why, and what the status means
    table_title: str
    table: tuple[tuple[Label, str], ...]
    shares: Mapping[Label, float]  # the same as numbers
    table_note: str
    groups: tuple[Group, ...]
    map_notes: tuple[str, ...]
    model: tuple[tuple[str, str], ...]
    evaluations: tuple[Evaluated, ...]
    evaluation_note: str
    limits: tuple[str, ...]

    @property
    def is_analysed(self) -> bool:
        """Whether its numbers mean anything."""
        return self.status is not Status.NOT_A_BRAIN_MRI


def to_content(subject: ReportSubject, card: Card) -> Content:
    """Put a report into words; it says when and by which version it was made."""
    made = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    model = (
        ("Report made", f"{made}, brain-tumor-mri {package_version()}"),
        ("Model", f"{_short(card.model_id)}, made on {_short(card.created)}"),
        ("SHA-256 of its network", _short(card.flatbuffer_sha256)),
    )
    evaluations = tuple(_evaluations(card.about.get("metrics")))[:_MAX_EVALUATIONS]
    if isinstance(subject, ReportImage):
        return _image_content(subject, card, model, evaluations)
    return _series_content(subject, card, model, evaluations)


def _image_content(
    image: ReportImage, card: Card, model: tuple[tuple[str, str], ...], evaluations: tuple[Evaluated, ...]
) -> Content:
    verdict, is_analysed = image.verdict, image.verdict.is_analysed
    reason = describe_reason(verdict)
    kinds = [picture.kind for picture in image.pictures if picture.kind]
    return Content(
        heading=_heading(card),
        title=f"Image {image.number}",
        identity=_identity(image),
        answer=headline(verdict),
        chosen=verdict.label if is_analysed else None,
        status=verdict.status,
        status_title=title_status(verdict),
        confidence=describe_final_class(verdict.label, image.confidence),
        paragraphs=(
            f"{to_sentence(reason)} {explain(verdict)}" if reason else explain(verdict),
            f"Check for {verdict.subject}: score {image.gate_score:.2f}, at least {card.rules.min_gate_score:.2f} is "
            "needed.",
        ),
        table_title="Probability of each class",
        table=tuple((label, format_percent(image.probabilities[label])) for label in image.probabilities),
        shares=image.probabilities,
        table_note="" if is_analysed else "Not analysed: these numbers mean nothing here.",
        groups=(Group("", tuple(_shown(picture) for picture in image.pictures)),),
        map_notes=(*(MAP_EXPLANATIONS[kind] for kind in kinds), *([image.map_state] if image.map_state else [])),
        model=model,
        evaluations=evaluations,
        evaluation_note=_note_evaluations(evaluations, card),
        limits=_limits(card),
    )


def _series_content(
    series: ReportSeries, card: Card, model: tuple[tuple[str, str], ...], evaluations: tuple[Evaluated, ...]
) -> Content:
    verdict = series.verdict
    counts = {
        label: sum(
            1 for slice_ in series.slices if slice_.verdict and slice_.is_analysed and slice_.verdict.label is label
        )
        for label in verdict.shares
    }
    finding, explanation = finding_word(verdict.shares), SERIES_EXPLANATIONS[verdict.status]
    kinds = {picture.kind for _, pictures in series.shown for picture in pictures if picture.kind}
    return Content(
        heading=_heading(card),
        title=f"Series {series.number}",
        identity=_identity(series),
        answer=headline(verdict),
        chosen=verdict.label if verdict.status is Status.CLASSIFIED else None,
        status=verdict.status,
        status_title=_title_series(verdict),
        confidence=f"{verdict.analysed:,} of {verdict.slices:,} slices analysed",
        paragraphs=(
            f"{to_sentence(describe_series_reason(verdict))} "
            f"{explanation.format(label=verdict.label, subject=verdict.subject, finding=finding)}",
            describe_series_rule(verdict.shares),
        ),
        table_title="Share of the analysed slices",
        table=tuple(
            (label, f"{format_fraction(verdict.shares[label])} ({counts[label]:,})") for label in verdict.shares
        ),
        shares=verdict.shares,
        table_note="" if verdict.analysed else f"Not analysed: no slice was taken for {with_article(verdict.subject)}.",
        groups=tuple(
            Group(_slice_caption(series.slices[index], finding), tuple(_shown(picture) for picture in pictures))
            for index, pictures in series.shown
        ),
        map_notes=tuple(MAP_EXPLANATIONS[kind] for kind in MapKind if kind in kinds),
        model=model,
        evaluations=evaluations,
        evaluation_note=_note_evaluations(evaluations, card),
        limits=_limits(card),
    )


def _heading(card: Card) -> str:
    subject = card.rules.subject
    return f"{subject[:1].upper()}{subject[1:]} report"


def _title_series(verdict: SeriesVerdict) -> str:
    if verdict.status is Status.NOT_A_BRAIN_MRI:
        return f"Not analysed - no slice is {with_article(verdict.subject)}"
    return title_status(verdict)


def _note_evaluations(evaluations: tuple[Evaluated, ...], card: Card) -> str:
    return _EVALUATION_NOTE.format(no_finding=card.rules.not_analysed) if evaluations else _NOT_EVALUATED


def _limits(card: Card) -> tuple[str, ...]:
    return *describe_limits(card.rules.classes), "Writing inside a picture, a name for example, is shown as it is."


def note_strip(card: Card) -> str:
    """How the strip chart is read."""
    rules = card.rules
    finding = finding_word(rules.classes)
    return _STRIP_NOTE.format(finding=finding, no_finding=rules.not_analysed, subject=rules.subject)


def describe_strip(series: ReportSeries, card: Card) -> str:
    """The strip chart in words: how the gate judged the slices."""
    scores = [(slice_.gate_score, slice_.number) for slice_ in series.slices if slice_.gate_score is not None]
    unreadable = len(series.slices) - len(scores)
    parts = [
        f"The gate took {series.verdict.analysed:,} of {len(series.slices):,} slices for {card.rules.subject}"
        f" (a score of {card.rules.min_gate_score:.2f} is needed"
    ]
    if scores:
        low, high = min(scores), max(scores)
        parts.append(f", found are {low[0]:.2f} at slice {low[1]} to {high[0]:.2f} at slice {high[1]}")
    parts.append(f"; {unreadable:,} could not be read)." if unreadable else ").")
    return "".join(parts)


def describe_slice(slice_: ReportSlice) -> tuple[str, str, str, str]:
    """A slice's row of a table: number, position, answer, gate score."""
    number = f"{slice_.number:,}"
    position = "" if slice_.position_mm is None else f"{slice_.position_mm:.1f} mm"
    if slice_.verdict is None or slice_.gate_score is None:
        return number, position, headline(None), ""
    answer = headline(slice_.verdict) if slice_.is_analysed else str(describe_reason(slice_.verdict))
    return number, position, answer, f"{slice_.gate_score:.2f}"


def _slice_caption(slice_: ReportSlice, finding: str) -> str:
    number, position, answer, gate = describe_slice(slice_)
    slice_name = f"Slice {number}{f' at {position}' if position else ''}"
    if not slice_.is_analysed:
        return f"{slice_name}: not analysed, gate score {gate}"
    return f"{slice_name}: {answer}, {finding} {format_percent(slice_.tumor_probability)}, gate score {gate}"


def _identity(subject: ReportSubject) -> tuple[tuple[str, str], ...]:
    name = [] if subject.name is None else [("File" if isinstance(subject, ReportImage) else "Name", subject.name)]
    about = subject.about
    known = (
        ("Series", " ".join(str(fact) for fact in (about.number, about.description) if fact is not None)),
        ("Protocol", about.protocol or ""),
        ("Sequence", about.sequence or ""),
        ("Kind", KIND_NAMES[subject.kind] if subject.kind else ""),
        ("Grey values", "; ".join(map(describe_window, subject.windows))),
    )
    return (
        ("SHA-256 of the pixels, first digits", subject.fingerprint),
        *((term, _short(text)) for term, text in (*name, *known) if text),
    )


def _shown(picture: Picture) -> ShownPicture:
    title = "Slice" if picture.kind is None else f"Heat map: {MAP_TITLES[picture.kind]}"
    return ShownPicture(picture, title)


def _evaluations(metrics: Any) -> Iterator[Evaluated]:
    """The sets of images whose accuracy the card states. People and other programs write there too."""
    for name, figures in metrics.items() if isinstance(metrics, Mapping) else ():
        accuracy = figures.get("accuracy") if isinstance(figures, Mapping) else None
        if share := describe_share(accuracy):
            hits, total = accuracy.get("hits"), accuracy.get("total")  # type: ignore[union-attr] # describe_share saw a mapping
            right = f"{hits:,} of {total:,}" if isinstance(hits, int) and isinstance(total, int) else ""
            yield Evaluated(
                _short(name_images(str(name))),
                share,
                right,
                describe_share(figures.get("uncertain")),
                describe_share(figures.get("not_analysed")),
            )


def _short(text: str) -> str:
    """Printable, and at most MAX_CHARS long."""
    printable = to_printable(text)
    if len(printable) <= MAX_CHARS:
        return printable
    half = (MAX_CHARS - 5) // 2
    return f"{printable[:half]} ... {printable[-half:]}"
