"""Two models' answers for one image: what differs, in words."""

from brain_tumor.presentation.wording import format_percent, headline, title_status
from page.slice_record import SliceRecord


def name_differences(first: SliceRecord, second: SliceRecord) -> str:
    """Answer, status and the probability that differs most; of the same image, answered by two models."""
    if first.cached is None or second.cached is None:
        return "not read"
    verdicts = first.cached.verdict, second.cached.verdict
    probabilities = first.cached.probabilities, second.cached.probabilities
    label = max(probabilities[0], key=lambda label: abs(probabilities[1][label] - probabilities[0][label]))
    compared = {
        "answer": [headline(verdict) for verdict in verdicts],
        "status": [title_status(verdict) for verdict in verdicts],
    }
    if all(verdict.is_analysed for verdict in verdicts):  # otherwise probabilities mean nothing
        compared[str(label)] = [format_percent(chances[label]) for chances in probabilities]
    return (
        "; ".join(f"{name}: {' or '.join(texts)}" for name, texts in compared.items() if len(set(texts)) > 1) or "none"
    )


def name_status(record: SliceRecord) -> str:
    """The status of one answer, as its badge says it; empty of what was not read."""
    return title_status(record.cached.verdict) if record.cached else ""


def is_other_answer(first: SliceRecord, second: SliceRecord) -> bool:
    """Whether the class or the status differs; of the same image, answered by two models."""
    if first.cached is None or second.cached is None:
        return False
    before, after = first.cached.verdict, second.cached.verdict
    return (before.label, before.status) != (after.label, after.status)
