"""How Sphinx builds the site: `make docs`. Nothing is fetched, neither now nor by the pages when they are read."""

import builtins
import os
import re
import sys
from enum import Enum
from importlib import metadata
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any, Generic, TypeVar

import numpy.typing as npt
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

# TensorFlow, which the pages on training load, logs much unless this is set.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
sys.path[:0] = [str(ROOT), str(SOURCE)]
# The tutorial runs in a program of its own, on the same sources.
os.environ["PYTHONPATH"] = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)

project = "brain-tumor-mri"
author = "The brain-tumor-mri authors"
release = metadata.version(project)
copyright = author  # noqa: A001 - Sphinx reads this name

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["**.ipynb_checkpoints"]
nitpicky = True
# Types of others: their pages are not looked up, since a build needs no network.
# ... and type variables, which have no text.
nitpick_ignore_regex = [
    ("py:.*", r"(?!brain_tumor).*"),
    ("py:class", r".*\.(Answer|ChoiceT|Found|Item|Number|Read|RecipeT|SettingsT)"),
]
default_role = "code"  # what single backticks mean in Markdown, and so in docstrings
highlight_language = "text"
maximum_signature_line_length = 100

html_theme = "furo"
html_title = project
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it fetches pages, which a site that is opened from a disk may not
pygments_style, pygments_dark_style = "friendly", "github-dark"

myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_output_stderr = "error"  # a warning in the tutorial is one of the build
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # by default fetched from elsewhere

# What has no text has no entry: the signature above it says as much.
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_inherit_docstrings = False
autoclass_content = "both"
napoleon_numpy_docstring = False

Element = TypeVar("Element")


class NDArray(Generic[Element]):
    """Stands in for NumPy's, which spells itself ``ndarray[tuple[Any, ...], dtype[float32]]`` in signatures."""

    __module__ = "numpy.typing"


npt.NDArray = NDArray  # type: ignore[assignment]

# Pages that lie elsewhere in the repository, where its visitors look for them, and those that include them here.
ELSEWHERE = {
    "README.md": "docs/index.md",
    "CONTRIBUTING.md": "docs/contributing.md",
    "CHANGELOG.md": "docs/changelog.md",
    "benchmarks/README.md": "docs/benchmarks.md",
    "samples/README.md": "docs/samples.md",
}
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")
# The comment on a field or constant.
COMMENT = re.compile(r"(?m)(^ *|  )# (?!noqa|type:)")


def to_site_links(text: str, file: str, page: str) -> str:
    """Relative links of a Markdown file as the page that shows it needs them; both are paths in the repository."""

    def replace(match: re.Match[str]) -> str:
        target = normpath(PurePosixPath(file).parent / match[1])
        return relpath(ELSEWHERE.get(target, target), PurePosixPath(page).parent)

    return LINK.sub(replace, text)


def _on_source(app: Sphinx, docname: str, content: list[str]) -> None:
    page = app.env.doc2path(docname).relative_to(ROOT).as_posix()
    if page.endswith(".md"):
        content[0] = to_site_links(content[0], page, page)


def _on_include(app: Sphinx, path: Path, docname: str, content: list[str]) -> None:
    file = Path(app.srcdir, path).resolve().relative_to(ROOT).as_posix()
    content[0] = to_site_links(content[0], file, app.env.doc2path(docname).relative_to(ROOT).as_posix())


def _on_member(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    # A member of an enumeration says by its value what it is.
    return False if isinstance(thing, Enum) else None


def _on_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    # Nobody calls an enumeration.
    is_enum = isinstance(thing, type) and issubclass(thing, Enum)
    return ("" if is_enum else signature), returns


def _on_doctree(app: Sphinx, doctree: Any) -> None:
    # Sphinx would take the type bytes for a field of that name.
    for reference in [*doctree.findall(pending_xref)]:
        if reference.get("reftarget") in dir(builtins):
            reference.replace_self(reference.children)


def setup(app: Sphinx) -> None:
    """Connect this house's Markdown and docstrings to Sphinx."""
    for path in SOURCE.rglob("*.py"):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        # Sphinx takes comments for documentation that begin with #: only.
        source = COMMENT.sub(r"\1#: ", path.read_text(encoding="utf-8"))
        analyzer = ModuleAnalyzer.for_string(source, module, path)
        ModuleAnalyzer.cache["module", module] = analyzer
    app.connect("source-read", _on_source)
    app.connect("include-read", _on_include)
    app.connect("autodoc-skip-member", _on_member)
    app.connect("autodoc-process-signature", _on_signature)
    app.connect("doctree-read", _on_doctree)
