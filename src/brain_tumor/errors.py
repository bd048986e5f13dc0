"""One error tree. Every message says what was found, what is accepted, and what to do next."""


class BrainTumorError(Exception):
    """Base of every error this package raises on purpose; its text is meant for a person."""


class ScanError(BrainTumorError):
    """An input file cannot be read as one image."""


class ModelFileError(BrainTumorError):
    """A model file is missing, damaged, or of a kind this version cannot use."""


class DatasetError(BrainTumorError):
    """A folder tree or a list of labelled images is not what a command needs."""


class MissingExtraError(BrainTumorError):
    """A command needs an optional part of the package that is not installed."""
