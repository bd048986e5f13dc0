"""Does what a Dockerfile says without a container engine, as far as that goes.

Each stage is a folder at one and the same path, so that what a build writes down about its own place stays true; what
is done there is done with this computer's Python in place of the base image. FROM's image, users and the network's
limits are therefore not tried; every COPY and every RUN is.
"""

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

# Absolute paths of the image; anything else that begins with a slash is this computer's, /dev/null for one.
_IMAGE_PATHS = re.compile(r"(?<![\w.:/])/(?:opt|app|build|var/lib)\b")


@dataclass
class Image:
    """What a Dockerfile's last stage leaves."""

    root: Path
    folder: PurePosixPath = field(default_factory=lambda: PurePosixPath("/"))  # WORKDIR
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)  # that were done

    def inside(self, text: str) -> str:
        """A text of the Dockerfile with the image's paths as this computer knows them."""
        return _IMAGE_PATHS.sub(lambda match: f"{self.root}{match[0]}", text)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile, each with its words on one line."""
    joined = re.sub(r"\\\n\s*", "", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        yield name.upper(), rest.strip()


def build(context: Path, root: Path, environment: Mapping[str, str]) -> Image:
    """Do it all.

    Args:
        context: the folder with Dockerfile and .dockerignore.
        root: where each stage is built; it does not exist yet.
        environment: of the commands.
    """
    stages: dict[str, Path] = {}
    accepted = _to_rules((context / ".dockerignore").read_text(encoding="utf-8"))
    image, name = Image(root), ""
    for instruction, rest in instructions((context / "Dockerfile").read_text(encoding="utf-8")):
        if instruction == "FROM":
            if name:
                stages[name] = root.rename(root.with_name(f"{root.name}-{name}"))
            name = rest.partition(" AS ")[2] or "last"
            root.mkdir()
            image = Image(root)
        elif instruction == "COPY":
            _copy(image, shlex.split(rest), context, stages, accepted)
        elif instruction == "RUN":
            folder = Path(f"{root}{image.folder}")
            subprocess.run(
                ["sh", "-ec", image.inside(rest)], cwd=folder, env={**environment, **image.environment}, check=True
            )
        else:
            _configure(image, instruction, rest)
        image.steps.append(f"{instruction} {rest}")
    return image


def _configure(image: Image, instruction: str, rest: str) -> None:
    if instruction == "WORKDIR":
        image.folder /= rest
        Path(f"{image.root}{image.folder}").mkdir(parents=True, exist_ok=True)
    elif instruction == "ENV":
        pairs = (word.partition("=")[::2] for word in shlex.split(rest))
        path = os.environ.get("PATH", "")
        image.environment |= {key: image.inside(value).replace("$PATH", path) for key, value in pairs}
    elif instruction == "USER":
        image.user = rest
    elif instruction in ("ENTRYPOINT", "CMD"):
        words = _exec_form(rest)
        if instruction == "ENTRYPOINT":
            image.entrypoint = words
        else:
            image.command = words
    elif instruction == "HEALTHCHECK":
        image.healthcheck = [image.inside(word) for word in _exec_form(rest.partition(" CMD ")[2])]
    elif instruction not in ("ARG", "EXPOSE"):
        raise ValueError(f"{instruction} is not known here")


def _exec_form(text: str) -> list[str]:
    """A command that no shell stands in front of, so that signals reach it."""
    return [str(word) for word in re.findall(r'"((?:[^"\\]|\\.)*)"', text)] if text.startswith("[") else []


def _copy(
    image: Image, words: list[str], context: Path, stages: Mapping[str, Path], accepted: list[tuple[bool, str]]
) -> None:
    source = context
    while words[0].startswith("--"):
        option, _, value = words.pop(0).partition("=")
        if option == "--from":
            source = stages[value]
        elif option != "--chown":
            raise ValueError(f"{option} is not known here")
    *names, last = words
    target = Path(f"{image.root}{image.folder / last}")
    for name in names:
        here = source / name.lstrip("/")
        if here.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            files = [path for path in here.rglob("*") if not path.is_dir() or path.is_symlink()]
            pairs = [(path, target / path.relative_to(here)) for path in files]
        else:
            pairs = [(here, target / here.name if last.endswith("/") else target)]
        for path, copy in pairs:
            if source is context and not _is_sent(path.relative_to(context).as_posix(), accepted):
                if path == here:
                    raise FileNotFoundError(f"{name} is left out by .dockerignore")
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source is context or path.is_symlink():
                shutil.copy2(path, copy, follow_symlinks=False)
            else:
                copy.hardlink_to(path)  # nothing changes a stage that is done, so its files need no copies


def _to_rules(text: str) -> list[tuple[bool, str]]:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.startswith("!"), line.removeprefix("!")) for line in lines]


def _is_sent(path: str, rules: list[tuple[bool, str]]) -> bool:
    """Whether .dockerignore lets a file through: the last rule that fits it, or a folder around it, decides."""
    parts = PurePosixPath(path).parts
    folders = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    is_sent = True
    for sends, pattern in rules:
        found = folders if not pattern.startswith("**/") else list(parts)
        if any(fnmatch.fnmatchcase(item, pattern.removeprefix("**/")) for item in found):
            is_sent = sends
    return is_sent
