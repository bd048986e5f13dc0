"""One TOML file and the environment into checked settings, the same way for every command that runs as a server."""

import dataclasses
import math
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from brain_tumor.errors import ConfigurationError
from brain_tumor.model.choice import EngineName

# A table each. A command reads its own and `model`, so one file can serve all of them.
SECTIONS = ("model", "serve", "dicom-node")
_PREFIX = "BRAIN_TUMOR_"
# Two, because Kubernetes sets BRAIN_TUMOR_SERVE_PORT by itself where a service is called brain-tumor-serve.
_SEPARATOR = "__"
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

SettingsT = TypeVar("SettingsT")


def setting(
    default: Any = dataclasses.MISSING, about: str = "", *, low: float | None = None, high: float | None = None
) -> Any:
    """A field of a settings dataclass.

    Args:
        default: its value where nobody sets it; without one it must be set.
        about: what it means, as the table in docs/deployment.md says it.
        low: the smallest number accepted; of a text, the fewest characters.
        high: the largest number accepted.
    """
    return dataclasses.field(default=default, metadata={"about": about, "low": low, "high": high})


@dataclasses.dataclass(frozen=True, slots=True)
class ModelSettings:
    """The table `model`: which network, and how it is run."""

    file: Path | None = setting(None, "model file; empty for the shipped one")
    threads: int | None = setting(None, "processor threads for one image; empty chooses for the machine", low=1)
    engine: EngineName = setting("auto", "`auto` (LiteRT), `litert` or `openvino`")


def read_configuration(path: Path | None) -> dict[str, Any]:
    """The tables of a configuration file, by name; empty without a file.

    Raises:
        ConfigurationError: it cannot be read, is no TOML, or has a table that nobody reads.
    """
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}); name another one with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML ({error}); see docs/deployment.md for an example") from None
    _refuse_unknown(str(path), tables, SECTIONS)
    return tables


def to_settings(
    kind: type[SettingsT], section: str, tables: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> SettingsT:
    """One table's settings, checked: the environment's value counts more than the file's.

    Args:
        kind: a frozen dataclass whose fields `setting` made. A field is a bool, int, float, str, Path, StrEnum or
            Literal, a tuple of one of these, a dataclass of such fields, a tuple of these, or any of that or None.
        section: the table's name, one of SECTIONS.
        tables: of `read_configuration`.
        environment: BRAIN_TUMOR_SECTION__KEY -> value, a dash of the section as an underscore; None for this
            process's. Several values are separated by commas; what consists of tables is in the file only.

    Raises:
        ConfigurationError: an unknown key, a missing one, or a value of another kind or size.
    """
    table = tables.get(section, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{section}: is no table; begin it with [{section}]")
    named = variable_name(section, "")
    given = os.environ if environment is None else environment
    texts = {name: text for name, text in given.items() if name.startswith(named)}
    keys = {variable_name(section, field.name): field.name for field in dataclasses.fields(typing.cast(Any, kind))}
    _refuse_unknown("the environment", texts, keys)
    return to_dataclass(kind, {**table, **{keys[name]: _Text(text) for name, text in texts.items()}}, section)


def variable_name(section: str, key: str) -> str:
    """The environment variable of a key, such as BRAIN_TUMOR_DICOM_NODE__PORT."""
    return f"{_PREFIX}{section.replace('-', '_')}{_SEPARATOR}{key}".upper()


def describe_settings(kind: type[Any]) -> list[tuple[str, str, str]]:
    """Key, default and meaning of each setting, as TOML writes them; for the documentation."""
    return [(field.name, _shown(field), str(field.metadata["about"])) for field in dataclasses.fields(kind)]


class _Text(str):
    """A value of the environment, which has no type of its own."""


def to_dataclass(kind: type[SettingsT], table: Mapping[str, Any], where: str) -> SettingsT:
    """A table of TOML as a dataclass of fields as `to_settings` knows them, checked.

    Args:
        kind: the dataclass; what `setting` says of a field's smallest and largest value is held, where it made it.
        table: key -> value.
        where: what it is called in messages, such as the file's name.

    Raises:
        ConfigurationError: an unknown key, a missing one, or a value of another kind or size.
    """
    fields = {field.name: field for field in dataclasses.fields(typing.cast(Any, kind))}
    _refuse_unknown(where, table, fields)
    required = {name for name, field in fields.items() if field.default is field.default_factory is dataclasses.MISSING}
    if missing := sorted(required - set(table)):
        raise ConfigurationError(f"{where}: {', '.join(missing)} is missing; add it")
    types_of = typing.get_type_hints(kind)
    return kind(
        **{
            name: _to_value(types_of[name], value, f"{where}.{name}", fields[name].metadata)
            for name, value in table.items()
        }
    )


def _to_value(kind: Any, value: Any, where: str, limits: Mapping[str, Any]) -> Any:
    if get_origin(kind) in (types.UnionType, typing.Union):  # X | None
        if value == "":
            return None
        (kind,) = (arg for arg in get_args(kind) if arg is not types.NoneType)
    if get_origin(kind) is tuple:
        parts = [_Text(part.strip()) for part in value.split(",") if part.strip()] if _is_text(value) else value
        if not isinstance(parts, list):
            raise _wrong(where, value, 'a list, as in ["a", "b"]')
        if get_args(kind)[-1] is not Ellipsis and len(parts) != len(get_args(kind)):
            raise _wrong(where, value, f"{len(get_args(kind))} values")
        return tuple(_to_value(get_args(kind)[0], part, where, limits) for part in parts)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise _wrong(where, value, "a table in the file")
        return to_dataclass(typing.cast(type, kind), value, where)
    if get_origin(kind) is typing.Literal:
        return _to_choice(value, get_args(kind), where)
    if issubclass(kind, StrEnum):
        return kind(_to_choice(value, tuple(kind), where))
    return _within(_to_plain(kind, value, where), where, limits)


def _to_choice(value: Any, accepted: tuple[Any, ...], where: str) -> str:
    if value not in accepted:
        raise _wrong(where, value, f"one of {', '.join(accepted)}")
    return str(value)


def _to_plain(kind: Any, value: Any, where: str) -> Any:
    """A bool, number, text or path; 8000.0 and true are no whole numbers."""
    if kind is bool:
        if _is_text(value) and value.lower() in (*_TRUE, *_FALSE):
            return value.lower() in _TRUE
        if isinstance(value, bool):
            return value
        raise _wrong(where, value, "true or false")
    if kind in (int, float):
        accepted: tuple[type, ...] = (int,) if kind is int else (int, float)
        if _is_text(value) or (isinstance(value, accepted) and not isinstance(value, bool)):
            try:
                return kind(value)
            except ValueError:
                pass
        raise _wrong(where, value, "a whole number" if kind is int else "a number")
    if not isinstance(value, str):
        raise _wrong(where, value, "a text in quotation marks")
    return Path(value) if kind is Path else str(value)


def _within(value: Any, where: str, limits: Mapping[str, Any]) -> Any:
    low = -math.inf if limits.get("low") is None else limits["low"]
    high = math.inf if limits.get("high") is None else limits["high"]
    if isinstance(value, bool | Path) or low <= (len(value) if isinstance(value, str) else value) <= high:
        return value  # NaN, which TOML knows, is never between two numbers
    accepted = f"{low:g} or more" if high == math.inf else f"{max(low, 0):g} to {high:g}"
    raise _wrong(where, value, f"{accepted} characters" if isinstance(value, str) else accepted)


def _is_text(value: Any) -> bool:
    return isinstance(value, _Text)


def _wrong(where: str, value: Any, accepted: str) -> ConfigurationError:
    shown = repr(str(value)) if isinstance(value, str) else str(value)
    return ConfigurationError(f"{where}: {shown[:100]} is not accepted; give {accepted}")


def _refuse_unknown(where: str, given: Mapping[str, Any], accepted: typing.Iterable[str]) -> None:
    known = sorted(accepted)
    if unknown := sorted(set(given) - set(known)):
        raise ConfigurationError(
            f"{where}: {', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not known; "
            f"{', '.join(known)} are accepted"
        )


def _shown(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "must be set"
    if field.default is None:
        return "empty"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    if isinstance(field.default, tuple):
        return f"[{', '.join(map(repr, field.default))}]"
    return f'"{field.default}"' if isinstance(field.default, str | Path) else str(field.default)
