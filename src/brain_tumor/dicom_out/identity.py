"""Who makes the objects, and identifiers that are the same in every run."""

import uuid
from dataclasses import dataclass
from typing import Any, Self

from brain_tumor.model.card import Card
from brain_tumor.version import package_version

NAME = "brain-tumor-mri"
MANUFACTURER = "The brain-tumor-mri authors"
# On every object, as SeriesDescription takes it: at most 64 characters.
RESEARCH_ONLY = "RESEARCH USE ONLY - not for diagnosis"
# Chosen once: identifiers derive from it, and those of objects that are in archives must stay.
_NAMESPACE = uuid.UUID("9a4e6f5c-6f0f-4f51-9b57-2c8f3d1f6a27")


@dataclass(frozen=True, slots=True)
class Producer:
    """The program and the network that an answer comes from."""

    version: str
    model_id: str
    model_sha256: str  # of the network, 64 hex digits

    @classmethod
    def of(cls, card: Card) -> Self:
        """This program with a model file's network."""
        return cls(package_version(), card.model_id, card.flatbuffer_sha256)

    @property
    def serial_number(self) -> str:
        """The network, as a device's serial number: 16 hex digits."""
        return self.model_sha256[:16]

    @property
    def software_versions(self) -> tuple[str, str]:
        """Program and network."""
        return f"{NAME} {self.version}", self.model_id[:64]

    @property
    def device_uid(self) -> str:
        """Of the network as an observer."""
        return derive_uid("device", self.model_sha256)


def object_attributes(producer: Producer, uids: tuple[str, str]) -> dict[str, Any]:
    """What every object says of itself and of its equipment, under the names of highdicom's arguments.

    Source: DICOM PS3.3, C.7.5.2, Enhanced General Equipment, and C.12.1, SOP Common.

    Args:
        producer: who makes it.
        uids: of the object's series and of the object itself.
    """
    series_uid, object_uid = uids
    return {
        "series_instance_uid": series_uid,
        "series_description": RESEARCH_ONLY,
        "sop_instance_uid": object_uid,
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": NAME,
        "device_serial_number": producer.serial_number,
        "software_versions": producer.software_versions,
    }


def derive_uid(*parts: str) -> str:
    """An identifier that equal parts give again and other parts do not.

    Source: DICOM PS3.5, B.2, a UUID as a decimal number below 2.25; the UUID is RFC 9562's version 5.
    """
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(10).join(parts)).int}"
