"""TLS of the node's connections: settings -> contexts of Python's ssl, checked before anything listens.

Source of the bounds: DICOM PS3.15, B.9 and B.10 (BCP 195): TLS 1.2 or newer, which is what Python offers by itself.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

from brain_tumor.dicom_node.settings import SECTION, ArchiveTls, NodeTls
from brain_tumor.errors import ConfigurationError

_INCOMING, _OUTGOING = f"{SECTION}.tls", f"{SECTION}.destination.tls"


def to_server_context(tls: NodeTls) -> ssl.SSLContext:
    """For connections of senders.

    Raises:
        ConfigurationError: a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _as_on_any_python(context)
    # Tickets are for sessions that are taken up again, and no DICOM program does; some wait for data behind them.
    context.num_tickets = 0
    _load_own(context, _INCOMING, tls.certificate, tls.key)
    if tls.authority:
        _load_authority(context, _INCOMING, tls.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def to_client_context(tls: ArchiveTls, note: Callable[[OSError], None]) -> ssl.SSLContext:
    """For connections to the archive, whose certificate and name are always verified.

    Args:
        tls: the settings.
        note: called with the reason of a failed handshake; pynetdicom does not pass it on.

    Raises:
        ConfigurationError: a file cannot be used.
    """
    context = ssl.create_default_context()
    _as_on_any_python(context)
    if tls.authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # none of those that the system trusts
        _load_authority(context, _OUTGOING, tls.authority)
    if tls.certificate and tls.key:
        _load_own(context, _OUTGOING, tls.certificate, tls.key)

    class NotingSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            try:
                super().do_handshake(block)
            except OSError as error:
                note(error)
                self.close()  # pynetdicom leaves it open
                raise

    context.sslsocket_class = NotingSocket
    return context


def describe_failure(error: OSError) -> str:
    """Why a handshake failed, in OpenSSL's words: of certificates and protocols, nothing of a patient."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower()
    return type(error).__name__


def _as_on_any_python(context: ssl.SSLContext) -> None:
    """Python 3.13 and later would refuse certificates that name no key identifier, as many of devices do."""
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT


def _load_own(context: ssl.SSLContext, where: str, certificate: Path, key: Path) -> None:
    for name, file in (("certificate", certificate), ("key", key)):
        _check_readable(file, f"{where}.{name}")
    try:
        # Without a function for the password Python would ask for it on a terminal that is not there.
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except (ssl.SSLError, ValueError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else "the key has a password"
        raise ConfigurationError(
            f"{where}: {certificate} and {key} cannot be used together ({reason}); give a certificate and its private "
            "key as PEM files, the key without a password"
        ) from None


def _load_authority(context: ssl.SSLContext, where: str, authority: Path) -> None:
    _check_readable(authority, f"{where}.authority")
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"{where}.authority: {authority} holds no certificate ({error.reason}); give a PEM file"
        ) from None


def _check_readable(file: Path, where: str) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        raise ConfigurationError(f"{where}: {file} cannot be read ({error.strerror}); check path and rights") from None


def _refuse_password() -> str:
    raise ValueError
