"""The words a person reads; nothing here computes."""

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import Status

NOTICE = "For research and education only. Not a medical device, never for diagnosis."

TITLES = {
    Status.CLASSIFIED: "Classified",
    Status.UNCERTAIN: "Uncertain - needs a human look",
    Status.NOT_A_BRAIN_MRI: "Not analysed - not a brain MRI",
}

EXPLANATIONS = {
    Status.CLASSIFIED: "The network prefers this class clearly enough. It can still be wrong.",
    Status.UNCERTAIN: "The network's most likely class, but too close to call.",
    Status.NOT_A_BRAIN_MRI: (
        "The image did not pass the check for brain MRI, so the final class is No Tumor by rule, "
        "not by examination. The probabilities below are the network's own and mean nothing here."
    ),
}


def render_line(result: Result) -> str:
    """One line for a terminal: file, class, confidence, and the reason where there is one."""
    verdict = result.verdict
    answer = f"{result.name}: {verdict.label}"
    if result.confidence is not None:
        answer += f" {result.confidence:.1%}"
    return f"{answer} ({verdict.reason})" if verdict.reason else answer


def render_error_line(name: str, message: str) -> str:
    """The line of a file that could not be read; message: as a row's reason, without the name."""
    return f"{name}: error: {message}"


def to_printable(text: str) -> str:
    """The text with escapes in place of whatever could move a terminal's cursor or hide other text.

    File names may hold any character, and a terminal obeys some of them.
    """
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
