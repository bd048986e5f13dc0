"""`brain-tumor serve`: arguments, settings, and the server."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from brain_tumor.arguments import Commands, add_command, add_network
from brain_tumor.configuration import ModelSettings, read_configuration, to_settings
from brain_tumor.errors import MissingExtraError
from brain_tumor.extras import install_command
from brain_tumor.service.api_key import read_api_key
from brain_tumor.service.settings import read_service_settings

STOPPED = 0
_EXAMPLES = ("", "--config brain-tumor.toml", "--port 9000 --threads 2")
_DESCRIPTION = """\
Answer over HTTP until SIGTERM or Ctrl-C: POST /v1/classify takes files as multipart/form-data, GET /docs says all.
Only this computer can reach it, unless --host says otherwise. Settings come from the command line, else from
environment variables such as BRAIN_TUMOR_SERVE__PORT, else from the file, else they are the defaults.

Exit status: 0 stopped, 2 wrong use, or a model, a configuration or an address that cannot be used."""


def add_serve(commands: Commands) -> None:
    """Add the command to the program's parser; `arguments.run` takes the arguments and gives the exit status."""
    parser = add_command(commands, "serve", "answer over HTTP (extra: serve)", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file with the tables [serve] and [model]")
    parser.add_argument("--host", metavar="ADDRESS", help="to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, metavar="N", help="to listen on; 0 takes a free one (default: 8000)")
    add_network(parser)
    parser.set_defaults(run=_run, engine=None)


def _run(arguments: argparse.Namespace) -> int:
    tables = read_configuration(arguments.config)
    settings = read_service_settings(tables, host=arguments.host, port=arguments.port)
    given: dict[str, Any] = {"file": arguments.model, "threads": arguments.threads, "engine": arguments.engine}
    model = replace(
        to_settings(ModelSettings, "model", tables),
        **{name: value for name, value in given.items() if value is not None},
    )
    key = read_api_key(settings.api_key_file)
    try:
        from brain_tumor.service.server import run_server
    except ImportError as error:
        raise MissingExtraError(
            f"serve needs FastAPI, uvicorn, python-multipart and prometheus-client, {error.name} is missing: "
            f"{install_command('serve')}"
        ) from None
    run_server(settings, model, key)
    return STOPPED


def _port(text: str) -> int:
    if not text.isdecimal() or not int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 65535")
    return int(text)
