"""The table `dicom-node` of the configuration: who may send, where results go, and how much is kept."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from brain_tumor.configuration import setting
from brain_tumor.dicom_node.store import StoreLimits
from brain_tumor.errors import ConfigurationError

SECTION = "dicom-node"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may open a connection: an AE title, and from where."""

    ae_title: str = setting(about="its AE title", low=1, high=16)
    addresses: tuple[str, ...] = setting(about="its IP addresses, or networks such as 10.1.0.0/16")


@dataclass(frozen=True, slots=True)
class NodeTls:
    """The encryption of what senders send."""

    certificate: Path = setting(about="PEM file of the node's certificate, those of authorities in between behind it")
    key: Path = setting(about="PEM file of its private key, without a password")
    authority: Path | None = setting(None, "PEM file of who signs the senders' certificates; empty asks for none")


@dataclass(frozen=True, slots=True)
class ArchiveTls:
    """The encryption of what the archive is sent."""

    authority: Path | None = setting(None, "PEM file of who signed its certificate; empty for those the system trusts")
    name: str | None = setting(None, "name in its certificate; empty for `host`", low=1)
    certificate: Path | None = setting(None, "PEM file of the node's certificate, where the archive asks for one")
    key: Path | None = setting(None, "PEM file of its private key, without a password")

    def __post_init__(self) -> None:
        """Refuse half a pair.

        Raises:
            ConfigurationError: there is a certificate without its key, or the other way round.
        """
        if (self.certificate is None) != (self.key is None):
            raise ConfigurationError(f"{SECTION}.destination.tls: certificate and key go together; give both or none")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results are sent."""

    ae_title: str = setting(about="AE title of the archive", low=1, high=16)
    host: str = setting(about="its name or IP address", low=1)
    port: int = setting(104, "its DICOM port", low=1, high=65535)
    tls: ArchiveTls | None = setting(None, "a table, which may be empty: results are sent encrypted")


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """All settings of the node."""

    folder: Path = setting(about="where images and results wait; for the node alone")
    senders: tuple[Sender, ...] = setting(about="tables: who may send")
    destination: Destination = setting(about="a table: where results go")
    ae_title: str = setting("BRAIN_TUMOR", "the node's own AE title", low=1, high=16)
    host: str = setting("127.0.0.1", "IP address on which it listens")
    port: int = setting(11112, "port on which it listens; 0 takes a free one", low=0, high=65535)
    tls: NodeTls | None = setting(None, "a table: senders must encrypt what they send")
    quiet_s: float = setting(30.0, "a series is complete so many seconds after its last image", low=0, high=86400)
    after_release_s: float = setting(
        5.0, "and so many after its sender ended the connection; as `quiet_s` to wait as long", low=0, high=86400
    )
    with_heat_map: bool = setting(False, "also send a segmentation that holds the location map")
    keep_images_s: float = setting(
        600.0, "images stay so long after the results were sent, for later images of the series", low=0, high=86400
    )
    retry_s: float = setting(5.0, "first wait when results cannot be sent; it doubles each time", low=0.01, high=3600)
    max_retry_s: float = setting(600.0, "longest such wait", low=0.01, high=86400)
    network_timeout_s: float = setting(30.0, "a connection that is silent for so long is ended", low=1, high=3600)
    max_associations: int = setting(8, "connections at a time", low=1, high=100)
    max_object_mib: int = setting(
        512, "largest object that is received; twice as much memory is used", low=1, high=1024
    )
    max_store_mib: int = setting(20_480, "images and results that are kept", low=1, high=2**20)
    min_free_mib: int = setting(1024, "room that is left on the disk", low=0, high=2**20)
    max_images: int = setting(100_000, "images that are kept", low=1, high=1_000_000)
    max_images_per_series: int = setting(10_000, "images of one series", low=1, high=100_000)

    def __post_init__(self) -> None:
        """Refuse what each setting alone cannot tell.

        Raises:
            ConfigurationError: no sender, an address that is none, or results that would go to the node itself.
        """
        if not self.senders:
            raise ConfigurationError(f"{SECTION}.senders: is empty, so nobody could send; add [[{SECTION}.senders]]")
        for sender in self.senders:
            to_networks(sender)
            if not sender.addresses:
                raise ConfigurationError(f"{SECTION}.senders: {sender.ae_title} has no addresses; add one")
        for title in (self.ae_title, self.destination.ae_title, *(sender.ae_title for sender in self.senders)):
            if not title.isascii() or not title.isprintable() or "\\" in title or title != title.strip():
                raise ConfigurationError(
                    f"{SECTION}: {title!r} is no AE title; give 1 to 16 plain characters without a backslash"
                )
        if self.destination.ae_title == self.ae_title:
            raise ConfigurationError(f"{SECTION}.destination: is the node itself; name the archive for the results")

    @property
    def store_limits(self) -> StoreLimits:
        """As the store takes them."""
        return StoreLimits(
            self.max_store_mib * _MIB, self.min_free_mib * _MIB, self.max_images, self.max_images_per_series
        )

    @property
    def max_object_bytes(self) -> int:
        """Largest object that is received."""
        return self.max_object_mib * _MIB


def to_networks(sender: Sender) -> tuple[Network, ...]:
    """The addresses of a sender.

    Raises:
        ConfigurationError: one of them is none.
    """
    try:
        return tuple(ipaddress.ip_network(address) for address in sender.addresses)
    except ValueError as error:
        raise ConfigurationError(
            f"{SECTION}.senders: {error}; give IP addresses or networks, as in 10.1.2.3 or 10.1.0.0/16"
        ) from None
