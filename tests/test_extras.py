from importlib import metadata
from types import SimpleNamespace

import pytest

from brain_tumor import extras
from brain_tumor.extras import install_command


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'brain-tumor-mri[train]'"),
        ('{"url": "file:///x/brain_tumor_mri-0.1.0-py3-none-any.whl"}', "pip install 'brain-tumor-mri[train]'"),
        (
            '{"dir_info": {"editable": true}, "url": "file:///x"}',
            "pip install '.[train]' in the folder of the source code",
        ),
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
