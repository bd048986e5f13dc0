"""The table `serve` of the configuration file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from brain_tumor.configuration import setting, to_settings
from brain_tumor.errors import ConfigurationError

SECTION = "serve"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Where the service listens, and how much it takes on at a time."""

    host: str = setting("127.0.0.1", "address to listen on; other computers reach `0.0.0.0` too", low=1)
    port: int = setting(8000, "port to listen on; 0 takes a free one", low=0, high=65535)
    root_path: str = setting("", "path below which a proxy shows the service, such as `/mri`")
    api_key_file: Path | None = setting(None, "file with the key that callers must send; empty asks for none")
    # A whole study of 1,000 slices of 512 x 512 at two bytes.
    max_request_mib: int = setting(512, "MiB of one request", low=1)
    max_files: int = setting(500, "files of one request; what a ZIP holds is not counted", low=1)
    max_slices: int = setting(5_000, "slices of one request", low=1)
    max_requests: int = setting(128, "requests at a time; more are answered 503", low=1)
    # Half an hour of work for two cores.
    max_waiting_slices: int = setting(20_000, "slices that wait in all requests; more are answered 503", low=1)
    max_stored_mib: int = setting(4096, "MiB of all requests together, in memory and temporary files", low=1)
    upload_timeout_s: float = setting(600.0, "seconds that the upload of a request may take", low=0.1)
    stall_timeout_s: float = setting(
        30.0, "seconds that an upload may bring nothing, and that a request's head may take", low=0.1
    )
    answer_timeout_s: float = setting(900.0, "seconds between an upload and its answer", low=0.1)
    drain_timeout_s: int = setting(60, "seconds that requests get to finish after SIGTERM", low=0)


def read_service_settings(
    tables: Mapping[str, Any], environment: Mapping[str, str] | None = None, **given: Any
) -> ServiceSettings:
    """The settings, checked.

    Args:
        tables: of `read_configuration`.
        environment: None for this process's.
        given: fields on the command line, which count most; None where nothing was given.

    Raises:
        ConfigurationError: a wrong key or value, or two that contradict each other.
    """
    settings = to_settings(ServiceSettings, SECTION, tables, environment)
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    if settings.root_path and (not settings.root_path.startswith("/") or settings.root_path.endswith("/")):
        raise ConfigurationError(
            f"{SECTION}.root_path: {settings.root_path!r} is not accepted; begin it with / and end it without"
        )
    if settings.max_stored_mib < settings.max_request_mib:
        raise ConfigurationError(
            f"{SECTION}.max_stored_mib: {settings.max_stored_mib} is less than the {settings.max_request_mib} of "
            "max_request_mib, so the largest request would always be refused; raise the one or lower the other"
        )
    return settings
