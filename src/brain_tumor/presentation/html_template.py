"""The adapter of Jinja: HTML from the templates that lie beside the modules."""

from collections.abc import Callable, Mapping
from importlib.resources import files

from jinja2 import Environment, StrictUndefined


def render_template(package: str, template: str, filters: Mapping[str, Callable[..., str]], **values: object) -> str:
    """A template, filled in.

    Names of files and folders come from outside: everything is escaped, also what filters give.

    Args:
        package: that the template lies in, as Python imports it.
        template: its file's name.
        filters: functions by the names that the template has for them.
        values: what it shows.

    Raises:
        jinja2.UndefinedError: the template names a value that is not given.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= filters
    text = files(package).joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(text).render(**values)
