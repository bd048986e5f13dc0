import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
from brain_tumor.errors import BrainTumorError
from brain_tumor.prediction.block_folder import BlockFolder
from brain_tumor.tables.rows import Row, to_row
from brain_tumor.tables.series_rows import SERIES_COLUMNS
from tests.factories import make_result

OPTIONS = {"model": "m", "plane": "axial"}
SERIES = {**dict.fromkeys(SERIES_COLUMNS), "series": "T1", "slices": 2, "most_suspicious": [2, 1]}


@pytest.fixture
def folder(tmp_path: Path) -> BlockFolder:
    found = BlockFolder(tmp_path / "out")
    found.begin(OPTIONS, resume=False, overwrite=False)
    return found


def rows(*names: str) -> list[Row]:
    return [to_row(make_result(name=name)) for name in names]


def listing(folder: BlockFolder) -> list[str]:
    return sorted(path.relative_to(folder.path).as_posix() for path in files(folder))


def files(folder: BlockFolder) -> Iterator[Path]:
    return (path for path in folder.path.rglob("*") if path.is_file())


def test_a_block_is_read_as_it_was_committed(folder: BlockFolder) -> None:
    sha256 = folder.commit("k", rows("a", "b"), [SERIES], study_rows=[{"study_uid": "1.2", "answers": 1}])
    found = folder.read("k")
    assert found is not None
    assert [row["file"] for row in found.rows] == ["a", "b"]
    assert [(row["series"], row["slices"]) for row in found.series_rows] == [("T1", 2)]
    assert found.study_rows == [{"study_uid": "1.2", "answers": 1}]
    assert found.sha256 == sha256


def test_a_block_without_its_slices_is_not_answered(folder: BlockFolder) -> None:
    assert folder.read("k") is None and not folder.has("k")
    # Series are written first, so a worker that is lost in between leaves this.
    (folder.path / "series" / "k.parquet").write_bytes(b"")
    assert folder.read("k") is None and not folder.has("k")


def test_a_block_that_is_answered_again_keeps_nothing_of_before(folder: BlockFolder) -> None:
    folder.commit("k", rows("a"), [SERIES], study_rows=[{"study_uid": "1.2"}])
    folder.commit("k", rows("b"), [])
    found = folder.read("k")
    assert found is not None
    assert ([row["file"] for row in found.rows], found.series_rows, found.study_rows) == (["b"], [], [])
    assert listing(folder) == ["about.json", "slices/k.parquet"]


def test_the_manifest_is_there_at_the_end_and_blocks_that_it_lacks_go_aside(folder: BlockFolder) -> None:
    folder.commit("old", rows("a"), [])
    folder.commit("new", rows("b"), [])
    (folder.path / "slices" / ".new.parquet.host.1.part").write_bytes(b"half")
    with folder.manifest() as manifest:
        manifest.enter("new", files=1)
        assert not (folder.path / "manifest.jsonl").exists()
    assert listing(folder) == ["about.json", "earlier/slices/old.parquet", "manifest.jsonl", "slices/new.parquet"]
    (line,) = (folder.path / "manifest.jsonl").read_text(encoding="ascii").splitlines()
    assert json.loads(line) == {"block": "new", "path": "slices/new.parquet", "files": 1}


def test_a_run_that_fails_leaves_blocks_and_no_manifest(folder: BlockFolder) -> None:
    folder.commit("k", rows("a"), [])
    with pytest.raises(KeyboardInterrupt), folder.manifest():
        raise KeyboardInterrupt
    assert folder.has("k") and not (folder.path / "manifest.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "resume", "complaint"),
    [
        (OPTIONS, False, "holds answers; go on with --resume"),
        ({**OPTIONS, "plane": "coronal"}, True, "was started with the plane axial, not coronal"),
        ({**OPTIONS, "window": "robust"}, True, "was started with the window None, not robust"),
    ],
)
def test_a_folder_with_answers_is_gone_on_with_under_the_same_options_only(
    folder: BlockFolder, options: dict[str, str], resume: bool, complaint: str
) -> None:
    folder.commit("k", rows("a"), [])
    with pytest.raises(BrainTumorError, match=complaint):
        folder.begin(options, resume=resume, overwrite=False)
    folder.begin(OPTIONS, resume=True, overwrite=False)
    assert folder.has("k")
    folder.begin(options, resume=False, overwrite=True)
    assert not folder.has("k")


def test_what_is_no_folder_of_answers_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "scan.dcm").write_bytes(b"x")
    for name, complaint in (("file", "is a file"), ("other", "holds something else")):
        with pytest.raises(BrainTumorError, match=complaint):
            BlockFolder(tmp_path / name).begin(OPTIONS, resume=True, overwrite=True)
    assert (tmp_path / "other" / "scan.dcm").read_bytes() == b"x"


def test_how_answers_were_made_lies_beside_them(folder: BlockFolder) -> None:
    folder.describe({"elapsed_s": 2.5})
    found = json.loads((folder.path / "run.json").read_text(encoding="utf-8"))
    assert (found["plane"], found["elapsed_s"]) == ("axial", 2.5)
    assert "never for diagnosis" in found["notice"]
