from pathlib import Path

import pytest

from tests.dicom_out.objects import HEAD
from tests.mr_series import write_series


@pytest.fixture
def tumor(tmp_path: Path) -> list[Path]:
    """A series of five slices, each a clear glioma with a location."""
    return write_series(tmp_path / "in", [HEAD] * 5, name="mapped")
