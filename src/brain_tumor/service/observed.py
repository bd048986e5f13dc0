"""What surrounds every request: its number, a line in the log, the counters, and an answer whatever happens."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from brain_tumor.service.logs import log_event, log_failure
from brain_tumor.service.metrics import Metrics
from brain_tumor.service.receive import GONE_STATUS, Body, Receive
from brain_tumor.service.refusals import Refusal, RefusedError
from brain_tumor.service.work import RequestFacts

_Scope = MutableMapping[str, Any]
_Send = Callable[[Any], Awaitable[None]]
_App = Callable[[_Scope, Receive, _Send], Awaitable[None]]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_OTHER = "other"
# Asked every few seconds by those who watch: counted, but not logged.
_QUIET = ("/health/live", "/health/ready", "/metrics")
# A restart takes that long.
_RESTART_S = 5
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Observed:
    """An ASGI application around another one."""

    def __init__(self, app: _App, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: _Scope, receive: Receive, send: _Send) -> None:
        """Answer one request; `scope["state"]` gets its number, its body and what the log says of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.monotonic(), GONE_STATUS
        request_id, facts = str(uuid.uuid4()), RequestFacts()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = Body(receive, headers)
        scope.setdefault("state", {}).update(request_id=request_id, facts=facts, body=body)

        async def send_observed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                number = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS, number]}
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except asyncio.CancelledError:  # the time to drain is over
            if status == GONE_STATUS:  # no answer has begun
                facts.refusal = Refusal.STOPPING.value
                await _send_refusal(send_observed, RefusedError(Refusal.STOPPING, retry_after_s=_RESTART_S), request_id)
        except Exception as error:  # the caller has got a problem document
            log_failure("failure", error, request=request_id)
        finally:
            self._record(scope, status, time.monotonic() - begin, request_id, facts)

    def _record(self, scope: _Scope, status: int, elapsed_s: float, request_id: str, facts: RequestFacts) -> None:
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        # Never the address itself: people put names into it.
        route = getattr(scope.get("route"), "path", _OTHER)
        self._metrics.count_request(method, route, status, elapsed_s)
        if facts.refusal:
            self._metrics.count_refusal(facts.refusal)
        if route in _QUIET and status < 400:
            return
        log_event(
            "request",
            logging.ERROR if status == 500 else logging.INFO,
            request=request_id,
            method=method,
            route=route,
            status=status,
            elapsed_s=round(elapsed_s, 4),
            files=facts.files,
            slices=facts.slices,
            upload_bytes=facts.upload_bytes,
            code=facts.refusal,
        )


async def _send_refusal(send: _Send, error: RefusedError, request_id: str) -> None:
    body = json.dumps(error.to_problem(request_id)).encode()
    headers = {**error.headers(), "Content-Length": str(len(body)), "Connection": "close"}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
