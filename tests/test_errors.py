import copy
import pickle

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

ERROR = ScanError("a.png", Problem.TOO_LARGE, limit_mib=64)


def test_an_error_says_which_file_it_is_and_what_is_wrong() -> None:
    assert str(ERROR) == "a.png: is larger than the 64 MiB that are read; export one slice as its own file"


def test_a_program_asks_for_name_problem_and_facts() -> None:
    assert (ERROR.name, ERROR.problem, ERROR.facts) == ("a.png", "too_large", {"limit_mib": 64})


def test_an_error_can_be_sent_to_another_process() -> None:
    sent = pickle.loads(pickle.dumps(ERROR))  # noqa: S301 - our own
    assert (str(sent), sent.problem, sent.facts) == (str(ERROR), ERROR.problem, ERROR.facts)


def test_a_copy_has_no_traceback() -> None:
    with pytest.raises(ScanError) as caught:
        raise ERROR
    assert caught.value.__traceback__
    assert copy.copy(caught.value).__traceback__ is None
