"""Docstrings of this house, plain prose, to the reStructuredText that Sphinx reads. Pure functions on text."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

# `literal` or ``literal``, or text between them.
_LITERAL = re.compile(r"(``.+?``|`.+?`)", re.DOTALL)
# A name that prose cannot hold by accident: a function's or constant's underscore, or a class's second capital.
_TELLING = re.compile(r"\b(?:[A-Za-z]\w*_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w*)\b")
# Where a sentence about errors or sources begins, which stands on its own.
_ASIDE = r"Raises(?= [A-Z]\w*Error)|Sources?(?: of [\w ]+)?(?=: )"


def to_rest(docstring: str, parameters: Collection[str], links: Mapping[str, str]) -> str:
    """The docstring with literals, paragraphs, one list item per parameter, and links to what it names.

    parameters: of the documented function; where a sentence begins with some of them and a colon, it is an item.
    links: name to full name, of all that may be linked; only names that cannot be plain words are.
    """
    paragraphs = (re.sub(r"\s*\n\s*", "\n", text) for text in re.split(r"\n\s*\n", docstring.strip()))
    blocks = (block for paragraph in paragraphs for block in _split(paragraph, parameters))
    return "\n\n".join(_to_inline(block, links) for block in blocks) + "\n"


def comments_to_docs(source: str) -> str:
    """A module's source in which the comment on a field or constant is what Sphinx takes for its docstring."""
    return re.sub(r"(?m)(^ *|  )# (?!noqa|type:)", r"\1#: ", source)


def public_names(source: Path) -> dict[str, str]:
    """Name to full name, of each public class, function and commented constant that one module alone defines.

    source: the folder of the packages.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(source.rglob("*.py")):
        module = ".".join(path.relative_to(source).with_suffix("").parts)
        for name in _top_level(path.read_text(encoding="utf-8")):
            if not name.startswith("_"):
                found.setdefault(name, []).append(f"{module}.{name}")
    return {name: places[0] for name, places in found.items() if len(places) == 1}


def _top_level(code: str) -> Iterator[str]:
    lines = ["", *code.splitlines()]
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign) and (lines[node.lineno - 1][:1] == "#" or "  # " in lines[node.lineno]):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _split(paragraph: str, parameters: Collection[str]) -> Iterator[str]:
    """The paragraph's pieces: text, items that begin with a hyphen, and sentences on errors and sources."""
    names = "|".join(map(re.escape, sorted(parameters, key=len, reverse=True))) or "(?!)"
    starts = re.compile(rf"(?:^|(?<=[.;:]\s))(?:(?:{names})(?:, (?:{names}))*: |{_ASIDE})")
    places = [match.start() for match in starts.finditer(paragraph)]
    for begin, end in zip([0, *places], [*places, len(paragraph)], strict=True):
        piece = re.sub(r";$", ".", paragraph[begin:end].strip())
        if not piece:
            continue
        named = re.match(rf"((?:{names})(?:, (?:{names}))*): ", piece)
        if named is None:
            yield piece.replace("\n", " ")
            continue
        about = ", ".join(f"``{name}``" for name in named[1].split(", "))
        # A new line after a full stop speaks of something else again.
        item, *rest = re.split(r"(?<=\.)\n(?=[A-Z])", piece[named.end() :])
        yield f"- {about}: {item}".replace("\n", " ")
        yield from (text.replace("\n", " ") for text in rest)


def _to_inline(text: str, links: Mapping[str, str]) -> str:
    parts = _LITERAL.split(text)
    return "".join(f"``{part.strip('`')}``" if place % 2 else _link(part, links) for place, part in enumerate(parts))


def _link(text: str, links: Mapping[str, str]) -> str:
    pieces, place = [], 0
    for match in _TELLING.finditer(text):
        if target := links.get(match[0]):
            pieces += [_escape(text[place : match.start()]), rf":py:obj:`~{target}`\ "]
            place = match.end()
    return "".join([*pieces, _escape(text[place:])])


def _escape(text: str) -> str:
    # A letter after an underscore keeps it from being a reference's end.
    return re.sub(r"[\\*|]|_(?!\w)", r"\\\g<0>", text)
