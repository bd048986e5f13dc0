"""Two models' answers for one image: what differs, in words."""

from brain_tumor.labels import Label
from brain_tumor.presentation.wording import TITLES, format_percent
from page.slice_record import Entry


def name_differences(first: Entry, second: Entry) -> str:
    """Class, status and the probability that differs most; of the same image, answered by two models."""
    if first.answer is None or second.answer is None:
        return "not read"
    one, other = first.answer, second.answer
    named = []
    if one.verdict.label is not other.verdict.label:
        named.append(f"class: {one.verdict.label} or {other.verdict.label}")
    if one.verdict.status is not other.verdict.status:
        named.append(f"status: {TITLES[one.verdict.status]} or {TITLES[other.verdict.status]}")
    gaps = {label: other.probabilities[label] - one.probabilities[label] for label in Label}
    label = max(gaps, key=lambda one: abs(gaps[one]))
    before, after = format_percent(one.probabilities[label]), format_percent(other.probabilities[label])
    if before != after:
        named.append(f"{label}: {before} or {after}")
    return "; ".join(named) or "none"


def is_other_answer(first: Entry, second: Entry) -> bool:
    """Whether the class or the status differs; of the same image, answered by two models."""
    if first.answer is None or second.answer is None:
        return False
    one, other = first.answer.verdict, second.answer.verdict
    return (one.label, one.status) != (other.label, other.status)
