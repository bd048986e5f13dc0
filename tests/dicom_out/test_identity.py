from pydicom.uid import UID

from brain_tumor.dicom_out.identity import RESEARCH_ONLY, Producer, derive_uid, object_attributes

PRODUCER = Producer("1.2.3", "network-1", "0123456789abcdef" * 4)


def test_equal_parts_give_one_identifier_and_others_another() -> None:
    assert derive_uid("report", "1.2") == derive_uid("report", "1.2")
    assert len({derive_uid("report", "1.2"), derive_uid("report", "1.3"), derive_uid("capture", "1.2")}) == 3
    # What separates the parts counts, too.
    assert derive_uid("a", "bc") != derive_uid("ab", "c")


def test_an_identifier_is_valid_and_stays_the_same_from_version_to_version() -> None:
    found = derive_uid("report", "1.2.3")
    assert UID(found).is_valid
    assert found == "2.25.250293640097791669708763444465510749788"


def test_the_network_is_the_device() -> None:
    assert PRODUCER.serial_number == "0123456789abcdef"
    assert PRODUCER.software_versions == ("brain-tumor-mri 1.2.3", "network-1")
    assert PRODUCER.device_uid == derive_uid("device", PRODUCER.model_sha256)


def test_every_object_says_that_it_is_for_research_and_who_made_it() -> None:
    found = object_attributes(PRODUCER, ("1.2", "1.2.9"))
    assert (found["series_instance_uid"], found["sop_instance_uid"]) == ("1.2", "1.2.9")
    assert (found["series_description"], found["device_serial_number"]) == (RESEARCH_ONLY, PRODUCER.serial_number)
    assert len(RESEARCH_ONLY) <= 64
