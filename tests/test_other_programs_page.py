import re
import shutil
from pathlib import Path

import pytest

from brain_tumor.labels import LABELS
from brain_tumor.model.model_file import default_model_path

ROOT = Path(__file__).parents[1]


def test_the_python_example_for_other_programs_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/other-programs.md").read_text(encoding="utf-8")
    example, _check = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    shutil.copy(default_model_path(), tmp_path / "brain_tumor_model_lite.tfliteA")
    shutil.copy(sorted((ROOT / "samples").glob("*.png"))[0], tmp_path / "slice.png")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "other-programs.md", "exec"), {})  # noqa: S102 - our own page
    shown = capsys.readouterr().out
    assert shown == "not a brain MRI, not analysed\n" or shown.startswith(tuple(LABELS))
