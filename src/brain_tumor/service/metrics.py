"""The adapter of prometheus-client: what a monitoring system may know, which is numbers and codes only."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from brain_tumor.version import package_version

CONTENT_TYPE = CONTENT_TYPE_LATEST
# From one small picture to a whole study.
_REQUEST_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_SLICE_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The service's counters, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "brain_tumor_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._request_s = Histogram(
            "brain_tumor_request_seconds",
            "From a request's head to the end of its answer",
            ["route"],
            buckets=_REQUEST_S,
            registry=self._registry,
        )
        self._slices = Counter(
            "brain_tumor_slices", "Slices answered, by the status of their rows", ["status"], registry=self._registry
        )
        self._slice_s = Histogram(
            "brain_tumor_slice_seconds",
            "For reading and answering one slice",
            buckets=_SLICE_S,
            registry=self._registry,
        )
        self._uploaded = Counter("brain_tumor_uploaded_bytes", "Bytes of uploads", registry=self._registry)
        self._refused = Counter(
            "brain_tumor_refused_requests", "Requests that got a problem document", ["code"], registry=self._registry
        )

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Show a number that is read whenever somebody asks.

        Args:
            name: without the program's.
            about: what it is.
            read: called then.
        """
        Gauge(f"brain_tumor_{name}", about, registry=self._registry).set_function(read)

    def set_model(self, model_id: str) -> None:
        """Say which model answers."""
        info = Gauge("brain_tumor_model_info", "1", ["model_id", "version"], registry=self._registry)
        info.labels(model_id, package_version()).set(1)

    def count_request(self, method: str, route: str, status: int, elapsed_s: float) -> None:
        """One request is over.

        Args:
            route: its pattern, never the address that was asked for.
        """
        self._requests.labels(method, route, str(status)).inc()
        self._request_s.labels(route).observe(elapsed_s)

    def count_slice(self, status: str, elapsed_s: float) -> None:
        """One slice is answered."""
        self._slices.labels(status).inc()
        self._slice_s.observe(elapsed_s)

    def count_upload(self, size: int) -> None:
        """So many bytes came."""
        self._uploaded.inc(size)

    def count_refusal(self, code: str) -> None:
        """One request was refused."""
        self._refused.labels(code).inc()

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
