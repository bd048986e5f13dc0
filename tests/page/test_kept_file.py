import pytest

from brain_tumor.errors import ScanError
from page.kept_file import KeptFile, kept_bytes, make_room


def test_content_that_is_needed_stays_and_other_content_goes() -> None:
    make_room(0, limit=0)  # what other tests have answered
    before = kept_bytes()
    unopened, answered = KeptFile("a", bytes(30)), KeptFile("b", bytes(20))
    answered.release()
    assert kept_bytes() == before + 50
    assert make_room(80, before + 110)
    assert (unopened.is_gone, answered.is_gone) == (False, True)
    with pytest.raises(ScanError, match="no longer in memory"):
        answered.read()
    del unopened
    assert kept_bytes() == before
