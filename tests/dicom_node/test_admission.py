"""Which callers are let in."""

import pytest

from brain_tumor.dicom_node.admission import Admission, Refusal
from brain_tumor.dicom_node.settings import Sender

ADMISSION = Admission("NODE", [Sender("SCANNER", ("10.1.2.3", "192.168.0.0/16")), Sender("ARCHIVE", ("::1",))])


@pytest.mark.parametrize(
    ("called", "calling", "address", "refusal"),
    [
        ("NODE", "SCANNER", "10.1.2.3", None),
        ("NODE ", " SCANNER", "192.168.7.7", None),
        ("NODE", "SCANNER", "::ffff:10.1.2.3", None),
        ("NODE", "ARCHIVE", "::1", None),
        ("OTHER", "SCANNER", "10.1.2.3", Refusal.CALLED_TITLE),
        ("node", "SCANNER", "10.1.2.3", Refusal.CALLED_TITLE),
        ("NODE", "STRANGER", "10.1.2.3", Refusal.CALLING_TITLE),
        ("NODE", "SCANNER", "10.1.2.4", Refusal.ADDRESS),
        ("NODE", "ARCHIVE", "10.1.2.3", Refusal.ADDRESS),
        ("NODE", "ARCHIVE", "fe80::1%eth0", Refusal.ADDRESS),
    ],
)
def test_a_title_and_an_address_must_fit(called: str, calling: str, address: str, refusal: Refusal | None) -> None:
    assert ADMISSION.refusal(called, calling, address) is refusal
