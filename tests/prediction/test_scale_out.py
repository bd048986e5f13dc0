import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("pyarrow")
from brain_tumor.cli import main
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.sources import Found
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.prediction.ray_executor import _connected
from brain_tumor.prediction.scale_out import Listing
from tests.factories import png_bytes
from tools.ports import free_port

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["-"], "name the image instead of -"),
        (["in", "--resume"], "name it with --parquet DIR"),
    ],
)
def test_what_only_one_machine_does_is_refused(
    arguments: list[str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["predict", *arguments, "--ray", "local"]) == 2
    assert found in capsys.readouterr().err


def test_a_study_of_an_archive_is_answered_by_one_machine(capsys: Capture) -> None:
    study = ["--dicomweb", "https://pacs.example/dicom-web", "--study", "1.2.3"]
    with pytest.raises(SystemExit, match="2"):
        main(["predict", *study, "--ray", "local", "--parquet", "out"])
    assert "--dicomweb answers a study in one run: leave out --resume, --ray" in capsys.readouterr().err


def test_a_cluster_needs_a_folder_that_all_machines_share(capsys: Capture) -> None:
    assert main(["predict", "in", "--ray", "first:6379"]) == 2
    assert "on storage that all machines share" in capsys.readouterr().err


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "a.png").write_bytes(png_bytes())
    assert main(["predict", str(tmp_path), "--ray", "local", "--parquet", str(tmp_path / "out")]) == 2
    assert "--ray needs Ray" in (said := capsys.readouterr().err) and "[cluster]" in said
    assert not (tmp_path / "out").exists()  # or the same command would find a folder that holds answers


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"about.json": '{"model": "other"}', "slices/a.parquet": "x"}, "holds answers; go on with --resume"),
        ({"scan.png": "x"}, "holds something else"),
    ],
)
def test_a_folder_with_something_in_it_is_not_written_over(
    content: dict[str, str], found: str, tmp_path: Path, capsys: Capture
) -> None:
    for name, text in content.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert main(["predict", "in", "--ray", "local", "--parquet", str(tmp_path)]) == 2
    assert found in capsys.readouterr().err


def test_a_cluster_that_is_not_there_is_said_at_once_and_leaves_no_folder(tmp_path: Path, capsys: Capture) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert main(["predict", "in", "--ray", address, "--parquet", str(tmp_path / "out")]) == 2
    assert f"--ray {address}: no cluster answers there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_a_run_that_answered_nothing_can_be_used_again(tmp_path: Path) -> None:
    for _ in range(2):
        BlockFolder(tmp_path / "out").begin({}, resume=False, overwrite=False)
    BlockFolder(tmp_path / "out").commit("a", [], [])
    with pytest.raises(BrainTumorError, match="holds answers"):
        BlockFolder(tmp_path / "out").begin({}, resume=False, overwrite=False)


def test_answers_under_other_options_are_not_gone_on_with(tmp_path: Path, capsys: Capture) -> None:
    BlockFolder(tmp_path / "out").begin({"model": "other"}, resume=False, overwrite=False)
    assert main(["predict", "in", "--ray", "local", "--parquet", str(tmp_path / "out"), "--resume"]) == 2
    assert "was started with the model other" in capsys.readouterr().err


def test_blocks_that_the_new_listing_lacks_are_set_aside(tmp_path: Path) -> None:
    folder = BlockFolder(tmp_path / "out")
    folder.begin({}, resume=False, overwrite=False)
    for key in ("old", "new"):
        folder.commit(key, [], [])
    with folder.manifest() as manifest:
        manifest.enter("new", files=1)
    assert [path.name for path in (tmp_path / "out/slices").iterdir()] == ["new.parquet"]
    assert [path.name for path in (tmp_path / "out/earlier/slices").iterdir()] == ["old.parquet"]


def test_a_run_that_fails_leaves_its_blocks_and_no_manifest(tmp_path: Path) -> None:
    folder = BlockFolder(tmp_path / "out")
    folder.begin({}, resume=False, overwrite=False)
    folder.commit("done", [], [])
    with pytest.raises(KeyboardInterrupt), folder.manifest():
        raise KeyboardInterrupt
    assert folder.has("done")
    assert not (tmp_path / "out/manifest.jsonl").exists()


def test_names_and_a_list_are_listed_where_the_listing_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("in/a.png").write_bytes(png_bytes())
    Path("list").write_text("b.png\nc.png\n")
    (*blocks,) = Listing(("in",), "list", frozenset(), False, 128)()
    found = [file for block in blocks for file in block.files]
    assert found == [Found("in/a.png", True), Found("b.png", False), Found("c.png", False)]


def test_the_program_s_own_end_by_sigterm_stays_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray.data")
    import ray

    before = signal.getsignal(signal.SIGTERM)
    # As Ray does, whose handler prints a trace and ends the program with another status.
    monkeypatch.setattr(ray, "init", lambda *_, **__: signal.signal(signal.SIGTERM, signal.SIG_IGN))
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setattr(ray.data.DataContext, "get_current", SimpleNamespace)
    with _connected("auto", 1, False):
        assert signal.getsignal(signal.SIGTERM) == before
