from collections.abc import Sequence
from typing import Any

import pytest

from brain_tumor.input.dicom_facts import FrameFacts
from brain_tumor.input.dicom_volumes import FrameVolume, VolumeFrame, drop_duplicates, natural_order, split_volumes
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.series_kind import SeriesKind

PLACES_MM = (0.0, 5.0, 10.0)


def frame(position_mm: float | None, name: str = "a", digest: bytes | None = None, **facts: Any) -> VolumeFrame:
    return VolumeFrame(None, name, FrameFacts(**facts), position_mm, pixel_digest=digest)


def stack(**facts: Any) -> list[VolumeFrame]:
    """A frame at each place."""
    return [frame(place, **facts) for place in PLACES_MM]


def differences(volumes: Sequence[FrameVolume]) -> list[tuple[int, dict[str, str]]]:
    return [(len(volume.frames), dict(volume.differs)) for volume in volumes]


def volumes_of(frames: Sequence[VolumeFrame]) -> list[FrameVolume]:
    return split_volumes(frames, ReadOptions())


def test_one_frame_at_each_place_is_one_volume_whatever_else_differs() -> None:
    frames = [frame(place, flip_angle=place, trigger_time_ms=place) for place in PLACES_MM]
    assert differences(volumes_of(frames)) == [(3, {})]


def test_the_first_fact_that_explains_frames_at_one_place_separates_them() -> None:
    # Echo time comes before flip angle.
    frames = stack(echo_time_ms=5.0, flip_angle=30.0) + stack(echo_time_ms=10.0, flip_angle=60.0)
    assert differences(volumes_of(frames)) == [(3, {"echo_time_ms": "5"}), (3, {"echo_time_ms": "10"})]


def test_volumes_are_separated_again_where_frames_still_share_a_place() -> None:
    frames = stack(b_value=0)
    for direction in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
        frames += stack(b_value=1000, direction=direction)
    assert [volume for _, volume in differences(volumes_of(frames))] == [
        {"b_value": "0"},
        {"b_value": "1000", "direction": "1.0/0.0/0.0"},
        {"b_value": "1000", "direction": "0.0/1.0/0.0"},
    ]


def test_a_value_that_every_frame_has_for_itself_separates_nothing() -> None:
    frames = [frame(place, trigger_time_ms=float(index)) for index, place in enumerate(PLACES_MM * 2)]
    assert differences(volumes_of(frames)) == [(3, {"repeat": "1"}), (3, {"repeat": "2"})]


def test_a_kind_that_is_not_answered_stays_together_and_apart_from_the_others() -> None:
    phase = stack(kind=SeriesKind.PHASE, echo_number=1) + stack(kind=SeriesKind.PHASE, echo_number=2)
    volumes = volumes_of(stack(kind=SeriesKind.MAGNITUDE) + phase)
    assert [(len(volume.frames), volume.frames[0].facts.kind) for volume in volumes] == [
        (3, SeriesKind.MAGNITUDE),
        (6, SeriesKind.PHASE),
    ]


def test_weighted_and_unweighted_images_of_a_diffusion_series_are_one_kind() -> None:
    frames = stack(kind=SeriesKind.MAGNITUDE)[:1] + stack(kind=SeriesKind.DIFFUSION)[1:]
    assert [len(volume.frames) for volume in volumes_of(frames)] == [3]


def test_an_echo_of_a_single_frame_is_no_volume_of_its_own() -> None:
    frames = [*stack(echo_number=1), frame(15.0, echo_number=2)]
    assert [len(volume.frames) for volume in volumes_of(frames)] == [4]


def test_positions_that_differ_by_rounding_are_one_place() -> None:
    frames = [frame(0.0, time_index=1), frame(0.04, time_index=2), frame(5.0, time_index=1), frame(5.0, time_index=2)]
    assert [len(volume.frames) for volume in volumes_of(frames)] == [2, 2]


def test_without_positions_facts_must_give_volumes_of_one_size() -> None:
    even = [frame(None, echo_time_ms=echo) for echo in (5.0, 5.0, 10.0, 10.0)]
    odd = [frame(None, echo_time_ms=echo) for echo in (5.0, 5.0, 10.0)]
    assert [len(volume.frames) for volume in volumes_of(even)] == [2, 2]
    assert [len(volume.frames) for volume in volumes_of(odd)] == [3]


def test_slices_come_in_the_order_of_their_positions_and_others_by_their_names() -> None:
    (placed,) = volumes_of([frame(place) for place in (10.0, 0.0, 5.0)])
    assert placed.is_placed and [item.position_mm for item in placed.frames] == [0.0, 5.0, 10.0]
    (unplaced,) = volumes_of([frame(None, name) for name in ("10.dcm", "2.dcm", "1.dcm")])
    assert not unplaced.is_placed and [item.name for item in unplaced.frames] == ["1.dcm", "2.dcm", "10.dcm"]


def test_equal_positions_say_nothing_but_a_frame_alone_is_placed() -> None:
    (equal,) = volumes_of([frame(7.0, "a"), frame(7.0, "b")])
    assert not equal.is_placed and len(equal.frames) == 2
    assert volumes_of([frame(7.0)])[0].is_placed


@pytest.mark.parametrize(
    ("second", "dropped"),
    [
        (frame(0.0, digest=b"same"), 1),
        (frame(5.0, digest=b"same"), 0),
        (frame(0.0, digest=b"other"), 0),
        (frame(0.0, digest=b"same", echo_number=2), 0),
    ],
)
def test_a_copy_has_the_same_place_facts_and_pixels(second: VolumeFrame, dropped: int) -> None:
    kept, count = drop_duplicates([frame(0.0, digest=b"same"), second])
    assert (len(kept), count) == (2 - dropped, dropped)


def test_pixels_alone_make_no_copy_where_nothing_says_the_place() -> None:
    assert drop_duplicates([frame(None, digest=b"blank"), frame(None, digest=b"blank")])[1] == 0


def test_names_are_ordered_as_people_count() -> None:
    names = ["slice10", "slice9", "slice007", "slice" + "9" * 5000, "a"]
    assert sorted(names, key=natural_order) == ["a", "slice007", "slice9", "slice10", "slice" + "9" * 5000]
