import json
import platform
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.cli import main
from brain_tumor.prediction.manifest import to_manifest
from brain_tumor.prediction.run_summary import RunSummary
from brain_tumor.version import package_version
from tests.factories import make_card, png_bytes
from tests.mr_series import write_series
from tests.scripted import ScriptedClassifier


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brain_tumor.prediction.command.load_classifier", lambda *_: ScriptedClassifier())
    Path("in").mkdir()
    Path("in/Doe-Jane.png").write_bytes(png_bytes())
    write_series(Path("in/series"), [np.tile(np.arange(96, dtype=np.uint16), (96, 1))] * 3)


def test_a_manifest_names_model_versions_and_counts() -> None:
    card, summary = make_card(), RunSummary()
    summary.add({"file": "a.png", "status": "classified", "class": "Glioma"})
    found = to_manifest(card, "auto", None, summary)
    assert found["model"]["sha256"] == card.flatbuffer_sha256
    assert found["versions"]["brain-tumor-mri"] == package_version()
    assert found["counts"]["slices"] == found["counts"]["classes"]["Glioma"] == 1
    assert datetime.fromisoformat(found["started"]) <= datetime.fromisoformat(found["finished"])
    assert json.loads(json.dumps(found)) == found


@pytest.mark.usefixtures("_folder")
def test_beside_every_table_lies_what_is_known_of_the_run() -> None:
    assert main(["predict", "in", "--csv", "a.csv", "--jsonl", "b.jsonl", "--series-csv", "c.csv"]) == 0
    first, *others = (json.loads(Path(f"{name}.run.json").read_text()) for name in ("a.csv", "b.jsonl", "c.csv"))
    assert all(other == first for other in others)
    assert first["options"]["window"] == "file"
    assert first["counts"]["statuses"] == {"classified": 4}
    assert first["counts"]["series"] == {"Glioma": 1}
    assert "never for diagnosis" in first["notice"]


@pytest.mark.usefixtures("_folder")
def test_a_manifest_names_neither_files_nor_hosts_nor_people() -> None:
    main(["predict", "in", "--csv", "a.csv"])
    text = Path("a.csv.run.json").read_text()
    assert not [word for word in ("Doe", platform.node(), str(Path.cwd()), str(Path.home()), "in/") if word in text]


@pytest.mark.usefixtures("_folder")
def test_a_resumed_run_says_what_was_there_before() -> None:
    main(["predict", "in/series", "--csv", "a.csv"])
    main(["predict", "in", "--csv", "a.csv", "--resume"])
    counts = json.loads(Path("a.csv.run.json").read_text())["counts"]
    assert (counts["slices"], counts["slices_of_earlier_runs"]) == (1, 3)
