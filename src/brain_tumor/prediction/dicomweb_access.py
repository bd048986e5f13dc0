"""The arguments for a study of an archive, and the study that they name."""

import argparse
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from brain_tumor.errors import BrainTumorError
from brain_tumor.extras import require_extra
from brain_tumor.prediction.credentials import VARIABLE, Credentials, read_credentials

if TYPE_CHECKING:
    from brain_tumor.prediction.dicomweb import DicomWebStudy


def check_url(url: str, credentials: Credentials | None) -> None:
    """Refuse an address that would give away credentials.

    Raises:
        BrainTumorError: it is no HTTP address, holds credentials or a question, or they would be sent in the clear.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise BrainTumorError("--dicomweb: is no HTTP address; give one as in https://pacs.example/dicom-web")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise BrainTumorError(
            "--dicomweb: holds credentials, a question or a fragment; give the address alone, and credentials in "
            f"a file with --dicomweb-credentials or in {VARIABLE}"
        )
    if credentials and parts.scheme == "http" and not _is_this_computer(host):
        raise BrainTumorError(
            "--dicomweb: credentials would be sent unencrypted; give an address that begins with https://"
        )


def check_dicomweb(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Ends the program with the usage where arguments do not go together."""
    if not (arguments.dicomweb and arguments.study):
        parser.error("--dicomweb and --study go together: the address of an archive, and which study of it")
    if arguments.paths or arguments.files_from:
        parser.error("give files, or a study with --dicomweb; not both")
    if arguments.resume or arguments.ray or arguments.by_folder:
        parser.error("--dicomweb answers a study in one run: leave out --resume, --ray and --by-folder")


def open_study(arguments: argparse.Namespace) -> "DicomWebStudy":
    """The study that was asked for, listed.

    Raises:
        BrainTumorError: the address, the identifier or the credentials cannot be used, or the archive does not answer.
        MissingExtraError: dicomweb-client is not installed.
    """
    credentials = read_credentials(arguments.dicomweb_credentials)
    check_url(arguments.dicomweb, credentials)
    require_extra("--dicomweb", "pacs", "dicomweb_client")
    from brain_tumor.prediction.dicomweb import DicomWebStudy

    return DicomWebStudy(arguments.dicomweb, arguments.study, credentials)


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
