import argparse
from pathlib import Path

import pytest

from brain_tumor.arguments import check_found, choice, positive, to_class_names
from brain_tumor.errors import BrainTumorError
from brain_tumor.input.series import Plane
from brain_tumor.labels import Label
from tests.factories import png_bytes


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", ""])
def test_what_is_no_number_above_0_is_refused(text: str) -> None:
    assert positive("12") == 12
    with pytest.raises(argparse.ArgumentTypeError, match="not a whole number above 0"):
        positive(text)


def test_a_choice_names_what_there_is() -> None:
    assert choice(Plane)("axial") is Plane.AXIAL
    with pytest.raises(argparse.ArgumentTypeError, match="'oblique' is none of axial, coronal, sagittal"):
        choice(Plane)("oblique")


def test_of_two_meanings_of_one_name_the_last_counts() -> None:
    names = to_class_names([("mass", "glioma"), ("mass", "meningioma"), ("other", "leave-out")])
    assert names.meanings == {"mass": Label.MENINGIOMA, "other": None}


def test_a_meaning_that_is_no_class_is_refused() -> None:
    with pytest.raises(BrainTumorError, match="'stroke' is none of"):
        to_class_names([("mass", "stroke")])


def test_a_folder_without_images_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(BrainTumorError, match=r"no images found: 'x'; left out: 1 file, no images \(1 .txt\)"):
        check_found([str(tmp_path)], (), "'x'")
    (tmp_path / "a.png").write_bytes(png_bytes())
    check_found([str(tmp_path)], (), "'x'")
