"""The words a person reads; nothing here computes."""

from collections.abc import Collection, Sequence
from itertools import islice

from brain_tumor.classifier import Result
from brain_tumor.decision.gate import MIN_SIDE_PX
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.series import SeriesVerdict
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import ScanError
from brain_tumor.input.no_images import LINKED_FOLDERS, LeftOut
from brain_tumor.input.scan import WindowUse
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.presentation.heatmap import MapKind, missing_maps

NOTICE = "For research and education only. Not a medical device, never for diagnosis."

_TITLES = {
    Status.CLASSIFIED: "Classified",
    Status.UNCERTAIN: "Uncertain - needs a human look",
    Status.NOT_A_BRAIN_MRI: "Not analysed - {fault}",
}
# What keeps an image from being analysed; where it says otherwise, the check itself does.
_FAULTS = {
    Reason.TOO_SMALL: "too small",
    Reason.BLANK: "blank",
    Reason.LABEL_MAP: "a mask or label map",
    Reason.FEW_GREYS: "few grey values",
    Reason.COLOUR: "a colour picture",
}

# A row's status of a slice or series of a kind that is not answered, such as a phase image; it has no class.
NOT_ANSWERED = "not_answered"
# The state of one image or slice where many are counted; an error is a row's status of a file that could not be read.
STATUS_COUNTS = {
    Status.CLASSIFIED: "classified",
    Status.UNCERTAIN: "uncertain",
    Status.NOT_A_BRAIN_MRI: "not analysed",
    NOT_ANSWERED: "not answered",
    "error": "not read",
}

# For any model; what it knows comes first, in describe_limits.
_LIMITS = (
    "It judges single slices, without sequence, plane or clinical context. Images of other scanners, sequences or "
    "planes than it was trained on are answered less well or wrongly.",
    "High confidence is no proof: some wrong answers are given with more than 90 %.",
    "Nothing is known about age groups, sexes, scanners or hospitals.",
)

# More would make the line too long.
_KINDS_LISTED = 6

_WINDOWS = {
    WindowUse.FILE: "the window in the file",
    WindowUse.FILE_OTHER: "another window in the file, since its first one does not fit the values",
    WindowUse.FULL: "the full range of each slice's values",
    WindowUse.ROBUST: "the 1st to the 99th percentile of the values",
    WindowUse.OUTLIERS: (
        "the 1st to the 99th percentile of the values, since the file has no window and a few values are far from all "
        "others"
    ),
    WindowUse.UNFIT: (
        "the 1st to the 99th percentile of the whole series, since the window in the file does not fit its values"
    ),
}

_HEADLINES = {
    Status.CLASSIFIED: "{label}",
    Status.UNCERTAIN: "Perhaps {label}",
    Status.NOT_A_BRAIN_MRI: "Not analysed",
}
_SERIES_HEADLINES = {
    Status.CLASSIFIED: "{label}",
    Status.UNCERTAIN: "undecided",
    Status.NOT_A_BRAIN_MRI: "not analysed",
}

_EXPLANATIONS = {
    Status.CLASSIFIED: "The network prefers this class clearly enough. It can still be wrong.",
    Status.UNCERTAIN: "The class shown is the network's most likely one, and it is in doubt.",
    Status.NOT_A_BRAIN_MRI: (
        "The image did not pass the check for {subject}, so the final class is {label} by rule, "
        "not by examination. The probabilities below are the network's own and mean nothing here."
    ),
}

_REASONS = {
    Reason.OTHER_MODALITY: "the file says that it is {found}, not MR",
    Reason.TOO_SMALL: f"the image is only {{found}} pixels, {MIN_SIDE_PX} a side are needed",
    Reason.BLANK: "the image is blank",
    Reason.LABEL_MAP: "the volume is a mask or a label map, its values are no signal",
    Reason.FEW_GREYS: "the image has only a few grey values, as a mask or a drawing has",
    Reason.COLOUR: "the image is a colour picture, MRI is grey",
    Reason.NOT_A_BRAIN: "the image does not look like {a_subject}",
    Reason.HARDLY_A_BRAIN: "the image hardly looks like {a_subject}",
    Reason.UNFAMILIAR: "the image is unlike those that trained the network",
    Reason.UNLIKELY: "no class is likely enough",
    Reason.CLOSE_CALL: "two classes are too close to call",
    Reason.NO_TUMOR_POSSIBLE: "the image may show nothing abnormal",
    Reason.TUMOR_POSSIBLE: "something abnormal cannot be ruled out",
}

# Where nobody says what was found.
_FOUND = {Reason.OTHER_MODALITY: "of another kind", Reason.TOO_SMALL: "a few"}

MAP_TITLES = {MapKind.SALIENCY: "why (saliency)", MapKind.LOCATION: "where (location)"}

MAP_EXPLANATIONS = {
    MapKind.SALIENCY: (
        "Saliency shows what drove the class shown: the weight of each part of the image relative to the heaviest; "
        "it is not a probability and not an outline."
    ),
    MapKind.LOCATION: (
        "Location shows where a small head trained with boxes sees something abnormal, as a probability for each "
        "part of the image; it is empty where it sees none, and it does not explain the class."
    ),
}


def headline(verdict: Verdict | SeriesVerdict | None) -> str:
    """The answer in a few words, the same on page, report, table and terminal.

    Doubt, and what was not analysed, never read like a clean scan.

    Args:
        verdict: of a slice or of a series; None for a slice that could not be read.
    """
    if verdict is None:
        return "Not read"
    if isinstance(verdict, SeriesVerdict):
        return f"Series: {describe_series_answer(verdict)}"
    return _HEADLINES[verdict.status].format(label=verdict.label)


def error_headline(error: ScanError) -> str:
    """The same of a slice without a result."""
    return "Not answered" if error.is_left_out else headline(None)


def title_status(verdict: Verdict | SeriesVerdict) -> str:
    """The status in a few words, with what they mean."""
    reason = verdict.reason if isinstance(verdict, Verdict) else None
    fault = _FAULTS.get(reason) if reason else None
    return _TITLES[verdict.status].format(fault=fault or f"not {with_article(verdict.subject)}")


def with_article(subject: str) -> str:
    """What a model looks at as a person would say it: ``a brain MRI``, ``an MRI of the knee``."""
    first = subject.partition(" ")[0]
    # Letters of an abbreviation are spoken one by one.
    vowels = "AEFHILMNORSX" if first.isupper() else "AEIOUaeiou"
    return f"{'an' if subject[:1] in vowels else 'a'} {subject}"


def explain(verdict: Verdict) -> str:
    """What the status of an image means for its final class."""
    return _EXPLANATIONS[verdict.status].format(label=verdict.label, subject=verdict.subject)


def describe_limits(classes: Collection[Label]) -> tuple[str, ...]:
    """What a model of these classes cannot do, a sentence each."""
    if set(classes) == set(LABELS):
        known = "The network knows four classes only: a metastasis, an abscess or a stroke is given one of them."
    else:
        known = f"The network knows {len(classes)} classes only: whatever else a scan shows is given one of them."
    return known, *_LIMITS


def describe_window(use: WindowUse) -> str:
    """Which values became black and white, as the second half of a sentence."""
    return _WINDOWS[use]


def describe_series_answer(verdict: SeriesVerdict) -> str:
    """A series' answer where it is clear that series are spoken of."""
    return _SERIES_HEADLINES[verdict.status].format(label=verdict.label)


def describe_final_class(label: Label, confidence: float | None) -> str:
    """The final class with its confidence, 0 to 1; None where the image was not analysed."""
    if confidence is None:
        return f"Final class {label} by rule, no confidence"
    return f"Final class {label}, confidence {format_percent(confidence)}"


def format_percent(probability: float) -> str:
    """A probability as a person reads it, e.g. ``97.3 %``; never 0.0 or 100.0, which would claim certainty."""
    if probability < 0.001:
        return "< 0.1 %"
    if probability > 0.999:
        return "> 99.9 %"
    return f"{probability:.1%}".replace("%", " %")


def format_fraction(share: float) -> str:
    """A share of what was counted, as `format_percent` writes it, but for none and all: ``0.0 %``, ``100.0 %``."""
    return f"{share:.1%}".replace("%", " %") if share in (0, 1) else format_percent(share)


def describe_reason(verdict: Verdict) -> str | None:
    """Why an image was not analysed or its answer is uncertain, as the second half of a sentence; None for neither."""
    if verdict.reason is None:
        return None
    begin = "not analysed" if not verdict.is_analysed else "needs a human look"
    return f"{begin}: {reason_words(verdict.reason, verdict.found, verdict.subject)}"


def reason_words(reason: Reason, found: str | None = None, subject: str = BRAIN_MRI) -> str:
    """A reason as the second half of a sentence.

    Args:
        reason: of a verdict.
        found: what the verdict says was found; None leaves it open.
        subject: what the model looks at.
    """
    return _REASONS[reason].format(found=found or _FOUND.get(reason, ""), a_subject=with_article(subject))


def render_count(number: int, thing: str) -> str:
    """How many of a thing: ``1 slice``, ``1,200 slices``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def to_sentence(text: str) -> str:
    """The second half of a sentence, such as a reason, with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def title_map(kind: MapKind, label: Label | None = None) -> str:
    """A map's name.

    Args:
        label: the class that a saliency map speaks of.
    """
    return f"{MAP_TITLES[kind]} for {label}" if label else MAP_TITLES[kind]


def describe_map(kind: MapKind, label: Label | None = None) -> dict[str, str]:
    """What a picture of such a map says of itself, under the keywords of the PNG standard."""
    return {"Title": f"Heat map: {title_map(kind, label)}", "Description": MAP_EXPLANATIONS[kind], "Disclaimer": NOTICE}


def render_map_state(result: Result) -> str:
    """What became of this image's heat maps, above all whether a tumor was located, in a sentence or two."""
    missing = missing_maps(result.output)
    if len(missing) == len(MapKind):
        return render_missing(missing)
    if not result.verdict.is_analysed:
        return "No heat map: the image was not analysed."
    location = "" if MapKind.LOCATION in missing else _location_state(result)
    return f"{render_missing(missing)} {location}".strip()


def render_missing(missing: Sequence[MapKind]) -> str:
    """Which maps a model file does not compute; empty when it has them all."""
    if len(missing) == len(MapKind):
        return "This model file has no heat maps."
    return " ".join(f"This model file has no {kind} map." for kind in missing)


def _location_state(result: Result) -> str:
    if not result.verdict.names_tumor:
        return f"No location: the class shown is {result.verdict.label}."
    if result.location is None:
        return "No location found."
    return f"Location found: the map reaches {format_percent(result.location.score)} at its strongest place."


def render_line(result: Result) -> str:
    """One line for a terminal: file, answer, confidence, and the reason where there is one."""
    verdict = result.verdict
    name = result.name if result.slice_number is None else f"{result.name} slice {result.slice_number}"
    answer = f"{name}: {headline(verdict)}"
    if not verdict.is_analysed and verdict.reason:
        return f"{answer} ({reason_words(verdict.reason, verdict.found, verdict.subject)})"
    if result.confidence is not None:
        answer += f" {format_percent(result.confidence)}"
    return f"{answer} ({describe_reason(verdict)})" if verdict.reason else answer


def render_error_line(name: str, message: str, status: str = "error") -> str:
    """The line of a file that could not be read, or is not answered.

    Args:
        name: of the file or slice.
        message: as a row's reason, without the name.
        status: of the row.
    """
    return f"{name}: {STATUS_COUNTS[status] if status == NOT_ANSWERED else 'error'}: {message}"


def render_left_out(left_out: LeftOut) -> str:
    """One line on what a search found and left out; most frequent kinds first."""
    kinds = dict(left_out.kinds.most_common())
    links = kinds.pop(LINKED_FOLDERS, 0)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in islice(kinds.items(), _KINDS_LISTED))
    if len(kinds) > _KINDS_LISTED:
        listed += f", {sum(islice(kinds.values(), _KINDS_LISTED, None)):,} more"
    parts = []
    if left_out.files:
        parts.append(f"{render_count(left_out.files, 'file')}, no images ({listed})")
    if links:
        parts.append(f"{render_count(links, 'linked folder')}, as a pattern's ** follows none")
    return f"left out: {'; '.join(parts)}"


def to_valid_text(name: str) -> str:
    """A file's name that a report can hold: bytes that are no text in UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def to_printable(text: str) -> str:
    """The text with escapes in place of whatever could move a terminal's cursor or hide other text.

    File names may hold any character, and a terminal obeys some of them.
    """
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def render_time_left(seconds: float) -> str:
    """How long work will still take, in the coarsest unit that is honest."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"
