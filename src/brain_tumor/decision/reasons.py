"""Why an answer is not plainly classified: stable codes, for programs; presentation.wording has the words."""

from enum import StrEnum


class Reason(StrEnum):
    """One reason; the first group keeps an image from being analysed, the second makes its answer uncertain."""

    OTHER_MODALITY = "other_modality"  # the file itself says that it is no MR
    TOO_SMALL = "too_small"  # fewer pixels than any scan has
    BLANK = "blank"
    LABEL_MAP = "label_map"  # the volume's values are regions
    FEW_GREYS = "few_greys"  # a mask, a label map or a drawing
    COLOUR = "colour"
    NOT_A_BRAIN = "not_a_brain"  # by the network's gate

    HARDLY_A_BRAIN = "hardly_a_brain"  # the gate lets it pass, but only just
    UNFAMILIAR = "unfamiliar"  # unlike the training images
    UNLIKELY = "unlikely"  # no class is likely enough
    CLOSE_CALL = "close_call"  # the second class is too near
    NO_TUMOR_POSSIBLE = "no_tumor_possible"  # a tumor is likeliest, but none is not unlikely enough
    TUMOR_POSSIBLE = "tumor_possible"  # No Tumor is likeliest, but a tumor is not unlikely enough
