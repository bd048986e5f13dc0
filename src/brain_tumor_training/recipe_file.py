"""A recipe as a TOML file: what it leaves out is as in the recipe that it changes."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from brain_tumor.configuration import to_dataclass
from brain_tumor.errors import ConfigurationError
from brain_tumor.labels import MAX_NAME_CHARS, is_plain_name
from brain_tumor_training.recipes import FULL_DRAWS, AnyRecipe

# What export puts behind the name, to call the model by.
_DIGEST = "-00000000"

RecipeT = TypeVar("RecipeT", bound=AnyRecipe)


def choose_recipe(given: str, recipes: Mapping[str, RecipeT], options: Mapping[str, Any]) -> RecipeT:
    """The recipe that a command is to train.

    Args:
        given: the name of one of the recipes, or the path of a TOML file, whose keys are a recipe's fields.
        recipes: by name; a file changes the first of them.
        options: fields that the command line sets; they count more than the file.

    Raises:
        ConfigurationError: the name is not known, or the file cannot be read, is no TOML, or has a key or value that
            is not accepted.
    """
    table: dict[str, Any] = {}
    if given.lower().endswith(".toml"):
        recipe, table = _read_file(Path(given), next(iter(recipes.values())))
    elif given in recipes:
        recipe = recipes[given]
    else:
        known = ", ".join(recipes)
        raise ConfigurationError(f"--recipe {given}: is not known; give {known}, or the path of a TOML file")
    said = {**table, **options}
    meant = {name: value for name, value in _find_consequences(said).items() if name not in said}
    return replace(recipe, **options, **meant)


def render_recipe(recipe: AnyRecipe) -> str:
    """All fields of a recipe as TOML, which choose_recipe reads; fields that are None are left out."""
    return "".join(_render_table(_as_toml(recipe), "")).lstrip("\n")


def _read_file(path: Path, base: RecipeT) -> tuple[RecipeT, dict[str, Any]]:
    """The recipe of a file, and what the file itself says."""
    table = _read_table(path)
    try:
        recipe = to_dataclass(type(base), _merge(_as_toml(base), table), str(path))
    except ValueError as error:  # of the input contract
        raise ConfigurationError(f"{path}: input: {error} is not accepted") from None
    if not is_plain_name(f"{recipe.name}{_DIGEST}"):
        raise ConfigurationError(
            f"{path}: name {recipe.name[:MAX_NAME_CHARS]!r} is not accepted; give at most "
            f"{MAX_NAME_CHARS - len(_DIGEST)} letters, digits, blanks and dashes, as models are called by it"
        )
    return recipe, table


def _read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}); give a recipe's name or file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML ({error}); write a recipe's fields as in epochs = 20") from None


def _find_consequences(said: Mapping[str, Any]) -> dict[str, Any]:
    """What people mean by what they ask for, where they do not say otherwise."""
    meant: dict[str, Any] = {}
    if said.get("early_stopping") is not None:
        meant["keep"] = "best"
    if said.get("augment") == "full":
        meant["brightness_draws"] = FULL_DRAWS
    return meant


def _as_toml(recipe: AnyRecipe) -> dict[str, Any]:
    """Fields in the types that TOML has, which are JSON's without null."""
    return _without_none(json.loads(json.dumps(asdict(recipe))))


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def _merge(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the changes; a table inside is changed in turn."""
    merged = dict(table)
    for key, value in changes.items():
        inside = merged.get(key)
        merged[key] = _merge(inside, value) if isinstance(inside, dict) and isinstance(value, Mapping) else value
    return merged


def _render_table(table: Mapping[str, Any], name: str) -> list[str]:
    """Lines of a table: its values first, then the tables inside, as TOML wants them."""
    is_table = {key: isinstance(value, dict) for key, value in table.items()}
    lines = [f"\n[{name}]\n"] if name else []
    lines += [f"{key} = {_render_value(value)}\n" for key, value in table.items() if not is_table[key]]
    for key, value in table.items():
        if is_table[key]:
            lines += _render_table(value, f"{name}.{key}" if name else key)
    return lines


def _render_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_render_value(inside)}" for key, inside in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_render_value, value)) + "]"
    return json.dumps(value)  # whose texts, numbers and truth values are TOML's, too
