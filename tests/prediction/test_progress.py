import pytest

from brain_tumor.prediction.progress import Progress

Capture = pytest.CaptureFixture[str]


def run_on_terminal(monkeypatch: pytest.MonkeyPatch, files: int, slices_each: int) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    names = [str(n) for n in range(files)]
    progress = Progress(lambda: iter(names))
    for _ in progress.pass_on(iter(names)):
        progress.expect(slices_each)
        for _ in range(slices_each):
            progress.advance()
    progress.show("a line")
    progress.close()


def test_files_are_counted_before_they_are_opened(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    run_on_terminal(monkeypatch, files=3, slices_each=1)
    assert "0/3" in capsys.readouterr().err


def test_one_volume_of_several_slices_has_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    run_on_terminal(monkeypatch, files=1, slices_each=20)
    assert "0/20" in capsys.readouterr().err


def test_one_image_has_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    run_on_terminal(monkeypatch, files=1, slices_each=1)
    assert capsys.readouterr().err == ""


def test_without_a_terminal_there_is_no_bar_and_nothing_is_counted(capsys: Capture) -> None:
    progress = Progress(lambda: pytest.fail("counted"))
    progress.expect(20)
    progress.show("a line")
    progress.close()
    assert capsys.readouterr() == ("a line\n", "")
