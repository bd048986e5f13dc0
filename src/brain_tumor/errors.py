"""One error tree. Every message says what was found, what is accepted, and what to do next."""

from typing import Any

from brain_tumor.problems import Fact, Problem, describe_problem


class BrainTumorError(Exception):
    """Base of every error this package raises on purpose; its text is meant for a person."""


class ScanError(BrainTumorError):
    """An input file cannot be read as one image; its text begins with the file's name."""

    def __init__(self, name: str, problem: Problem, **facts: Fact) -> None:
        """Make the sentence of what is wrong.

        Args:
            name: of the file or slice, as a person knows it.
            problem: what is wrong with it.
            facts: what was found and what is accepted: one for each gap in the problem's words.
        """
        self.name = name
        self.problem = problem
        self.facts = facts
        self.message = describe_problem(problem, **facts)  # without the name
        super().__init__(f"{name}: {self.message}")

    @property
    def is_left_out(self) -> bool:
        """Whether the image can be read, and is of a kind that is not answered: no failure."""
        return self.problem is Problem.NOT_ANSWERED

    def __reduce__(self) -> tuple[Any, ...]:
        """An error is copied and sent to other processes by its facts."""
        return _remake, (self.name, self.problem, self.facts)


def _remake(name: str, problem: Problem, facts: dict[str, Fact]) -> ScanError:
    return ScanError(name, problem, **facts)


class ModelFileError(BrainTumorError):
    """A model file is missing, damaged, or of a kind this version cannot use."""


class DatasetError(BrainTumorError):
    """A folder tree or a list of labelled images is not what a command needs."""


class MissingExtraError(BrainTumorError):
    """A command needs an optional part of the package that is not installed."""


class ConfigurationError(BrainTumorError):
    """A configuration file, or the environment, says something that a command cannot use."""
