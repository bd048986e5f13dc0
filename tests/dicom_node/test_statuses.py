import pytest

from brain_tumor.dicom_node.statuses import is_stored


# Source: DICOM PS3.4, table B.2-1.
@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB006, 0xB007])
def test_a_warning_is_of_an_object_that_is_kept(status: int) -> None:
    assert is_stored(status)


@pytest.mark.parametrize("status", [0x0001, 0x0122, 0xA700, 0xA900, 0xB001, 0xC000, 0xFE00, 0xFF00])
def test_all_else_must_be_sent_again(status: int) -> None:
    assert not is_stored(status)
