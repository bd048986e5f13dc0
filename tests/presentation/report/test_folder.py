import sys
from pathlib import Path

import pytest

from brain_tumor.errors import BrainTumorError, MissingExtraError
from brain_tumor.input.series import Series
from brain_tumor.presentation.report.folder import ReportFolder
from brain_tumor.presentation.report.render import ReportFormat
from tests.disk import interrupt_renames
from tests.factories import make_card, make_draft, make_mapped_result

CARD = make_card()
HTML = (ReportFormat.HTML,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write(folder: Path, *names: str, show_names: bool = False) -> list[str]:
    reports = ReportFolder(folder, HTML, show_names)
    for name in names:
        reports.write(make_mapped_result(name=name), CARD)
    return files(folder)


def test_reports_are_numbered_so_that_no_name_shows(folder: Path) -> None:
    assert write(folder, "Doe^Jane.png", "Roe^Richard.png") == ["image-1.html", "image-2.html"]
    # Three letters may stand in a picture by chance, all of a name may not.
    assert "Doe^Jane" not in (folder / "image-1.html").read_text(encoding="utf-8")


def test_both_formats_lie_side_by_side(folder: Path) -> None:
    ReportFolder(folder, tuple(ReportFormat), False).write(make_mapped_result(), CARD)
    assert files(folder) == ["image-1.html", "image-1.pdf"]
    assert (folder / "image-1.pdf").read_bytes().startswith(b"%PDF-")


def test_series_have_numbers_of_their_own(folder: Path) -> None:
    reports = ReportFolder(folder, HTML, False)
    reports.write(make_mapped_result(), CARD)
    reports.write_series(*make_draft(3), Series("Doe^Jane", ()), CARD)
    assert files(folder) == ["image-1.html", "series-1.html"]
    assert reports.summary() == f"Reports written to {folder}: 1 of images, 1 of series, as HTML."


def test_names_are_used_when_asked_for(folder: Path) -> None:
    assert write(folder, "a/1.png", "b/1.png", show_names=True) == ["a/1.html", "b/1.html"]
    assert "a/1.png" in (folder / "a/1.html").read_text(encoding="utf-8")


def test_a_series_name_is_used_when_asked_for(folder: Path) -> None:
    ReportFolder(folder, HTML, True).write_series(*make_draft(3), Series("scans/head T1 1.5 mm", ()), CARD)
    assert files(folder) == ["scans/head T1 1.5 mm.html"]


def test_equal_names_with_different_endings_get_a_number(folder: Path) -> None:
    assert write(folder, "1.jpg", "1.png", show_names=True) == ["1-2.html", "1.html"]


def test_a_path_that_leads_elsewhere_stays_inside_the_folder(folder: Path, tmp_path: Path) -> None:
    write(folder, "../../1.png", str(tmp_path / "x/2.png"), show_names=True)
    assert "1.html" in files(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


@pytest.mark.parametrize("name", ["..", "/", "x" * 255, "ü" * 127, ".png"])
def test_an_odd_name_still_gives_a_file(folder: Path, name: str) -> None:
    assert len(write(folder, name, show_names=True)) == 1


def test_a_folder_that_holds_something_is_refused(folder: Path) -> None:
    write(folder, "1.png")
    with pytest.raises(BrainTumorError, match="not an empty folder"):
        ReportFolder(folder, HTML, False)


def test_a_missing_extra_is_reported_before_any_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(MissingExtraError, match="ReportLab"):
        ReportFolder(folder, (ReportFormat.PDF,), False)
    assert not folder.exists()


def test_a_place_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    reports = ReportFolder(tmp_path / "file" / "reports", HTML, False)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BrainTumorError, match="reports cannot be written"):
        reports.write(make_mapped_result(), CARD)


def test_an_interrupted_file_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_renames(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write(folder, "1.png")
    assert files(folder) == []


def test_nothing_written_is_said_plainly(folder: Path) -> None:
    assert ReportFolder(folder, HTML, False).summary() == "No reports written."
    assert not folder.exists()
