"""A request's body into a spool, with bounds on size, number and time that hold while it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from brain_tumor.service.multipart import MultipartReader
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.settings import ServiceSettings
from brain_tumor.service.spool import Spool, Storage, Upload

# As nginx writes it of a caller who did not wait.
GONE_STATUS = 499
_MIB = 2**20
_MAX_DIGITS = 18
# How long the rest of a refused upload is read and dropped: who sends until the connection breaks, as nginx may, would
# not get to read the refusal.
_LINGER_S = 5.0

Receive = Callable[[], Awaitable[Any]]  # of ASGI


class GoneError(Exception):
    """The caller has closed the connection."""


class Body:
    """The bytes of a request, counted."""

    def __init__(self, receive: Receive, headers: Mapping[str, str]) -> None:
        self._receive = receive
        self._headers = headers
        self.size_bytes = 0
        self.stored_bytes = 0  # those that storage counts
        # Without these two there is no body. Source: RFC 9112, section 6.3.
        self.is_complete = "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"

    async def read_form(self, spool: Spool, storage: Storage, settings: ServiceSettings, busy_s: int) -> list[Upload]:
        """The files of the form.

        Args:
            spool: they are put into it; what it holds is counted in storage, refused requests included.
            storage: of all requests.
            settings: the bounds.
            busy_s: when to come again where there is no room.

        Raises:
            RefusedError: the body is no such form, or beyond a bound; the rest of it is not read.
            GoneError: the caller is.
        """
        if self._headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise RefusedError(Refusal.ENCODED)
        form = MultipartReader(self._headers.get("content-type", ""), spool, settings.max_files)
        limit = settings.max_request_mib * _MIB
        too_large = RefusedError(Refusal.TOO_LARGE, limit_mib=settings.max_request_mib)
        announced = self._headers.get("content-length", "")
        # Python refuses to make a number of thousands of digits.
        if announced.isdecimal() and (len(announced) > _MAX_DIGITS or int(announced) > limit):
            raise too_large
        try:
            async with asyncio.timeout(settings.upload_timeout_s):
                async for chunk in self._chunks(settings.stall_timeout_s):
                    if self.size_bytes > limit:
                        raise too_large
                    storage.take(len(chunk), busy_s)
                    self.stored_bytes += len(chunk)
                    await asyncio.to_thread(form.write, chunk)
                return await asyncio.to_thread(form.finish)
        except TimeoutError:
            raise RefusedError(Refusal.UPLOAD_TIMEOUT, limit_s=settings.upload_timeout_s, found="in all") from None

    async def _chunks(self, stall_timeout_s: float) -> AsyncIterator[bytes]:
        while not self.is_complete:
            try:
                async with asyncio.timeout(stall_timeout_s):
                    chunk = await self._next()
            except TimeoutError:
                raise RefusedError(Refusal.UPLOAD_TIMEOUT, limit_s=stall_timeout_s, found="without a byte") from None
            if chunk:
                yield chunk

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        chunk: bytes = message.get("body", b"")
        self.size_bytes += len(chunk)
        self.is_complete = not message.get("more_body", False)
        return chunk

    async def linger(self) -> None:
        """Read, and drop, the rest of a refused upload, for a while."""
        try:
            async with asyncio.timeout(_LINGER_S):
                while not self.is_complete:
                    await self._next()
        except (TimeoutError, GoneError):
            pass

    async def wait_until_gone(self) -> None:
        """Wait until the caller closes the connection; only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
