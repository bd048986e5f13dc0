"""From a request's head to its answer: who is let in, what is kept meanwhile, and that all of it goes again."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.service.batcher import Batcher
from brain_tumor.service.job import Job, open_uploads
from brain_tumor.service.loading import LoadedModel
from brain_tumor.service.metrics import Metrics
from brain_tumor.service.receive import Body, GoneError
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.settings import ServiceSettings
from brain_tumor.service.spool import Spool, Storage, Upload

# Unpacking and reading headers is Python's work, so more would only wait for each other.
_OPENING_THREADS = 2
_NOT_READY_S = 2

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """What a caller may choose."""

    read: ReadOptions = field(default_factory=ReadOptions)
    by_folder: bool = False  # single pictures of a folder are a series
    with_ids: bool = False  # rows have DICOM's identifiers


@dataclass(slots=True)
class RequestFacts:
    """What a log says of a request."""

    files: int | None = None
    slices: int | None = None
    upload_bytes: int | None = None
    refusal: str | None = None


class Workplace:
    """Everything that requests share; its methods are called on the event loop, but for `begin` and `close`."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        self.model: LoadedModel | None = None
        self._batcher: Batcher | None = None
        self._storage = Storage(settings.max_stored_mib)
        self._requests = 0
        self._opening = ThreadPoolExecutor(_OPENING_THREADS, "brain-tumor-open")
        metrics.gauge("requests_in_progress", "Requests being received or answered", lambda: self._requests)
        metrics.gauge("slices_waiting", "Slices that wait for the network", self._count_waiting)
        metrics.gauge("stored_bytes", "Bytes of uploads that are kept now", lambda: self._storage.used_bytes)

    def begin(self, model: LoadedModel) -> None:
        """Answer from now on."""
        self.metrics.set_model(model.classifier.card.model_id)
        self._batcher = Batcher(model.classifier, self.settings.max_waiting_slices, self.metrics.count_slice)
        self.model = model

    def close(self) -> None:
        """Let go of the threads."""
        if self._batcher:
            self._batcher.close()
        self._opening.shutdown(wait=False, cancel_futures=True)

    @property
    def batcher(self) -> Batcher:
        """What answers.

        Raises:
            RefusedError: the network is not loaded yet.
        """
        if self._batcher is None or not self._batcher.is_running:
            raise RefusedError(Refusal.NOT_READY, retry_after_s=_NOT_READY_S)
        return self._batcher

    async def answer(self, body: Body, options: AnswerOptions, facts: RequestFacts) -> bytes:
        """The answer to one request, as JSON.

        Args:
            body: of the request; nothing was received yet.
            options: what the caller chose.
            facts: filled for the log.

        Raises:
            RefusedError: the request as a whole gets none.
            GoneError: nobody waits for it any more.
        """
        batcher = self.batcher
        async with self._admission(batcher), self._spool(body, facts) as spool:
            uploads = await body.read_form(spool, self._storage, self.settings, batcher.retry_after_s)
            facts.files = len(uploads)
            gone = asyncio.ensure_future(body.wait_until_gone())
            try:
                async with asyncio.timeout(self.settings.answer_timeout_s):
                    series = await _unless(gone, self._open(uploads, options))
                    job = Job(series, uploads, batcher.card, options.with_ids)
                    facts.slices = job.size
                    batcher.submit(job)
                    return await _unless(gone, asyncio.wrap_future(job.answer))
            except TimeoutError:
                limit_s = self.settings.answer_timeout_s
                retry_after_s = batcher.retry_after_s
                raise RefusedError(Refusal.ANSWER_TIMEOUT, retry_after_s=retry_after_s, limit_s=limit_s) from None
            finally:
                gone.cancel()

    def _open(self, uploads: list[Upload], options: AnswerOptions) -> "asyncio.Future[list[Series]]":
        return asyncio.get_running_loop().run_in_executor(
            self._opening, open_uploads, uploads, options.read, options.by_folder, self.settings.max_slices
        )

    @asynccontextmanager
    async def _admission(self, batcher: Batcher) -> AsyncIterator[None]:
        if self._requests >= self.settings.max_requests:
            raise RefusedError(
                Refusal.TOO_BUSY, retry_after_s=batcher.retry_after_s, found=f"{self._requests} requests"
            )
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    @asynccontextmanager
    async def _spool(self, body: Body, facts: RequestFacts) -> AsyncIterator[Spool]:
        spool = Spool()
        try:
            yield spool
        finally:
            spool.close()
            self._storage.give_back(body.stored_bytes)
            self.metrics.count_upload(body.size_bytes)
            facts.upload_bytes = body.size_bytes

    def _count_waiting(self) -> int:
        return self._batcher.waiting if self._batcher else 0


async def _unless(gone: "asyncio.Future[None]", future: "asyncio.Future[Found]") -> Found:
    """What a future gives; it is cancelled when the caller goes, or this is cancelled, before it is there."""
    try:
        awaited: set[asyncio.Future[Any]] = {future, gone}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise GoneError
        return future.result()
    finally:
        future.cancel()
