"""A study of an archive with DICOMweb: listed first, then fetched object by object, within limits.

The adapter of dicomweb-client, which lists, and of its requests, which fetch: dicomweb-client itself would hold each
answer in memory, however long, and parse it unchecked.
"""

import logging
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import sleep
from typing import Any

import requests
from dicomweb_client.web import DICOMwebClient
from requests.auth import AuthBase, HTTPBasicAuth

from brain_tumor.dicom_out.identity import MANUFACTURER
from brain_tumor.errors import BrainTumorError, ScanError
from brain_tumor.input.dicom_identity import is_uid
from brain_tumor.input.formats import MAX_VOLUME_BYTES
from brain_tumor.input.sop_classes import OTHER_OBJECTS
from brain_tumor.input.source_file import SourceFile
from brain_tumor.prediction.credentials import Bearer, Credentials
from brain_tumor.prediction.multipart import MultipartError, find_first_part
from brain_tumor.problems import Problem

# A study of 10,000 images whose headers are listed whole is some 100 MiB.
_MAX_LIST_BYTES = 512 * 2**20
_MAX_OBJECTS = 100_000
# What one study may take on the disk while it is answered.
_MAX_STUDY_BYTES = 32 * 2**30
_CHUNK_BYTES = 2**18
_TIMEOUT_S = (10.0, 60.0)  # to connect, and between two pieces of an answer
_TRIES = 3
_BUSY = (429, 502, 503, 504)
# In DICOM's JSON model. Source: DICOM PS3.18, F.2.
_SOP_CLASS, _INSTANCE, _SERIES, _MANUFACTURER = "00080016", "00080018", "0020000E", "00080070"
_SERIES_NUMBER, _INSTANCE_NUMBER = "00200011", "00200013"

# They quote addresses and identifiers.
for _name in ("dicomweb_client", "urllib3"):
    logging.getLogger(_name).propagate = False
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class _Object:
    series_uid: str
    instance_uid: str
    name: str  # in place of a path: numbers in the order of the study, nothing of the archive or the patient


class DicomWebStudy:
    """One study; each object is fetched once, into a file without a name, which goes with the program."""

    def __init__(self, url: str, study_uid: str, credentials: Credentials | None) -> None:
        """List the study.

        Args:
            url: of the archive's DICOMweb service, checked.
            study_uid: its Study Instance UID.
            credentials: for the archive; None where it asks for none.

        Raises:
            BrainTumorError: the UID is none, or the study cannot be listed or has no images.
        """
        if not is_uid(study_uid):
            raise BrainTumorError("--study: is no Study Instance UID; give up to 64 digits and dots, as in 1.2.840.1")
        self._url, self._study_uid = url.rstrip("/"), study_uid
        self._session = requests.Session()
        self._session.auth = _to_auth(credentials)
        # To another address nothing is sent; a person finds out which one is right.
        self._session.max_redirects = 0
        self._fetching, self._using_file = threading.Lock(), threading.Lock()
        self._is_lost = False
        self._objects, self.without_image = self._list()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the study is
        self._end = 0  # of what is in it
        self._where: dict[str, tuple[int, int]] = {}  # object -> where it begins and ends

    def close(self) -> None:
        """Forget what was fetched."""
        self._session.close()
        self._file.close()

    def names(self) -> Iterator[str]:
        """What its images are called, in the order of series and image number."""
        return (item.name for item in self._objects)

    def sources(self) -> Iterator[SourceFile]:
        """Its images, each fetched when it is read for the first time."""
        for item in self._objects:
            yield SourceFile(item.name, partial(self._read, item))

    def _list(self) -> tuple[list[_Object], int]:
        client = DICOMwebClient(self._url, session=self._session, timeout=_TIMEOUT_S, callback=_limit_answer)
        client.set_http_retry_params(retry=False)
        try:
            return _to_objects(client.retrieve_study_metadata(self._study_uid))
        except requests.RequestException as error:
            raise BrainTumorError(
                f"--dicomweb: the study cannot be listed ({_reason(error)}); check the address, the study and the "
                "credentials"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BrainTumorError("--dicomweb: the answer is no DICOMweb list; check the URL") from None

    def _read(self, item: _Object) -> bytes:
        with self._fetching:  # one at a time: some archives serve no more, and two threads may want the same
            if item.name not in self._where:
                if self._is_lost:
                    raise ScanError(item.name, Problem.BROKEN_SOURCE, found="the archive does not answer")
                self._where[item.name] = self._fetch(item)
            begin, end = self._where[item.name]
        return self._read_at(begin, end - begin)

    def _read_at(self, begin: int, size: int) -> bytes:
        with self._using_file:
            self._file.seek(begin)
            return self._file.read(size)

    def _fetch(self, item: _Object) -> tuple[int, int]:
        url = f"{self._url}/studies/{self._study_uid}/series/{item.series_uid}/instances/{item.instance_uid}"
        # As it is stored; without this an archive unpacks, or packs again.
        headers = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
        for attempt in range(1, _TRIES + 1):
            try:
                with self._session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
                    if answer.status_code not in _BUSY or attempt == _TRIES:
                        answer.raise_for_status()
                        return self._keep(answer, item)
            except requests.HTTPError as error:
                raise ScanError(item.name, Problem.BROKEN_SOURCE, found=_reason(error)) from None
            except requests.RequestException as error:
                if attempt == _TRIES:
                    self._is_lost = True
                    raise ScanError(item.name, Problem.BROKEN_SOURCE, found=_reason(error)) from None
            sleep(attempt)
        raise AssertionError  # the last try returns or raises

    def _keep(self, answer: requests.Response, item: _Object) -> tuple[int, int]:
        """Put an answer behind the others; gives where the object in it begins and ends."""
        limit = min(MAX_VOLUME_BYTES, _MAX_STUDY_BYTES - self._end)
        size = 0
        for piece in answer.iter_content(_CHUNK_BYTES):
            if size + len(piece) > limit:
                raise ScanError(item.name, Problem.TOO_LARGE, limit_mib=limit // 2**20)
            try:
                with self._using_file:
                    self._file.seek(self._end + size)
                    self._file.write(piece)
            except OSError as error:
                raise ScanError(item.name, Problem.NO_ROOM, found=error.strerror) from None
            size += len(piece)
        begin = self._end
        try:
            start, end = find_first_part(
                lambda offset, length: self._read_at(begin + offset, length),
                size,
                answer.headers.get("Content-Type", ""),
            )
        except MultipartError:
            raise ScanError(item.name, Problem.BROKEN_SOURCE, found="the answer holds no DICOM object") from None
        self._end += size
        return begin + start, begin + end


def _to_auth(credentials: Credentials | None) -> AuthBase | None:
    if credentials is None:
        return None
    if isinstance(credentials, Bearer):
        return _BearerAuth(credentials.token)
    return HTTPBasicAuth(credentials.user.encode(), credentials.password.encode())


class _BearerAuth(AuthBase):
    # As an AuthBase, not a header of the session: else a .netrc file would take its place.
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _limit_answer(answer: requests.Response, *_: Any, **given: Any) -> requests.Response:
    """Read an answer that would be read whole anyway, up to a limit."""
    if given.get("stream"):
        return answer
    content = bytearray()
    for piece in answer.iter_content(_CHUNK_BYTES):
        content += piece
        if len(content) > _MAX_LIST_BYTES:
            raise requests.exceptions.ContentDecodingError("too long")
    answer._content = bytes(content)
    return answer


def _to_objects(listed: Sequence[Mapping[str, Any]]) -> tuple[list[_Object], int]:
    """The images of a list, in order, and how many objects are none."""
    if len(listed) > _MAX_OBJECTS:
        raise BrainTumorError(f"--study: has {len(listed)} objects, at most {_MAX_OBJECTS} are read; give its files")
    images: dict[tuple[float, str], list[tuple[float, str]]] = {}
    others = 0
    for item in listed:
        sop_class, instance, series = (_text(item, tag) for tag in (_SOP_CLASS, _INSTANCE, _SERIES))
        if sop_class.startswith(tuple(OTHER_OBJECTS)) or _text(item, _MANUFACTURER) == MANUFACTURER:
            others += 1
        elif not (is_uid(instance) and is_uid(series)):
            if not sop_class:
                raise ValueError  # no object at all
            raise BrainTumorError("--dicomweb: the list has objects without valid identifiers; give the study's files")
        else:
            images.setdefault((_number(item, _SERIES_NUMBER), series), []).append(
                (_number(item, _INSTANCE_NUMBER), instance)
            )
    found = []
    for rank, (key, instances) in enumerate(sorted(images.items()), 1):
        for index, (_, instance) in enumerate(sorted(set(instances)), 1):
            found.append(_Object(key[1], instance, f"series-{rank:03}/image-{index:05}.dcm"))
    if not found:
        raise BrainTumorError("--study: holds no images; check the Study Instance UID")
    return found, others


def _text(mapping: Mapping[str, Any], tag: str) -> str:
    values = mapping.get(tag, {}).get("Value") or [""]
    return str(values[0]).strip()


def _number(mapping: Mapping[str, Any], tag: str) -> float:
    try:
        return float(_text(mapping, tag))
    except ValueError:
        return float("inf")


def _reason(error: requests.RequestException) -> str:
    """Why, without addresses and identifiers."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate is not trusted; name its authority in REQUESTS_CA_BUNDLE"
    if isinstance(error, requests.TooManyRedirects):
        return "it redirects; give the address that it leads to"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__
