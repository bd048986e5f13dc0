"""The words and the JSON of a check; nothing here computes."""

import json
from collections.abc import Iterator
from typing import Any

from brain_tumor.fit_check.facts import ArchiveFacts, Share
from brain_tumor.fit_check.judgement import MIN_IMAGES, Departure, Fit, Judgement, median_rank
from brain_tumor.fit_check.reference import STEPS, Reference
from brain_tumor.model.card import BRAIN_MRI
from brain_tumor.presentation.wording import NOTICE, reason_words, render_count, with_article
from brain_tumor.tables.serialize import DECIMALS
from brain_tumor.version import package_version

TITLES = {
    Fit.FITS: "Fits",
    Fit.FITS_IN_PART: "Fits in part",
    Fit.DOES_NOT_FIT: "Does not fit",
    Fit.TOO_FEW_IMAGES: "Too few images to tell",
}

EXPLANATIONS = {
    Fit.FITS: "The network accepts and knows these images about as well as those of its own sources.",
    Fit.FITS_IN_PART: "The network answers many of these images, but they differ from those of its own sources.",
    Fit.DOES_NOT_FIT: "The network answers less than half as many of these images as of its own sources.",
    Fit.TOO_FEW_IMAGES: f"At least {MIN_IMAGES} images that can be read and are not blank are needed.",
}

_NEXT_STEPS = {
    Fit.FITS: "Measure the answers on some images whose diagnosis you know (brain-tumor evaluate): a familiar image "
    "can still be answered wrongly.",
    Fit.FITS_IN_PART: "See which images are rejected or uncertain, and why (brain-tumor predict --csv FILE, column "
    "reason). Take out what is not {subject}, check again, and measure the rest on images whose diagnosis you know "
    "(brain-tumor evaluate).",
    Fit.DOES_NOT_FIT: "Do not use the answers. See whether these files are {slices} and are read as they "
    "should be (brain-tumor predict --heatmaps DIR draws them); if they are, the network must be trained with images "
    "like these.",
    Fit.TOO_FEW_IMAGES: "Give more images, in further folders, or a larger number with --images if that was small.",
}

_DEPARTURES = {
    Departure.REJECTED: "More images than usual are not analysed.",
    Departure.UNFAMILIAR: "More images than usual are unlike the training images.",
    Departure.UNCERTAIN: "More answers than usual are uncertain.",
    Departure.GATE_SCORE: "Half of the images look less like {a_subject} than {above} of the reference.",
    Departure.FAMILIARITY: "Half of the images are less familiar than {above} of the reference.",
}

SHARES = {
    "rejected": "not analysed",
    "unfamiliar": "unlike the training images",
    "uncertain": "uncertain, unlike ones included",
    "answered": "classified without doubt",
}
_REFERENCE = "The reference is made of validation images from every training source, difficult ones among them."
_WIDTH = 33


def render_text(judgement: Judgement, facts: ArchiveFacts, reference: Reference) -> str:
    """The verdict, the figures behind it and the next step, for a terminal."""
    lines = [f"{TITLES[judgement.fit]}. {EXPLANATIONS[judgement.fit]}"]
    lines += [f"- {line}" for line in describe_departures(judgement, facts, reference)]
    lines += ["", f"{'':{_WIDTH}}{'your images':<26}reference ({reference.images:,} images)"]
    lines += (f"{name:{_WIDTH}}{mine:<26}{theirs}" for name, mine, theirs in to_table(facts, reference))
    lines += ["", describe_sample(facts), _REFERENCE]
    if facts.reasons:
        counts = (
            f"{reason_words(reason, subject=reference.subject)} ({count:,})" for reason, count in facts.reasons.items()
        )
        lines.append(f"Not analysed or uncertain: {'; '.join(counts)}.")
    lines += ["", f"Next: {describe_next_step(judgement.fit, reference.subject)}"]
    return "\n".join(lines)


def describe_departures(judgement: Judgement, facts: ArchiveFacts, reference: Reference) -> Iterator[str]:
    """A sentence for each way in which the archive differs."""
    for departure in judgement.departures:
        yield _DEPARTURES[departure].format(
            above=_above(departure, facts, reference), a_subject=with_article(reference.subject)
        )


def describe_next_step(fit: Fit, subject: str) -> str:
    """What a person does after a verdict of a model that looks at a subject."""
    slices = "MRI slices of the head" if subject == BRAIN_MRI else f"images of the kind {subject}"
    return _NEXT_STEPS[fit].format(subject=subject, slices=slices)


def describe_sample(facts: ArchiveFacts) -> str:
    """What the figures rest on."""
    drawn = facts.drawn
    images, files = render_count(facts.images, "image"), render_count(drawn.files_found, "file")
    text = f"{images}, from {drawn.files_sampled:,} of {files}"
    if facts.empty:
        text += f"; {facts.empty:,} blank left out"
    if drawn.unreadable:
        text += f"; {drawn.unreadable:,} could not be read"
    return f"{text}. Brackets hold 95 % intervals."


def to_table(facts: ArchiveFacts, reference: Reference) -> Iterator[tuple[str, str, str]]:
    """What is counted, its share in the archive and in the reference; without images only the reference has shares."""
    for field, name in SHARES.items():
        share: Share = getattr(facts, field)
        mine = f"{_percent(share.value)} [{_percent(share.low)} to {_percent(share.high)}]" if share.total else "-"
        yield name, mine, _percent(getattr(reference, field))


def render_json(judgement: Judgement, facts: ArchiveFacts, reference: Reference, model_id: str) -> str:
    """All facts as one object on one line, in ASCII; numbers as everywhere with DECIMALS decimals."""
    drawn = facts.drawn
    found: dict[str, Any] = {
        "fit": judgement.fit,
        "departures": judgement.departures,
        "files_found": drawn.files_found,
        "files_sampled": drawn.files_sampled,
        "images": facts.images,
        "blank": facts.empty,
        "unreadable": drawn.unreadable,
        **{field: _share_fields(getattr(facts, field)) for field in SHARES},
        "gate_score": _round(facts.gate_score),
        "familiarity": _round(facts.familiarity),
        "reasons": facts.reasons,
        "reference": {
            "images": reference.images,
            **{field: round(getattr(reference, field), DECIMALS) for field in SHARES},
            "gate_score": reference.gate_score,
            "familiarity": reference.familiarity,
        },
        "quantiles_at": STEPS,
        "model_id": model_id,
        "version": package_version(),
        "notice": NOTICE,
    }
    return json.dumps(found)


def _share_fields(share: Share) -> dict[str, Any]:
    interval = {"value": share.value, "low": share.low, "high": share.high} if share.total else {}
    return {"hits": share.hits, "total": share.total, **{key: round(item, DECIMALS) for key, item in interval.items()}}


def _round(values: tuple[float, ...]) -> list[float]:
    return [round(value, DECIMALS) for value in values]


def _above(departure: Departure, facts: ArchiveFacts, reference: Reference) -> str:
    if departure is Departure.GATE_SCORE:
        rank = median_rank(facts.gate_score, reference.gate_score)
    elif departure is Departure.FAMILIARITY:
        rank = median_rank(facts.familiarity, reference.familiarity)
    else:
        return ""
    return "all" if rank == 0 else f"{_percent(1 - rank)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
