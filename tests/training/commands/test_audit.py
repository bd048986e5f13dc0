from pathlib import Path

import pytest

from brain_tumor_training.cli import main


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "needs either folders of images or a training list"),
        (["folder", "--list", "a.csv", "--data", "."], "needs either folders of images or a training list"),
        (["--list", "a.csv"], "--list and --data belong together"),
        (["folder", "--data", "."], "--list and --data belong together"),
        (["folder", "--further", "index.csv"], "--further needs them"),
    ],
)
def test_arguments_that_do_not_go_together_are_status_2(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
