import pytest

from brain_tumor.cli import main


def test_the_help_says_what_the_service_does_and_how_it_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    for words in (
        "--config FILE",
        "BRAIN_TUMOR_SERVE__PORT",
        "never for diagnosis",
        "Exit status: 0 stopped, 2 wrong use",
    ):
        assert words in said


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1.5"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", f"--port={port}"])
    assert ended.value.code == 2
    assert f"'{port}' is not a whole number from 0 to 65535" in capsys.readouterr().err
