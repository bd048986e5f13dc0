"""The documentation: links that lead somewhere, an API reference that is complete, a site without warnings."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

import brain_tumor

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / name / "README.md" for name in ("benchmarks", "networks", "samples")),
    ]
)
# [text](target) and ![text](target); what has a scheme or stays on the page is no file.
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
# The same with the heading that it leads to, on this page or another one.
TO_HEADING = re.compile(r"\]\((?!\w+:)([^)#\s]*)#([^)\s]+)\)")
# A tag's attribute that a browser follows without being asked. Links to other pages (<a href>) it does not follow.
FETCHED = {"src", "srcset", "poster", "data", "action"}


def module_names() -> set[str]:
    """Every module of both packages that is not private."""
    files = [file for file in (ROOT / "src").rglob("*.py") if not file.name.startswith("_")]
    return {".".join(file.relative_to(ROOT / "src").with_suffix("").parts) for file in files}


def documented() -> list[str]:
    """The modules that the pages of the API reference name, in their order."""
    pages = sorted((DOCS / "api").glob("*.rst"))
    return [name for page in pages for name in re.findall(r"automodule:: (\S+)", page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_of_a_page_leads_to_a_file(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def headings(page: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_heading_leads_to_that_heading(page: Path) -> None:
    links = TO_HEADING.findall(page.read_text(encoding="utf-8"))
    pages = [(page.parent / target if target else page, heading) for target, heading in links]
    assert [heading for target, heading in pages if target.suffix == ".md" and heading not in headings(target)] == []


def test_every_module_stands_once_in_the_api_reference() -> None:
    described = Counter(documented())
    # A command line is described by its --help.
    commands = {name for name in module_names() if re.match(r"brain_tumor(_training)?\.(cli$|commands\.)", name)}
    missing = module_names() - set(described) - commands
    assert not missing, f"give them a place on a page of docs/api: {', '.join(sorted(missing))}"
    assert [name for name, times in described.items() if times > 1 or name not in module_names()] == []


def test_every_name_of_the_packages_front_is_in_the_overview() -> None:
    overview = (DOCS / "api/index.md").read_text(encoding="utf-8")
    assert [name for name in brain_tumor.__all__ if f".{name}`" not in overview] == []


def test_the_tutorial_is_committed_without_outputs() -> None:
    cells = json.loads((DOCS / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; building it runs the tutorial, and a warning fails."""
    for library in ("myst_nb", "furo", "tensorflow"):
        pytest.importorskip(library, reason="the site needs the extras docs and train")
    folder = tmp_path_factory.mktemp("site")
    # Outside the checkout, and with the doctrees apart, so that nothing of an earlier build is taken over.
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    command += ["-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    mine = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    done = subprocess.run(command, cwd=ROOT, env=mine, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return folder / "html"


class Resources(HTMLParser):
    """Collects what a browser fetches by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fetched = FETCHED | ({"href"} if tag == "link" else set())
        self.found += [value for name, value in attrs if name in fetched and value]


@pytest.mark.slow
def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        assert [item for item in resources.found if re.match(r"\w+://|//", item)] == [], page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(\w+://|//)|@import", sheet.read_text(encoding="utf-8")), sheet.name


@pytest.mark.slow
def test_the_front_page_links_to_pages_of_the_site(site: Path) -> None:
    front = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="model-card.html"' in front
    assert 'href="contributing.html"' in front


@pytest.mark.slow
def test_a_fields_comment_is_its_description(site: Path) -> None:
    assert "from row to row, from column to column; None where unknown" in (site / "api/input.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_the_tutorials_answers_are_on_the_site(site: Path) -> None:
    tutorial = (site / "tutorial.html").read_text(encoding="utf-8")
    assert "data:image/png" in tutorial or "_images/" in tutorial
    assert "not a brain MRI" in tutorial or "not_a_brain_mri" in tutorial
