"""The adapter of uvicorn: listens until a signal stops it, then lets what is under way finish."""

import asyncio
import logging
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from brain_tumor.configuration import ModelSettings
from brain_tumor.errors import BrainTumorError
from brain_tumor.service.api_key import ApiKey
from brain_tumor.service.app import create_app
from brain_tumor.service.loading import LoadedModel, load_model
from brain_tumor.service.logs import log_event, start_logging
from brain_tumor.service.settings import ServiceSettings
from brain_tumor.version import package_version

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def run_server(settings: ServiceSettings, model: ModelSettings, key: ApiKey | None) -> None:
    """Serve until SIGTERM or SIGINT; then requests under way are answered before this returns.

    Raises:
        BrainTumorError: the network cannot be loaded, or the address is taken.
    """
    start_logging()
    failures: list[BaseException] = []

    def load() -> LoadedModel:
        loaded = load_model(model)
        log_event("ready", model_id=loaded.classifier.card.model_id)
        return loaded

    def stop(error: BaseException | None) -> None:
        failures.extend([error] if error else [])
        server.should_exit = True

    config = to_server_config(create_app(settings, load, key, stop), settings)
    server = _Server(config)
    if settings.host not in _LOOPBACK and key is None:
        log_event("open_to_the_network_without_a_key", logging.WARNING)
    try:
        server.run()
    except KeyboardInterrupt:
        pass  # the signal that ended it, which uvicorn raises again
    except SystemExit:
        raise BrainTumorError(
            f"{settings.host} port {settings.port} cannot be listened on; another program may do so: choose another "
            "one with --port"
        ) from None
    if failures:
        raise failures[0]
    log_event("stopped")


def to_server_config(app: Any, settings: ServiceSettings) -> uvicorn.Config:
    """How uvicorn serves an ASGI application: what it writes itself is left out, and connections must say something."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        log_config=None,
        access_log=False,
        http=_to_protocol(settings.stall_timeout_s),
        ws="none",
        proxy_headers=False,  # nothing asks who the caller is
        server_header=False,
        timeout_graceful_shutdown=settings.drain_timeout_s,
    )


def _to_protocol(head_timeout_s: float) -> type[H11Protocol]:
    """HTTP with a limit that uvicorn lacks: without one, silent connections take all that a process may have open."""

    class LimitedProtocol(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
            super().connection_made(transport)
            self._timer = self.loop.call_later(head_timeout_s, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cycle: RequestResponseCycle | None = self.cycle
            if cycle and not cycle.response_complete:  # a head is whole, its request under way
                self._stop_timer()
            elif self._timer is None:  # the next head of a connection that is kept
                self._timer = self.loop.call_later(head_timeout_s, self.transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def _stop_timer(self) -> None:
            if self._timer:
                self._timer.cancel()
            self._timer = None

    return LimitedProtocol


class _Server(uvicorn.Server):
    async def startup(self, sockets: "list[object] | None" = None) -> None:  # type: ignore[override]
        await super().startup(None)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        log_event("listening", host=host, port=port, version=package_version())

    async def shutdown(self, sockets: "list[object] | None" = None) -> None:  # type: ignore[override]
        log_event("draining")
        await super().shutdown(None)
