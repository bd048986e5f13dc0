"""The promises of docs/security.md that belong to no single module."""

import ast
import hashlib
import io
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brain_tumor.errors import ModelFileError
from brain_tumor.labels import LABELS
from brain_tumor.model.model_file import DEFAULT_NAME, load_model_file
from page.upload_manager import MAX_SERVER_BYTES, MAX_UPLOAD_BYTES
from page.uploads import MAX_FILES
from tests.canaries import grey
from tests.factories import encode
from tests.watched import Watched, run_watched

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "page").glob("*.py"), ROOT / "app.py"])
RUNTIME = [path for path in SOURCES if "brain_tumor_training" not in path.parts]
# What can turn data into code, and what can reach another computer.
CODE = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "jsonpickle",
    "yaml",
    "code",
    "keras",
}
NETWORK = set(
    "socket ssl http urllib urllib3 requests httpx aiohttp ftplib smtplib asyncio pynetdicom dicomweb_client".split()
)
# The modules that talk to archives, and those that take an address apart.
ARCHIVES = {
    "network.py": {"pynetdicom", "ssl"},
    "ray_executor.py": {"socket"},
    "encryption.py": {"ssl"},
    "dicomweb.py": {"requests", "dicomweb_client"},
    "dicomweb_access.py": {"urllib"},
    "object_store.py": {"urllib"},
}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "pd.read_pickle", "pandas.read_pickle"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_turns_data_into_code(path: Path) -> None:
    # Training saves and loads networks of its own in Keras' format; the runtime opens none.
    assert imports(path) & (CODE - ({"keras"} if path not in RUNTIME else set())) == set()
    assert [name for name, _ in calls(path) if name in CALLS] == []
    for name, call in calls(path):
        options = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name in ("np.load", "numpy.load"):
            assert options.get("allow_pickle") == "False"
        assert options.get("shell", "False") == "False"
        assert options.get("safe_mode", "True") == "True"


@pytest.mark.parametrize("path", RUNTIME, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_of_the_runtime_asks_for_a_network(path: Path) -> None:
    # The service answers those who ask; its loop comes from asyncio, its connections from uvicorn. The DICOM node and
    # --dicomweb talk to the archive that is named, --ray to the cluster.
    accepted = {"asyncio"} if path.parent.name == "service" else ARCHIVES.get(path.name, set())
    assert imports(path) & NETWORK - accepted == set()


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn images per class."""
    folder = tmp_path_factory.mktemp("data") / "Testing"
    for index, label in enumerate(LABELS):
        for number in range(2):
            path = folder / label.slug / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(Image.fromarray(grey(10 * index + number)), "PNG"))
    return folder


@pytest.fixture(scope="module", params=["predict", "openvino", "evaluate", "model"])
def watched(request: pytest.FixtureRequest, labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Each command in a program of its own, where permitted in one that has no network at all."""
    if request.param == "openvino" and not find_spec("openvino"):
        pytest.skip("OpenVINO, which is an extra, is not installed")
    folder = tmp_path_factory.mktemp("run") / "here"
    folder.mkdir()
    arguments = {
        "predict": ["predict", str(labelled), "--csv", "out.csv", "--parquet", "out.parquet", "--heatmaps", "maps"],
        "openvino": ["predict", str(labelled), "--engine", "openvino"],
        "evaluate": ["evaluate", str(labelled), "--out", "report"],
        "model": ["model", "info"],
    }[request.param]
    return run_watched(arguments, folder, tmp_path_factory.mktemp("temporary"))


@pytest.mark.slow
def test_every_command_works_without_a_network_and_asks_for_none(watched: Watched) -> None:
    assert watched.status == 0, watched.err
    assert watched.sockets == []


@pytest.mark.slow
def test_no_command_unpickles_anything(watched: Watched) -> None:
    assert watched.unpickled == []


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x80\x04\x95"], ids=["keras", "h5", "pickle"])
def test_a_model_of_a_kind_that_can_run_code_is_refused_unopened(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "model.keras").write_bytes(head + bytes(1000))
    with pytest.raises(ModelFileError, match="is not a TensorFlow Lite file"):
        load_model_file(tmp_path / "model.keras")


def test_the_network_s_file_has_its_published_checksum() -> None:
    line = (ROOT / "SHA256SUMS").read_text(encoding="ascii")
    digest = hashlib.sha256((ROOT / DEFAULT_NAME).read_bytes()).hexdigest()
    assert line == f"{digest}  {DEFAULT_NAME}\n", (
        f"after a change of the network: sha256sum {DEFAULT_NAME} > SHA256SUMS"
    )


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_app_serves_this_computer_only() -> None:
    said = subprocess.run(["make", "--dry-run", "app"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (command,) = (line for line in said.splitlines() if "streamlit run" in line)
    assert '--server.address "127.0.0.1"' in command


def test_the_page_s_configuration_bounds_uploads_and_hides_errors() -> None:
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert config["server"]["maxUploadSize"] * 2**20 == MAX_UPLOAD_BYTES < MAX_SERVER_BYTES
    assert (config["client"]["showErrorDetails"], config["browser"]["gatherUsageStats"]) == ("none", False)
    # Two runs of one session at once would change one session state.
    assert config["runner"]["fastReruns"] is False
    # Streamlit's own protections against other sites' pages are on unless somebody turns them off.
    assert not {"enableXsrfProtection", "enableCORS"} & set(config["server"])
    assert MAX_FILES <= 500 and MAX_SERVER_BYTES <= 256 * 2**20


def rows_of_the_threat_table() -> list[tuple[str, str, str]]:
    lines = (ROOT / "docs/security.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [(row[0], row[1], row[2]) for row in cells[2:]]


@pytest.mark.parametrize(("threat", "control", "tests"), rows_of_the_threat_table())
def test_every_row_of_the_threat_table_names_a_test_that_is_there(threat: str, control: str, tests: str) -> None:
    assert threat and control
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", tests)
    assert named, "name a test, as `tests/test_x.py` or `tests/test_x.py::test_y`"
    for path, function in named:
        assert (ROOT / path).is_file(), path
        assert not function or f"def {function}(" in (ROOT / path).read_text(encoding="utf-8"), function


def test_an_array_file_that_holds_objects_is_not_read() -> None:
    stream = io.BytesIO()
    np.savez(stream, keys=np.array([{"a": 1}], dtype=object))
    stream.seek(0)
    with pytest.raises(ValueError, match="allow_pickle"), np.load(stream, allow_pickle=False) as arrays:
        arrays["keys"]
