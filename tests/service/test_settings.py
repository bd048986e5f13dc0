from pathlib import Path

import pytest

from brain_tumor.errors import ConfigurationError
from brain_tumor.service.settings import read_service_settings

ROOT = Path(__file__).parents[2]


def test_only_this_computer_is_served_by_default() -> None:
    assert read_service_settings({}, {}).host == "127.0.0.1"


def test_the_command_line_counts_more_than_the_environment_and_that_more_than_the_file() -> None:
    tables = {"serve": {"port": 1, "max_files": 1, "max_slices": 1}}
    environment = {"BRAIN_TUMOR_SERVE__PORT": "2", "BRAIN_TUMOR_SERVE__MAX_FILES": "2"}
    found = read_service_settings(tables, environment, port=3, host=None)
    assert (found.port, found.max_files, found.max_slices, found.host) == (3, 2, 1, "127.0.0.1")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"root_path": "mri"}, "begin it with / and end it without"),
        ({"root_path": "/mri/"}, "begin it with / and end it without"),
        ({"max_stored_mib": 511}, "511 is less than the 512 of max_request_mib"),
        ({"max_files": 0}, "give 1 or more"),
        ({"host": ""}, "give 1 or more characters"),
    ],
)
def test_settings_that_cannot_work_are_errors(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_service_settings({"serve": table}, {})
    assert message in str(caught.value)
