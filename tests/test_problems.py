"""The words for each problem, and that every error brings the facts that they speak of."""

import ast
import re
from pathlib import Path

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.formats import FORMATS, Kind
from brain_tumor.input.sop_classes import OTHER_OBJECTS
from brain_tumor.problems import ACCEPTED, Fact, Problem, describe_problem

SOURCE = Path(__file__).parents[1] / "src"
# What stands in for each fact; the words give numbers their decimals.
FACTS: dict[str, Fact] = {
    "wanted": 7,
    "command": "pip install 'brain-tumor-mri[formats]'",
    **dict.fromkeys(("found", "format", "plane"), "X"),
    **dict.fromkeys(("announced", "depth", "limit", "limit_gib", "limit_mib", "limit_millions", "slices"), 7),
    **dict.fromkeys(("high", "low", "packed_mib", "size_gib", "size_mib"), 7),
    "kind": "pdf",
}


def gaps(problem: Problem) -> set[str]:
    return set(re.findall(r"\{(\w+)", problem.words))


def raised() -> list[tuple[str, Problem, set[str]]]:
    """Where each ScanError is made by name, and which facts it is given."""
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ScanError" and len(node.args) == 2:
                what = ast.unparse(node.args[1])
                if what.startswith("Problem."):
                    facts = {str(keyword.arg) for keyword in node.keywords}
                    found.append((f"{path.name}:{node.lineno}", Problem[what.removeprefix("Problem.")], facts))
    return found


@pytest.mark.parametrize("problem", Problem)
def test_the_words_say_what_to_do_next(problem: Problem) -> None:
    words = describe_problem(problem, **{name: FACTS[name] for name in gaps(problem)})
    assert re.search("; .|read: .|reads .", words), words
    assert not words.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) and not words.endswith("."), words


def test_every_error_brings_the_facts_that_its_words_need() -> None:
    assert [(index, problem) for index, problem, facts in raised() if facts != gaps(problem)] == []


def test_every_problem_occurs() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    assert [problem for problem in Problem if f"Problem.{problem.name}" not in source] == []


@pytest.mark.parametrize(
    ("problem", "facts", "words"),
    [
        (Problem.EMPTY, {}, "the file is empty; export the image again"),
        (Problem.SEVERAL_FRAMES, {}, "holds several frames, one is needed; save the slice you mean as its own file"),
        (
            Problem.SEVERAL_SLICES,
            {"found": 3},
            "holds 3 slices, one image is needed here; "
            "'brain-tumor predict', and in Python open_paths(), read them all",
        ),
        (
            Problem.TOO_MANY_PIXELS,
            {"found": "6000 x 5000", "limit_millions": 25},
            "has 6000 x 5000 pixels, at most 25 million are read; give the slice at its own size",
        ),
        (
            Problem.UNSUPPORTED_FORMAT,
            {"kind": "pdf"},
            f"is a PDF document; {ACCEPTED} are read: export the slice as one of them",
        ),
        (
            Problem.VOLUME_TOO_LARGE,
            {"size_gib": 2.049, "found": "9 x 9 x 9", "limit_gib": 1},
            "announces a volume of 2.0 GiB (9 x 9 x 9 voxels), at most 1 GiB are read; crop or downsample it",
        ),
        (
            Problem.NO_IMAGE,
            {"found": None},
            "is a DICOM file without an image (class unknown); images are read: give the image files of the same study",
        ),
    ],
)
def test_the_words_hold_the_facts(problem: Problem, facts: dict[str, str | int | float | None], words: str) -> None:
    assert describe_problem(problem, **facts) == words


def test_every_kind_of_file_or_object_that_is_recognised_has_words() -> None:
    unsupported = [found.name for _, _, found in FORMATS if found.kind is Kind.UNSUPPORTED]
    assert len(unsupported) > 5
    for kind in unsupported:
        assert describe_problem(Problem.UNSUPPORTED_FORMAT, kind=kind)
    for kind in OTHER_OBJECTS.values():
        assert describe_problem(Problem.OTHER_OBJECT, kind=kind)


def test_a_fact_may_hold_any_text() -> None:
    assert str(ScanError("a", Problem.UNREADABLE, found="{x} %s")).startswith("a: cannot be read ({x} %s);")
