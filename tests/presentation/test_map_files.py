import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import BrainTumorError
from brain_tumor.labels import Label
from brain_tumor.presentation.map_files import MapFolder
from brain_tumor.presentation.wording import MAP_EXPLANATIONS, NOTICE
from tests.disk import interrupt_renames
from tests.factories import make_mapped_result, make_result, make_saliency


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "maps"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write(folder: Path, *names: str) -> list[str]:
    maps = MapFolder(folder, 0.5)
    for name in names:
        maps.write(make_mapped_result(name=name))
    return files(folder)


def test_each_map_has_a_file_with_its_own_name(folder: Path) -> None:
    assert write(folder, "slice.jpg") == ["slice.location.png", "slice.saliency.png"]


def test_equal_names_in_different_folders_stay_apart(folder: Path) -> None:
    assert len(write(folder, "a/1.png", "b/1.png")) == 4
    assert files(folder)[0] == "a/1.location.png"


def test_equal_names_with_different_endings_get_a_number(folder: Path) -> None:
    found = write(folder, "1.jpg", "1.png", "1.bmp")
    assert [name for name in found if "location" in name] == ["1-2.location.png", "1-3.location.png", "1.location.png"]


def test_a_path_that_leads_elsewhere_stays_inside_the_folder(folder: Path, tmp_path: Path) -> None:
    write(folder, "../../1.png", str(tmp_path / "x/2.png"))
    assert "1.saliency.png" in files(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["maps"]


def test_the_picture_is_as_large_as_the_scan_and_says_what_it_is(folder: Path) -> None:
    write(folder, "1.png")
    for kind, explanation in MAP_EXPLANATIONS.items():
        with Image.open(io.BytesIO((folder / f"1.{kind}.png").read_bytes())) as image:
            assert image.size == (64, 64)
            assert (image.info["Description"], image.info["Disclaimer"]) == (explanation, NOTICE)


def test_strength_reaches_the_picture(folder: Path) -> None:
    MapFolder(folder, 0.0).write(make_result(name="1.png", saliency=make_saliency()))
    pixels = np.asarray(Image.open(folder / "1.saliency.png"))
    assert (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all()


def test_an_image_that_was_not_analysed_leaves_no_file(folder: Path) -> None:
    rejected = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)
    maps = MapFolder(folder, 0.5)
    maps.write(make_mapped_result(rejected))
    assert not folder.exists()
    assert maps.summary() == ["No heat maps written."]


def test_the_summary_counts_each_kind_and_explains_it(folder: Path) -> None:
    maps = MapFolder(folder, 0.5)
    maps.write(make_mapped_result())
    maps.write(make_mapped_result(Verdict(Label.NO_TUMOR, Status.CLASSIFIED, None)))
    assert maps.summary() == [f"Heat maps written to {folder}: 2 saliency, 1 location.", *MAP_EXPLANATIONS.values()]


def test_a_model_without_maps_is_said_plainly(folder: Path) -> None:
    maps = MapFolder(folder, 0.5)
    maps.write(make_result())
    assert maps.summary() == ["No heat maps written. This model file has no heat maps."]
    assert not folder.exists()


def test_a_model_with_one_map_is_said_plainly(folder: Path) -> None:
    maps = MapFolder(folder, 0.5)
    maps.write(make_result(saliency=make_saliency()))
    assert maps.summary()[0] == (
        f"Heat maps written to {folder}: 1 saliency, 0 location. This model file has no location map."
    )


def test_an_empty_folder_is_filled(folder: Path) -> None:
    folder.mkdir()
    assert len(write(folder, "1.png")) == 2


def test_a_folder_that_holds_something_is_refused(folder: Path) -> None:
    write(folder, "1.png")
    with pytest.raises(BrainTumorError, match="not an empty folder"):
        MapFolder(folder, 0.5)


def test_a_file_in_the_folder_s_place_is_refused(folder: Path) -> None:
    folder.write_bytes(b"")
    with pytest.raises(BrainTumorError, match="not an empty folder"):
        MapFolder(folder, 0.5)


def test_a_place_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    maps = MapFolder(tmp_path / "file" / "maps", 0.5)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BrainTumorError, match="heat maps cannot be written"):
        maps.write(make_mapped_result())


def test_an_interrupted_file_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_renames(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write(folder, "1.png")
    assert files(folder) == []


def test_slices_of_one_file_are_distinguished_by_their_numbers(tmp_path: Path) -> None:
    folder = MapFolder(tmp_path / "maps", 0.5)
    for number in (3, 12):
        folder.write(replace(make_mapped_result(name="scan.nii"), slice_number=number))
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == [
        "scan-slice-12.location.png",
        "scan-slice-12.saliency.png",
        "scan-slice-3.location.png",
        "scan-slice-3.saliency.png",
    ]
