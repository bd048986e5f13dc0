from collections.abc import Iterable

from brain_tumor.input.series import Plane
from page.answering import answer_all
from page.kept_file import KeptFile
from page.session_state import SessionState
from page.uploads import MAX_FILES, Taken
from tests.factories import png_bytes
from tests.page.items import make_item, make_volume
from tests.scripted import ScriptedClassifier


def whole(files: Iterable[KeptFile]) -> Taken:
    """A batch that came in one go."""
    return Taken(list(files), continues=False, goes_on=False)


def pictures(count: int) -> list[KeptFile]:
    return [KeptFile(f"{number}.png", png_bytes()) for number in range(count)]


def test_a_batch_in_parts_is_one_batch_and_leaves_what_a_person_chose_meanwhile() -> None:
    state = SessionState()
    state.receive(Taken(pictures(2), continues=False, goes_on=True))
    state.open_received()
    state.is_stopped, state.shown_key = True, "1"
    state.receive(Taken(pictures(1), continues=True, goes_on=True))
    state.open_received()
    assert (state.is_stopped, state.shown_key, state.is_receiving) == (True, "1", True)
    state.receive(Taken([], continues=True, goes_on=False))
    assert not state.is_receiving
    assert [item.batch for item in state.items] == [1, 1, 1]
    state.receive(whole(pictures(1)))
    state.open_received()
    assert not state.is_stopped and state.shown_key is None
    assert state.items[-1].batch == 2


def test_work_in_progress_grows_by_the_slices_of_files_that_come_later() -> None:
    state = SessionState()
    state.receive(Taken(pictures(1), continues=False, goes_on=True))
    state.open_received()
    state.begin_work()
    assert list(answer_all(ScriptedClassifier(), state)) == [0]  # type: ignore[arg-type]
    state.receive(Taken([make_volume("many-slices.nii", 12)], continues=True, goes_on=False))
    state.open_received()
    assert (state.unanswered_count, state.asked) == (12, 13)


def test_a_batch_in_parts_is_cut_off_once() -> None:
    state = SessionState()
    state.receive(Taken([KeptFile("a.png", b"")] * (MAX_FILES - 1), continues=False, goes_on=True))
    state.receive(Taken([KeptFile("a.png", b"")] * 3, continues=True, goes_on=True))
    state.receive(Taken([KeptFile("a.png", b"")] * 3, continues=True, goes_on=False))
    assert len(state.unopened) == MAX_FILES
    assert [note.partition(";")[0] for note in state.notes] == [f"More than {MAX_FILES} files were sent"]


def test_more_slices_than_a_page_holds_are_refused_in_words() -> None:
    state = SessionState([make_item("a", 2000)])
    state.open([KeptFile("b.png", png_bytes())])
    assert [item.name for item in state.items] == ["a"]
    assert state.notes[0].startswith("b.png: its 1 slice would make 2,001, this page holds 2,000")


def test_more_files_than_a_page_takes_are_cut_off_in_words_beside_what_was_refused_before() -> None:
    state = SessionState(notes=["of the files before"])
    state.receive(whole(KeptFile(f"{number}.png", b"") for number in range(MAX_FILES + 1)))
    assert len(state.unopened) == MAX_FILES
    assert [note.partition(";")[0] for note in state.notes] == [
        "of the files before",
        f"{MAX_FILES + 1} files were sent",
    ]


def test_files_that_were_sent_are_opened_once_each_with_a_key_of_its_own() -> None:
    state = SessionState()
    state.receive(whole([KeptFile("a.png", png_bytes()), KeptFile("b.png", png_bytes())]))
    state.open_received()
    state.remove("1")
    state.receive(whole([KeptFile("c.png", png_bytes())]))
    state.open_received()
    assert [(item.key, item.name) for item in state.items] == [("2", "b.png"), ("3", "c.png")]


def test_work_that_was_stopped_continues_with_the_slices_of_the_new_plane() -> None:
    state, classifier = SessionState(), ScriptedClassifier()
    state.open([make_volume("a.nii", 3)])
    work = answer_all(classifier, state)  # type: ignore[arg-type]
    next(work)
    work.close()
    state.is_stopped = True
    assert state.reslice(state.items[0].key, Plane.CORONAL)
    assert not state.is_stopped
    assert list(answer_all(classifier, state))[-1] == 0  # type: ignore[arg-type]
    (item,) = state.items
    assert (item.plane, item.slice_count, len(item.records)) == (Plane.CORONAL, 9, 9)
    assert [record.position_mm for record in item.records] == list(range(9))


def test_a_plane_of_more_slices_than_a_page_holds_is_refused_in_words() -> None:
    state = SessionState([make_item("a", 1992)])
    state.open([make_volume("a.nii", 3)])
    volume = state.items[1]
    assert not state.reslice(volume.key, Plane.CORONAL)
    assert (volume.plane, volume.slice_count) == (Plane.AXIAL, 3)
    assert state.notes[0].startswith("a.nii, coronal: its 9 slices would make 2,001")


def test_a_series_that_is_gone_is_not_cut() -> None:
    assert not SessionState().reslice("1", Plane.CORONAL)


def test_a_folder_s_files_that_are_no_images_are_counted_and_a_chosen_one_gets_its_error() -> None:
    state = SessionState()
    names = ["study/a.png", "study/notes.txt", "study/b.json", "alone.txt"]
    state.open([KeptFile(name, png_bytes() if name.endswith("png") else b"{}") for name in names])
    assert [item.name for item in state.items] == ["study/a.png", "alone.txt"]
    assert state.notes == ["Left out: 2 files, no images (1 .txt, 1 .json)."]


def test_a_batch_in_parts_is_shown_as_it_was_chosen_before_older_ones_also_after_an_undo() -> None:
    state = SessionState()
    state.receive(whole([KeptFile(name, png_bytes()) for name in ("z.png", "a.png")]))
    state.open_received()
    y, x = (KeptFile(f"{name}.png", png_bytes()) for name in "yx")
    state.receive(Taken([y], continues=False, goes_on=True))
    state.receive(Taken([x], continues=True, goes_on=False, order=("x.png", "y.png")))
    state.open_received()
    b, a, c = (KeptFile(f"{name}.png", png_bytes()) for name in "bac")
    state.receive(Taken([b, a], continues=False, goes_on=True))
    state.open_received()
    volume, order = make_volume("v.nii", 3), ("c.png", "v.nii", "a.png", "b.png")
    state.receive(Taken([volume, c], continues=True, goes_on=False, order=order))
    state.open_received()
    assert list(answer_all(ScriptedClassifier(), state))[-1] == 0  # type: ignore[arg-type]
    expected = [*order, "x.png", "y.png", "z.png", "a.png"]
    assert [item.name for item in state.newest_first] == expected
    state.remove(state.newest_first[2].key)
    state.restore()
    assert [item.name for item in state.newest_first] == expected


def test_what_was_removed_while_its_batch_arrived_comes_back_to_its_place() -> None:
    state = SessionState()
    c, b, a = (KeptFile(f"{name}.png", png_bytes()) for name in "cba")
    state.receive(Taken([c, b], continues=False, goes_on=True))
    state.open_received()
    assert list(answer_all(ScriptedClassifier(), state))[-1] == 0  # type: ignore[arg-type]
    state.remove(next(item.key for item in state.items if item.name == "c.png"))
    state.receive(Taken([a], continues=True, goes_on=False, order=("a.png", "b.png", "c.png")))
    state.open_received()
    assert list(answer_all(ScriptedClassifier(), state))[-1] == 0  # type: ignore[arg-type]
    state.restore()
    assert [item.name for item in state.newest_first] == ["a.png", "b.png", "c.png"]
