"""Dockerfile, compose.yaml, systemd units and the example configuration."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from brain_tumor.configuration import ModelSettings, describe_settings, read_configuration, to_settings
from brain_tumor.dicom_node.settings import ArchiveTls, Destination, NodeSettings, NodeTls, Sender
from brain_tumor.service.settings import SECTION, ServiceSettings, read_service_settings
from tests.dockerfile import Image, build, instructions
from tests.factories import png_bytes
from tests.waiting import wait_until
from tools.ports import free_port

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXAMPLE = ROOT / "deploy/brain-tumor.toml"
UNITS = sorted((ROOT / "deploy").glob("*.service"))
NOBODY = 65532


# Of the environment, which need not be active; it has no wheel for some systems.
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


@pytest.mark.skipif(not HADOLINT, reason="hadolint is not installed")
def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run([str(HADOLINT), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_both_stages_have_one_base_that_a_digest_can_take_the_place_of() -> None:
    found = list(instructions(DOCKERFILE))
    assert [rest for name, rest in found if name == "ARG"] == ["BASE_IMAGE=python:3.13-slim-bookworm"]
    assert [rest for name, rest in found if name == "FROM"] == ["${BASE_IMAGE} AS build", "${BASE_IMAGE}"]


def test_the_image_runs_as_nobody_checks_itself_and_installs_by_hash() -> None:
    found = list(instructions(DOCKERFILE))
    names = [name for name, _ in found]
    assert found[-names[::-1].index("USER") - 1][1] == f"{NOBODY}:{NOBODY}"
    assert "RUN" not in names[len(names) - names[::-1].index("FROM") :]  # the last stage only copies
    assert [rest for name, rest in found if name == "HEALTHCHECK"]
    installs = [part for name, rest in found if name == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert installs and all("--require-hashes" in install or "--no-index" in install for install in installs)


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt"])
def test_the_image_s_versions_are_those_of_the_lock(name: str) -> None:
    locked = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    pinned = re.findall(
        r"(?m)^([a-zA-Z0-9][\w.-]*(?:\[\w+\])?==\S+)", (ROOT / "deploy" / name).read_text(encoding="utf-8")
    )
    assert pinned and [item for item in pinned if f"\n{item}" not in locked] == []


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Every step of the Dockerfile, done in a folder that others may enter, as an image's user must."""
    if os.name != "posix":
        pytest.skip("an image of Linux")
    with tempfile.TemporaryDirectory(prefix="brain-tumor-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        (folder / "bin/python").symlink_to(sys.executable if sys.prefix == sys.base_prefix else _base_python())
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment = kept | {"PATH": f"{folder / 'bin'}:{kept['PATH']}", "HOME": name}
        # The image compiles what it installs; here that would take longer than to compile what is imported.
        yield build(ROOT, folder / "root", environment | {"PIP_NO_COMPILE": "1"})


def _base_python() -> str:
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")


def _start(image: Image, command: list[str], folder: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """A command as the image runs it: as its user where that is possible, with one folder to write to."""
    program = shutil.which(command[0], path=image.environment["PATH"])
    assert program, command
    # The base image's Python is for all; this computer's may lie in a folder of root's.
    is_root = os.geteuid() == 0 and _is_for_all(Path(sys.base_prefix))
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [program, *command[1:]],
            cwd=f"{image.root}{image.folder}",
            env={**image.environment, "HOME": str(folder), "TMPDIR": str(folder), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            user=NOBODY if is_root else None,
            group=NOBODY if is_root else None,
            extra_groups=[] if is_root else None,
        )


def _is_for_all(path: Path) -> bool:
    return all(item.stat().st_mode & 0o001 for item in (path, *path.parents))


def _check(image: Image, address: str) -> int:
    environment = {**image.environment, "BRAIN_TUMOR_HEALTH_URL": address}
    program = shutil.which(image.healthcheck[0], path=image.environment["PATH"])
    return subprocess.run(
        [str(program), *image.healthcheck[1:]], env=environment, capture_output=True, check=False
    ).returncode


def _wait(image: Image, process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    def healthy() -> bool:
        assert process.poll() is None, said()
        return _check(image, address) == 0

    def said() -> str:
        return log.read_text(errors="replace")

    wait_until(healthy, said, 240)


def _files(image: Image) -> set[str]:
    return {str(path) for path in image.root.rglob("*")}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_step_of_the_dockerfile_can_be_done_and_the_service_runs(image: Image) -> None:
    assert image.steps[-1].startswith("CMD")
    before = _files(image)
    assert {path.name for path in Path(f"{image.root}/app").iterdir()} == {
        ".streamlit",
        "app.py",
        "docs",
        "healthcheck.py",
        "page",
        "samples",
    }
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        command = [*image.entrypoint, *image.command, "--port", str(port)]
        command[command.index("0.0.0.0")] = "127.0.0.1"  # noqa: S104 - not from a test
        address = f"http://127.0.0.1:{port}/health/ready"
        assert _check(image, address) != 0
        process = _start(image, command, folder)
        try:
            _wait(image, process, address, folder / "log")
            answer = httpx.post(f"http://127.0.0.1:{port}/v1/classify", files={"files": png_bytes()}, timeout=240)
            assert len(answer.json()["slices"]) == 1
        finally:
            process.terminate()
            assert process.wait(240) == 0
    assert _files(image) == before  # so a read-only file system is enough


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_runs_from_the_same_image(image: Image) -> None:
    page = _compose()["services"]["page"]
    before = _files(image)
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        command = [*page["entrypoint"], *page["command"]]
        command[command.index("8501")] = str(port)
        command[command.index("0.0.0.0")] = "127.0.0.1"  # noqa: S104 - not from a test
        process = _start(image, command, Path(name))
        try:
            address = page["environment"]["BRAIN_TUMOR_HEALTH_URL"].replace("8501", str(port))
            _wait(image, process, address, Path(name) / "log")
            assert "<title>" in httpx.get(f"http://127.0.0.1:{port}/").text
        finally:
            process.terminate()
            process.wait(240)
    assert _files(image) == before


def _compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["service", "page", "dicom-node"])
def test_a_container_can_write_nothing_but_its_temporary_files(name: str) -> None:
    service = _compose()["services"][name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["build"] == "."
    assert service["security_opt"] == ["no-new-privileges:true"]
    (temporary,) = service["tmpfs"]
    assert temporary.startswith("/tmp:size=") and "noexec" in temporary  # noqa: S108 - the container's


def test_nothing_is_published_but_to_this_computer() -> None:
    compose = _compose()
    ports = [port for service in compose["services"].values() for port in service["ports"]]
    assert len(ports) == 5 and all(port.startswith("127.0.0.1:") for port in ports)
    assert "${ORTHANC_PASSWORD:?" in compose["services"]["orthanc"]["environment"]["ORTHANC__REGISTERED_USERS"]


def test_a_container_s_settings_are_accepted_and_it_stops_after_it_has_drained() -> None:
    service = _compose()["services"]["service"]
    found = read_service_settings({}, service["environment"])
    assert str(found.api_key_file) == "/run/secrets/api-key"
    assert int(service["stop_grace_period"].removesuffix("s")) > found.drain_timeout_s
    size_gib = int(re.findall(r"size=(\d+)g", service["tmpfs"][0])[0])
    assert size_gib * 1024 > found.max_stored_mib


def test_the_node_beside_orthanc_has_a_configuration_and_a_place_for_what_waits() -> None:
    compose = _compose()
    node, orthanc = compose["services"]["dicom-node"], compose["services"]["orthanc"]
    source, target, mode = node["volumes"][0].split(":")
    assert node["command"] == ["dicom-node", "--config", target] and mode == "ro"
    found = to_settings(NodeSettings, "dicom-node", read_configuration(ROOT / source), {})
    assert node["volumes"][1] == f"node:{found.folder}" and f"/build/state {found.folder}" in DOCKERFILE
    (modality,) = json.loads(orthanc["environment"]["ORTHANC__DICOM_MODALITIES"]).values()
    assert modality == [found.ae_title, "dicom-node", found.port]
    title = orthanc["environment"]["ORTHANC__DICOM_AET"]
    assert [sender.ae_title for sender in found.senders] == [title] == [found.destination.ae_title]
    assert (found.destination.host, found.destination.port) == ("orthanc", 4242)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_one_that_systemd_takes(unit: Path, tmp_path: Path) -> None:
    text = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(encoding="utf-8"))
    (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_s_unit_waits_until_it_has_drained() -> None:
    (unit,) = (unit for unit in UNITS if unit.name == "brain-tumor.service")
    (limit_s,) = re.findall(r"TimeoutStopSec=(\d+)", unit.read_text(encoding="utf-8"))
    assert int(limit_s) > ServiceSettings().drain_timeout_s


def test_the_node_s_unit_keeps_its_folder() -> None:
    (unit,) = (unit for unit in UNITS if unit.name == "brain-tumor-node.service")
    (name,) = re.findall(r"StateDirectory=(\S+)", unit.read_text(encoding="utf-8"))
    assert f'folder = "/var/lib/{name}"' in (ROOT / "docs/hospital.md").read_text(encoding="utf-8")


def test_the_node_of_the_documentation_and_its_archive_know_each_other() -> None:
    text = textwrap.dedent((ROOT / "docs/hospital.md").read_text(encoding="utf-8"))
    (toml,) = re.findall(r"(?s)node\.toml <<'END'\n(.*?)\n    END\n", text)
    found = to_settings(NodeSettings, "dicom-node", tomllib.loads(textwrap.dedent(toml)), {})
    assert f'"brain-tumor" : [ "{found.ae_title}", "127.0.0.1", {found.port} ]' in text
    assert f"echoscu -aet {found.senders[0].ae_title} -aec {found.ae_title} 127.0.0.1 {found.port}" in text
    (unit,) = (unit for unit in UNITS if unit.name == "brain-tumor-node.service")
    assert "--config /etc/brain-tumor/node.toml" in unit.read_text(encoding="utf-8")


def test_nginx_takes_what_the_service_takes_and_waits_longer() -> None:
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    settings = ServiceSettings()
    assert int(re.findall(r"client_max_body_size (\d+)m", text)[0]) > settings.max_request_mib
    assert int(re.findall(r"proxy_read_timeout (\d+)s", text)[0]) > settings.answer_timeout_s


def test_the_example_says_every_default_and_nothing_else() -> None:
    tables = read_configuration(EXAMPLE)
    assert read_service_settings(tables, {}) == ServiceSettings()
    assert to_settings(ModelSettings, "model", tables, {}) == ModelSettings()
    # With what is commented out, every key is there.
    whole = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", EXAMPLE.read_text(encoding="utf-8")))
    assert set(whole[SECTION]) == {field.name for field in fields(ServiceSettings)}
    assert set(whole["model"]) == {field.name for field in fields(ModelSettings)}


def test_the_documentation_s_table_is_that_of_the_settings() -> None:
    text = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    tables: tuple[tuple[str, type[Any]], ...] = (
        ("model", ModelSettings),
        (SECTION, ServiceSettings),
        ("dicom-node", NodeSettings),
        ("dicom-node.senders", Sender),
        ("dicom-node.destination", Destination),
        ("dicom-node.destination.tls", ArchiveTls),
        ("dicom-node.tls", NodeTls),
    )
    for section, kind in tables:
        for key, default, about in describe_settings(kind):
            assert f"| `{section}.{key}` | `{default}` | {about} |" in text, key
