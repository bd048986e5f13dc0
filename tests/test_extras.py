import re
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from brain_tumor import extras
from brain_tumor.errors import MissingExtraError
from brain_tumor.extras import install_command, require_extra


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'brain-tumor-mri[train]'"),
        ('{"url": "file:///x/brain_tumor_mri-0.1.0-py3-none-any.whl"}', "pip install 'brain-tumor-mri[train]'"),
        (
            '{"dir_info": {"editable": true}, "url": "file:///x"}',
            "pip install -e '.[train]' in the folder of the source code",
        ),
        ('{"dir_info": {}, "url": "file:///x"}', "pip install '.[train]' in the folder of the source code"),
    ],
)
def test_an_extra_is_installed_from_where_the_package_came(
    monkeypatch: pytest.MonkeyPatch, origin: str | None, command: str
) -> None:
    monkeypatch.setattr(extras, "distribution", lambda _: SimpleNamespace(read_text=lambda _: origin))
    assert install_command("train") == command


def test_sources_that_were_never_installed_name_their_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(extras, "distribution", missing)
    assert install_command("train").startswith("pip install '.[train]'")


def test_what_is_installed_is_not_complained_of() -> None:
    require_extra("a test", "test", "json", "xml.dom")


def test_every_missing_library_is_named_as_people_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("sklearn", "jinja2"):
        monkeypatch.setitem(sys.modules, library, None)
    expected = re.escape(f"evaluate needs scikit-learn and Jinja2: {install_command('evaluate')}")
    with pytest.raises(MissingExtraError, match=expected):
        require_extra("evaluate", "evaluate", "sklearn", "json", "jinja2")


def test_a_library_without_a_specification_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(__spec__=None))
    with pytest.raises(MissingExtraError, match="pandas"):
        require_extra("a table", "pandas", "pandas")
