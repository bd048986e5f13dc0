"""Who may open a connection."""

import ipaddress
from collections.abc import Sequence
from enum import StrEnum

from brain_tumor.dicom_node.settings import Sender, to_networks


class Refusal(StrEnum):
    """Why a connection is refused."""

    CALLED_TITLE = "called_ae_title"  # the caller looks for another node
    CALLING_TITLE = "calling_ae_title"  # nobody of this title may send
    ADDRESS = "address"  # the title may, but not from there


class Admission:
    """The list of senders; an AE title alone proves nothing, so each goes with its addresses."""

    def __init__(self, ae_title: str, senders: Sequence[Sender]) -> None:
        """Take the node's own title, and who may send."""
        self._ae_title = ae_title
        self._networks = [(sender.ae_title, network) for sender in senders for network in to_networks(sender)]

    def refusal(self, called: str, calling: str, address: str) -> Refusal | None:
        """Why a caller is refused; None where it is not.

        Args:
            called: AE title that the caller asks for.
            calling: the caller's own.
            address: its IP address.
        """
        if called.strip() != self._ae_title:
            return Refusal.CALLED_TITLE
        networks = [network for title, network in self._networks if title == calling.strip()]
        if not networks:
            return Refusal.CALLING_TITLE
        found = ipaddress.ip_address(address.partition("%")[0])  # the zone of a link-local address
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return None if any(found in network for network in networks) else Refusal.ADDRESS
