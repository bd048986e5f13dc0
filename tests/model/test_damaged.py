import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brain_tumor.classifier import load_classifier
from brain_tumor.errors import ModelFileError
from brain_tumor.model.model_file import MAX_MODEL_BYTES, ModelFile, load_model_file, read_model_file
from tests.model.damaged import REFUSED, RESEALED, STRUCK


@pytest.fixture(scope="module")
def whole() -> bytes:
    return (Path(__file__).parents[2] / "brain_tumor_model_lite.tfliteA").read_bytes()


@pytest.mark.parametrize("name", REFUSED)
def test_a_damaged_copy_is_refused_before_it_is_run(name: str, model: ModelFile, whole: bytes) -> None:
    damage, expected = REFUSED[name]
    with pytest.raises(ModelFileError) as records:
        read_model_file(damage(model, whole), "m")
    assert expected in str(records.value) and str(records.value).startswith("m: ") and len(str(records.value)) < 500


@pytest.mark.slow
def test_no_copy_with_a_new_seal_ends_the_process_or_answers_wrong(model_path: Path) -> None:
    # In a process of its own, for a crash to be seen as one.
    done = subprocess.run(
        [sys.executable, "-m", "tests.model.damaged", str(model_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (records[-1:], done.stderr[-2000:])
    found = {line["name"]: line["outcome"] for line in records if "outcome" in line}
    assert len(found) == len(RESEALED) + len(STRUCK)
    wrong = {name: found[name] for name, (_, expected) in RESEALED.items() if expected not in found[name]}
    assert wrong == {}
    assert [name for name, said in found.items() if said == "runs, and answers otherwise"] == []
    assert "runs" in found.values()  # some damage touches nothing that an answer needs


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is not a file"):
        load_classifier(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.tfliteA")
    with pytest.raises(ModelFileError, match="is not a file"):
        load_model_file(tmp_path / "m.tfliteA")


def test_a_link_to_itself_is_no_model(tmp_path: Path) -> None:
    link = tmp_path / "m.tfliteA"
    link.symlink_to(link)
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model_file(link)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.tfliteA"
    with path.open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ModelFileError, match="is larger than the 1024 MiB of any model"):
        load_model_file(path)
