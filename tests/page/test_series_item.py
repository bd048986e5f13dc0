import io
import zipfile

import numpy as np
import pytest

from brain_tumor.decision.verdict import Status
from brain_tumor.input.series import Plane, ReadOptions, Series, Slice
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.source_file import SourceFile, refuse
from page import series_item
from page.answering import answer_all
from page.kept_file import KeptFile, kept_bytes, make_room
from page.series_item import to_series_item
from page.session_state import SessionState
from tests.dicom_factory import make_dicom, make_sequence
from tests.dicom_factory import make_item as make_group
from tests.factories import png_bytes
from tests.page.items import make_item, make_volume, unreadable
from tests.scripted import ScriptedClassifier


def answer(state: SessionState) -> None:
    assert list(answer_all(ScriptedClassifier(), state))[-1] == 0  # type: ignore[arg-type]


def two_volumes() -> KeptFile:
    """An archive with a volume of 3 and one of 5 slices."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/first.nii", make_volume("first.nii", 3).read())
        archive.writestr("b/second.nii", make_volume("second.nii", 5).read())
    return KeptFile("both.zip", stream.getvalue())


def test_a_series_has_no_answer_before_its_last_slice() -> None:
    item = make_item("a", 3)
    work = answer_all(ScriptedClassifier(), SessionState([item]))  # type: ignore[arg-type]
    next(work)
    assert item.verdict is None
    assert list(work) == [1, 0]
    assert item.verdict is not None and item.verdict.status is Status.CLASSIFIED


def test_a_single_image_has_no_answer_of_a_series() -> None:
    item = make_item("a", 1)
    answer(SessionState([item]))
    assert item.is_done and item.verdict is None


def test_a_file_may_go_once_every_slice_in_it_is_answered() -> None:
    make_room(0, limit=0)  # what other tests have answered
    before = kept_bytes()
    state, archive = SessionState(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name in ("a.png", "b.png"):
            opened.writestr(name, png_bytes())
    state.open([KeptFile("two.zip", archive.getvalue())])
    work = answer_all(ScriptedClassifier(), state)  # type: ignore[arg-type]
    next(work)
    assert not make_room(1, limit=before)
    assert list(work)[-1] == 0
    assert state.items[0].find_source(0) is not None
    assert make_room(1, limit=before + 1)
    assert kept_bytes() == before
    assert state.items[0].find_source(0) is None


def test_a_volume_that_has_planes_does_not_go_until_it_is_removed() -> None:
    make_room(0, limit=0)
    before, state = kept_bytes(), SessionState()
    state.open([make_volume("a.nii", 3)])
    answer(state)
    assert not make_room(1, limit=before + 1)
    state.remove(state.items[0].key)
    assert kept_bytes() == before


def test_a_slice_of_a_volume_inside_an_archive_is_found_again() -> None:
    state = SessionState()
    state.open([two_volumes()])
    answer(state)
    found = state.items[1].find_source(4)
    assert found is not None and found.name == "both.zip/b/second.nii slice 5"
    assert found.read().pixels.shape == (9, 8)
    assert state.items[1].viewed is not None


def test_only_the_volumes_that_were_looked_at_last_stay_open() -> None:
    state = SessionState()
    state.open([make_volume(f"{number}.nii", 3) for number in range(3)])
    answer(state)
    for item in state.items:
        item.find_source(0)
    assert [item.viewed is not None for item in state.items] == [False, True, True]


def test_a_volume_keeps_its_file_for_other_planes_and_is_open_only_while_it_is_answered() -> None:
    state = SessionState()
    state.open([make_volume("a.nii", 3), make_volume("b.nii", 3)])
    work = answer_all(ScriptedClassifier(), state)  # type: ignore[arg-type]
    is_open = [[item.series is not None for item in state.items] for _ in work]
    assert is_open[0] == [True, False]
    assert is_open[-1] == [False, False]
    assert all(item.files and item.has_planes for item in state.items)


def test_another_plane_of_a_volume_has_no_answer_yet() -> None:
    state = SessionState()
    state.open([make_volume("a.nii", 3)])
    answer(state)
    (item,) = state.items
    item.reslice(Plane.CORONAL, item.count_slices(Plane.CORONAL))
    assert (item.slice_count, item.records, item.verdict) == (9, [], None)
    assert len(item.unanswered_slices()) == 9


def test_each_series_of_a_file_of_many_frames_gets_answers_of_its_own() -> None:
    frames = [
        make_group(
            PlanePositionSequence=make_sequence(ImagePositionPatient=[0, 0, z]),
            PlaneOrientationSequence=make_sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
            MREchoSequence=make_sequence(EffectiveEchoTime=echo_ms),
        )
        for echo_ms, slices in ((30.0, 4), (100.0, 2))
        for z in range(slices)
    ]
    pixels = np.arange(6 * 64 * 64, dtype=np.uint16).reshape(6, 64, 64)
    state = SessionState()
    state.open([KeptFile("echoes.dcm", make_dicom(pixels, PerFrameFunctionalGroupsSequence=frames))])
    answer(state)
    assert [[record.number for record in item.records] for item in state.items] == [[1, 2, 3, 4], [5, 6]]
    assert state.unanswered_count == 0


def test_a_volume_that_cannot_be_opened_again_says_why_for_each_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    state = SessionState()
    state.open([make_volume("a.nii", 3)])
    why = Series("a.nii", (Slice("a.nii", None, refuse(unreadable("a.nii"))),))
    monkeypatch.setattr(series_item, "open_series", lambda *_: iter([why]))
    answer(state)
    assert [record.cached for record in state.records] == [None, None, None]


def test_an_item_keeps_only_the_files_that_it_comes_from() -> None:
    files = [KeptFile("a.png", png_bytes()), KeptFile("b.png", png_bytes())]
    opened = open_series([SourceFile(file.name, file.read) for file in files], ReadOptions())
    items = [to_series_item(series.name, series, files) for series in opened]
    assert [[file.name for file in item.files] for item in items] == [["a.png"], ["b.png"]]
