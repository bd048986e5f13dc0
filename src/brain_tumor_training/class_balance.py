"""How many images of each class train, validate and test; what is too few or too uneven is said."""

from collections import Counter
from collections.abc import Sequence

from brain_tumor.labels import Label
from brain_tumor_training.splits import PARTS, TRAIN, VALIDATION, SplitRow

# Where the largest class has so many times the images of the smallest, a network learns to prefer it.
IMBALANCE = 1.5
# Thresholds of doubt send 5 % of the validation images to a person: of fewer, that is less than ten of them.
FEW_TO_VALIDATE = 200


def count_parts(rows: Sequence[SplitRow]) -> Counter[tuple[str, Label]]:
    """(part, class) -> images."""
    return Counter((row.split, row.label) for row in rows)


def balanced_weights(rows: Sequence[SplitRow], classes: Sequence[Label]) -> dict[int, float]:
    """Class index -> weight of its training images, such that all classes weigh the same and the mean is 1."""
    counts = count_parts(rows)
    total = sum(counts[TRAIN, label] for label in classes)
    return {index: total / (len(classes) * max(counts[TRAIN, label], 1)) for index, label in enumerate(classes)}


def describe_parts(rows: Sequence[SplitRow], classes: Sequence[Label]) -> str:
    """A table of the images, and what a person should know of it, in words."""
    counts = count_parts(rows)
    width = max(len(label) for label in classes)
    lines = [f"{'images':<{width}}  " + "  ".join(f"{part:>10}" for part in PARTS)]
    lines += [f"{label:<{width}}  " + "  ".join(f"{counts[part, label]:>10,}" for part in PARTS) for label in classes]
    trained = {label: counts[TRAIN, label] for label in classes}
    most, least = max(trained, key=trained.__getitem__), min(trained, key=trained.__getitem__)
    if trained[most] > IMBALANCE * trained[least]:
        lines.append(
            f"The classes are uneven: {trained[most]:,} images of {most}, {trained[least]:,} of {least} train. "
            "--class-weights balanced lets each class weigh the same."
        )
    if (validating := sum(counts[VALIDATION, label] for label in classes)) < FEW_TO_VALIDATE:
        lines.append(
            f"Only {validating:,} images validate. The thresholds of doubt that fit-decision chooses on them will be "
            f"rough; {FEW_TO_VALIDATE} or more make them steadier."
        )
    return "\n".join(lines)
