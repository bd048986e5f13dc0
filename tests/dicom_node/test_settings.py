"""The table `dicom-node` of a configuration file."""

from pathlib import Path
from typing import Any

import pytest

from brain_tumor.configuration import read_configuration, to_settings
from brain_tumor.dicom_node.settings import SECTION, Destination, NodeSettings, Sender
from brain_tumor.errors import ConfigurationError

EXAMPLE = """
[dicom-node]
folder = "/var/lib/brain-tumor"
quiet_s = 20

[dicom-node.destination]
ae_title = "ARCHIVE"
host = "10.1.2.3"
port = 4242

[[dicom-node.senders]]
ae_title = "SCANNER"
addresses = ["10.1.2.0/24", "::1"]
"""


def settings(text: str = EXAMPLE, environment: dict[str, str] | None = None, **changes: Any) -> NodeSettings:
    import tomllib

    tables = tomllib.loads(text)
    tables[SECTION] |= changes
    return to_settings(NodeSettings, SECTION, tables, environment or {})


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(EXAMPLE)
    found = to_settings(NodeSettings, SECTION, read_configuration(path), {})
    assert found.destination == Destination("ARCHIVE", "10.1.2.3", 4242)
    assert found.senders == (Sender("SCANNER", ("10.1.2.0/24", "::1")),)
    assert (found.quiet_s, found.port) == (20, 11112)


def test_the_environment_counts_more() -> None:
    assert settings(environment={"BRAIN_TUMOR_DICOM_NODE__PORT": "104"}).port == 104


def sender(**changes: Any) -> list[dict[str, Any]]:
    return [{"ae_title": "SCANNER", "addresses": ["10.1.2.3"], **changes}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"senders": []}, "nobody could send"),
        ({"senders": sender(addresses=[])}, "has no addresses"),
        ({"senders": sender(addresses=["scanner.hospital"])}, "give IP addresses or networks"),
        ({"senders": sender(addresses=["10.1.2.3/8"])}, "give IP addresses or networks"),
        ({"senders": sender(ae_title="A\\B")}, "no AE title"),
        ({"senders": sender(ae_title="SEVENTEENLETTERS1")}, "1 to 16 characters"),
        ({"senders": sender(port=104)}, "port is not known"),
        ({"ae_title": "ARCHIVE"}, "is the node itself"),
        ({"quiet": 20}, "quiet is not known"),
        ({"port": 70000}, "0 to 65535"),
    ],
)
def test_what_cannot_work_is_an_error_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        settings(**changes)


def test_nothing_is_guessed_where_results_go() -> None:
    with pytest.raises(ConfigurationError, match="destination, folder, senders is missing"):
        settings("[dicom-node]")
