"""Configuration files and the environment: what is taken, and that anything else is an error in words."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest

from brain_tumor.configuration import (
    ModelSettings,
    describe_settings,
    read_configuration,
    setting,
    to_settings,
    variable_name,
)
from brain_tumor.errors import ConfigurationError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Peer:
    title: str = setting(about="its name", high=16)
    port: int = setting(104, "where it listens", low=1, high=65535)


@dataclass(frozen=True, slots=True)
class Settings:
    host: str = setting("127.0.0.1", "address")
    port: int = setting(8000, "port", low=0, high=65535)
    wait_s: float = setting(1.5, "seconds", low=0)
    is_open: bool = setting(False, "whether")
    key_file: Path | None = setting(None, "file")
    kinds: tuple[str, ...] = setting((), "kinds")
    colour: Colour = setting(Colour.RED, "colour")
    mode: Literal["a", "b"] = setting("a", "mode")
    peers: tuple[Peer, ...] = setting((), "peers")


def settings(table: dict[str, Any] | None = None, environment: dict[str, str] | None = None) -> Settings:
    return to_settings(Settings, "dicom-node", {} if table is None else {"dicom-node": table}, environment or {})


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    assert read_configuration(None) == {}
    assert settings() == Settings()


def test_a_file_s_values_are_taken(tmp_path: Path) -> None:
    text = """
        [dicom-node]
        port = 11112
        wait_s = 3
        is_open = true
        key_file = "/run/key"
        kinds = ["x", "y"]
        colour = "blue"
        mode = "b"
        [[dicom-node.peers]]
        title = "PACS"
    """
    found = to_settings(Settings, "dicom-node", read_configuration(write(tmp_path, text)), {})
    assert (found.port, found.wait_s, found.is_open, found.key_file) == (11112, 3.0, True, Path("/run/key"))
    assert (found.kinds, found.colour, found.mode) == (("x", "y"), Colour.BLUE, "b")
    assert found.peers == (Peer("PACS", 104),)
    assert isinstance(found.wait_s, float)


def test_the_environment_counts_more_than_the_file() -> None:
    environment = {
        "BRAIN_TUMOR_DICOM_NODE__PORT": "104",
        "BRAIN_TUMOR_DICOM_NODE__IS_OPEN": "Yes",
        "BRAIN_TUMOR_DICOM_NODE__KINDS": "a, b",
        "BRAIN_TUMOR_DICOM_NODE__COLOUR": "blue",
        "BRAIN_TUMOR_DICOM_NODE__KEY_FILE": "",
        "BRAIN_TUMOR_SERVE__PORT": "another table's",
        "BRAIN_TUMOR_DICOM_NODE_PORT": "tcp://10.0.0.1:104",  # Kubernetes' own
    }
    found = settings({"port": 11112, "key_file": "k", "host": "10.0.0.2"}, environment)
    assert (found.port, found.is_open, found.kinds, found.colour) == (104, True, ("a", "b"), Colour.BLUE)
    assert (found.key_file, found.host) == (None, "10.0.0.2")
    assert variable_name("dicom-node", "port") == "BRAIN_TUMOR_DICOM_NODE__PORT"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"prot": 1},
            "dicom-node: prot is not known; colour, host, is_open, key_file, kinds, mode, peers, port, wait_s",
        ),
        ({"port": 65536}, "dicom-node.port: 65536 is not accepted; give 0 to 65535"),
        ({"port": "8000"}, "dicom-node.port: '8000' is not accepted; give a whole number"),
        ({"port": 8000.0}, "give a whole number"),
        ({"port": True}, "give a whole number"),
        ({"wait_s": float("nan")}, "dicom-node.wait_s: nan is not accepted; give 0 or more"),
        ({"is_open": 1}, "give true or false"),
        ({"host": 1}, "give a text in quotation marks"),
        ({"kinds": "a"}, "give a list"),
        ({"kinds": [1]}, "give a text in quotation marks"),
        ({"colour": "green"}, "dicom-node.colour: 'green' is not accepted; give one of red, blue"),
        ({"mode": ["a"]}, "give one of a, b"),
        ({"peers": [{}]}, "dicom-node.peers: title is missing; add it"),
        ({"peers": [{"title": "A" * 17}]}, "give 0 to 16 characters"),
        ({"peers": ["PACS"]}, "give a table in the file"),
        ({"peers": [{"title": "P", "prot": 1}]}, "dicom-node.peers: prot is not known; port, title are accepted"),
    ],
)
def test_what_is_not_accepted_is_named_with_what_is(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(table)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"BRAIN_TUMOR_DICOM_NODE__PROT": "1"},
            "the environment: BRAIN_TUMOR_DICOM_NODE__PROT is not known; BRAIN_TUMOR_",
        ),
        ({"BRAIN_TUMOR_DICOM_NODE__PORT": "x"}, "dicom-node.port: 'x' is not accepted; give a whole number"),
        ({"BRAIN_TUMOR_DICOM_NODE__IS_OPEN": "maybe"}, "give true or false"),
        ({"BRAIN_TUMOR_DICOM_NODE__WAIT_S": "nan"}, "give 0 or more"),
    ],
)
def test_a_wrong_variable_is_an_error_too(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(environment=environment)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[serv]", "serv is not known; dicom-node, model, serve are accepted"),
        ("port = 1", "port is not known"),
        ("[serve", "is not TOML"),
    ],
)
def test_a_wrong_file_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(write(tmp_path, text))
    assert message in str(caught.value)


def test_a_missing_file_and_one_in_another_encoding_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_configuration(tmp_path / "none.toml")
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        read_configuration(tmp_path / "config.toml")


def test_a_table_s_name_with_a_value_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"serve: is no table; begin it with \[serve\]"):
        to_settings(Settings, "serve", {"serve": 1}, {})


def test_the_model_s_table() -> None:
    found = to_settings(ModelSettings, "model", {"model": {"file": "m.tfliteA", "engine": "openvino"}}, {})
    assert found == ModelSettings(Path("m.tfliteA"), None, "openvino")


def test_settings_are_described_as_toml_writes_them() -> None:
    described = {key: default for key, default, about in describe_settings(Settings) if about}
    assert described["host"] == '"127.0.0.1"' and described["is_open"] == "false" and described["key_file"] == "empty"
    assert describe_settings(Peer)[0] == ("title", "must be set", "its name")
