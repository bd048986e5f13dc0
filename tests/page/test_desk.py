from itertools import islice

import numpy as np
from nibabel.nifti1 import Nifti1Image

from brain_tumor.input.series import Plane, Series, Slice
from page.desk import Desk, Study, answer_all
from page.uploads import KeptFile, kept_bytes
from tests.factories import make_scan, png_bytes
from tests.scripted import ScriptedClassifier


def study(key: str, slices: int) -> Study:
    stack = tuple(Slice(key, number + 1, make_scan) for number in range(slices))
    return Study(key, key, None, slices, (KeptFile(key, bytes(1000)),), Series(key, stack))


def test_whoever_stops_early_keeps_the_answers_and_does_nothing_twice() -> None:
    desk, classifier = Desk([study("a", 3), study("b", 2)]), ScriptedClassifier()
    work = answer_all(classifier, desk)  # type: ignore[arg-type]
    assert list(islice(work, 4)) == [4, 3, 2, 1]
    work.close()
    assert list(answer_all(classifier, desk)) == [0]  # type: ignore[arg-type]
    assert classifier.calls == ["a", "a", "a", "b", "b"]
    assert [entry.number for entry in desk.entries] == [1, 2, 3, 1, 2]


def test_a_series_has_no_answer_before_its_last_slice() -> None:
    desk = Desk([study("a", 3)])
    work = answer_all(ScriptedClassifier(), desk)  # type: ignore[arg-type]
    next(work)
    assert desk.studies[0].verdict is None
    assert list(work) == [1, 0]
    assert desk.studies[0].verdict is not None


def test_files_go_once_every_slice_is_answered() -> None:
    before, desk = kept_bytes(), Desk([study("a", 2)])
    assert kept_bytes() == before + 1000
    list(answer_all(ScriptedClassifier(), desk))  # type: ignore[arg-type]
    assert kept_bytes() == before


def test_an_opened_volume_is_not_held_before_and_after_its_turn() -> None:
    desk, image = Desk(), Nifti1Image(np.ones((8, 9, 3), np.int16), np.eye(4))  # type: ignore[no-untyped-call]
    desk.open([KeptFile("a.nii", image.to_bytes()), KeptFile("b.nii", image.to_bytes())])
    work = answer_all(ScriptedClassifier(), desk)  # type: ignore[arg-type]
    held = [[study.series is not None for study in desk.studies] for _ in work]
    assert held[0] == [True, False]
    assert held[-1] == [False, False]
    assert all(study.files for study in desk.studies)  # another plane is read from them


def test_more_slices_than_a_page_holds_are_refused_in_words() -> None:
    desk = Desk([study("a", 2000)])
    desk.open([KeptFile("b.png", png_bytes())])
    assert [one.name for one in desk.studies] == ["a"]
    assert desk.notes[0].startswith("b.png: its 1 slices would make 2001, this page holds 2000")


def volume(slices: int = 3) -> KeptFile:
    image = Nifti1Image(np.ones((8, 9, slices), np.int16), np.eye(4))  # type: ignore[no-untyped-call]
    return KeptFile("a.nii", image.to_bytes())


def test_work_that_was_stopped_goes_on_with_the_slices_of_the_new_plane() -> None:
    desk, classifier = Desk(), ScriptedClassifier()
    desk.open([volume()])
    work = answer_all(classifier, desk)  # type: ignore[arg-type]
    next(work)
    work.close()
    desk.turn(desk.studies[0].key, Plane.CORONAL)
    assert list(answer_all(classifier, desk))[-1] == 0  # type: ignore[arg-type]
    (turned,) = desk.studies
    assert (turned.plane, turned.slices, len(turned.entries)) == (Plane.CORONAL, 9, 9)
    assert [entry.position_mm for entry in turned.entries] == list(range(9))


def test_a_plane_with_more_slices_than_there_is_room_for_is_refused_in_words() -> None:
    desk = Desk([study("a", 1992)])
    desk.open([volume()])
    turned = desk.studies[1]
    desk.turn(turned.key, Plane.CORONAL)
    assert (turned.plane, turned.slices) == (Plane.AXIAL, 3)
    assert desk.notes[0].startswith("a.nii, coronal: its 9 slices would make 2001")
