"""What is installed: requirements.txt alone as by a host, and constraints.txt with the package and its extras."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tools.ports import free_port

ROOT = Path(__file__).parents[1]
MODEL_FILE = "brain_tumor_model_lite.tfliteA"
START_LIMIT_S = 180


def installs(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that makes an environment or builds a wheel."""
    marked: Callable[..., None] = pytest.mark.slow(pytest.mark.timeout(600)(test))
    return marked


def test_the_constraints_are_the_versions_of_the_whole_lock() -> None:
    locked = re.findall(r"(?m)^[A-Za-z0-9].*?(?= *\\?$)", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8"))
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == locked
    assert len(locked) > 100


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git holds or would hold, without the environment and results that lie around here."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, so there is no list of its files")
    copy = tmp_path_factory.mktemp("host") / "check out"  # a space, as in many a home folder
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def host_python(checkout: Path) -> Path:
    """The interpreter of a new environment that holds requirements.txt and nothing else."""
    environment = checkout.parent / "environment"
    _run([sys.executable, "-m", "venv", str(environment)], checkout)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"], checkout)
    return python


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    # A host knows neither this program's import path nor the settings in a developer's home folder.
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STREAMLIT_"))}
    # Most of what is installed is never imported here, so compiling all of it would only take time.
    return mine | {"HOME": str(folder.parent), "PIP_NO_COMPILE": "1"}


@installs
def test_the_package_comes_from_the_checkout(checkout: Path, host_python: Path) -> None:
    found = _run([str(host_python), "-c", "import brain_tumor; print(brain_tumor.__file__)"], checkout)
    assert Path(found.strip()) == checkout / "src/brain_tumor/__init__.py"


@installs
def test_neither_tensorflow_nor_keras_is_installed(checkout: Path, host_python: Path) -> None:
    listing = _run([str(host_python), "-m", "pip", "list", "--format=freeze"], checkout).lower().split()
    assert any(line.startswith("streamlit==") for line in listing)
    assert [line for line in listing if line.startswith(("tensorflow", "tf-", "keras", "torch"))] == []


@installs
def test_the_page_runs_without_an_exception(checkout: Path, host_python: Path) -> None:
    program = (
        "from streamlit.testing.v1 import AppTest\n"
        "page = AppTest.from_file('app.py', default_timeout=180).run()\n"
        "assert not page.exception, page.exception\n"
    )
    _run([str(host_python), "-c", program], checkout)


@installs
def test_the_server_answers(checkout: Path, host_python: Path) -> None:
    with _page_server(host_python, checkout) as address:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=60) as answer:
            assert answer.read() == b"ok"
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"<title>" in answer.read()


@contextmanager
def _page_server(python: Path, folder: Path) -> Iterator[str]:
    """The address of a running page; the server is stopped at the end, whatever happens."""
    port = free_port()
    command = [str(python), "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    log = folder.parent / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=folder, env=_environment(folder), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_healthy(server, address, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=60)


def _wait_until_healthy(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    def healthy() -> bool:
        assert server.poll() is None, said()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def said() -> str:
        return log.read_text(errors="replace")

    wait_until(healthy, said, START_LIMIT_S)


def _build_wheel(checkout: Path, folder: Path) -> Path:
    # With this environment's own hatchling, which the lock pins to the version that pyproject.toml names.
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    _run([sys.executable, "-m", "pip", "wheel", *options, str(checkout)], checkout)
    return next(folder.glob("*.whl"))


@installs
def test_a_wheel_carries_the_network(checkout: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(_build_wheel(checkout, tmp_path)) as wheel:
        inside = wheel.read(f"brain_tumor/{MODEL_FILE}")
    assert inside == (ROOT / MODEL_FILE).read_bytes()


@installs
def test_no_wheel_is_built_without_the_network(checkout: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(checkout, bare, ignore=shutil.ignore_patterns(MODEL_FILE))
    with pytest.raises(AssertionError, match="brain-tumor-train export"):
        _build_wheel(bare, tmp_path)


@installs
def test_the_package_without_the_page_is_installed_with_the_locked_versions(
    checkout: Path, host_python: Path, tmp_path: Path
) -> None:
    options = ["--quiet", "--dry-run", "--ignore-installed", "--report", str(tmp_path / "report.json")]
    _run(
        [str(host_python), "-m", "pip", "install", *options, "--constraint", "constraints.txt", ".[evaluate]"], checkout
    )
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    found = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in report["install"]}
    assert {"numpy", "scikit-learn", "brain-tumor-mri"} <= set(found)
    assert "streamlit" not in found
    pinned = (checkout / "constraints.txt").read_text(encoding="utf-8")
    assert f"numpy=={found['numpy']}" in pinned


@pytest.fixture(scope="module")
def release(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What would be uploaded to a package index: the sources packed, and the wheel that is built from that pack."""
    folder = tmp_path_factory.mktemp("release")
    _run([sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder)], checkout)
    (sources,) = folder.glob("*.tar.gz")
    with tarfile.open(sources) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return sources, _build_wheel(unpacked, folder)


@installs
def test_a_release_is_one_that_an_index_takes(release: tuple[Path, Path], checkout: Path) -> None:
    said = _run([sys.executable, "-m", "twine", "check", "--strict", *map(str, release)], checkout)
    assert said.count("PASSED") == 2, said


@installs
def test_a_release_s_sources_are_whole_and_nothing_else(release: tuple[Path, Path]) -> None:
    with tarfile.open(release[0]) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for needed in (
        MODEL_FILE,
        "Dockerfile",
        "compose.yaml",
        "deploy/nginx.conf",
        "app.py",
        "tests/test_requirements.py",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith((".git/", "runs", "build", "dist")) or name.endswith(".pyc")]


@installs
def test_a_release_answers_in_a_clean_environment(release: tuple[Path, Path], checkout: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _run([sys.executable, "-m", "venv", str(environment)], tmp_path)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    constraint = ["--constraint", str(checkout / "constraints.txt")]
    _run([str(scripts / "python"), "-m", "pip", "install", "--quiet", *constraint, str(release[1])], tmp_path)
    sample = str(checkout / "samples/1-average-healthy-brain.png")
    said = _run([str(scripts / "brain-tumor"), "predict", sample, "--json"], tmp_path)
    assert json.loads(said)["class"] == "No Tumor"
    done = subprocess.run(
        [str(scripts / "brain-tumor"), "serve"], env=_environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "pip install 'brain-tumor-mri[serve]'" in done.stderr, done.stderr
