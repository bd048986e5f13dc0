"""Which DICOM files and frames are one series, and which kinds of series are answered."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from brain_tumor.errors import ScanError
from brain_tumor.input.series import ReadOptions, Series, SeriesAbout
from brain_tumor.input.series_builder import open_series
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.input.source_file import SourceFile
from brain_tumor.problems import Problem
from tests.dicom_factory import make_item, make_sequence
from tests.input.slices import AXIAL, dicom_bytes

ORIGINAL = ["ORIGINAL", "PRIMARY", "M", "ND"]
_taken = count(1)


def opened(files: dict[str, bytes], options: ReadOptions | None = None) -> list[Series]:
    def give(content: bytes) -> Callable[[], bytes]:
        return lambda: content

    sources = [SourceFile(name, give(content)) for name, content in files.items()]
    return list(open_series(sources, options or ReadOptions()))


def frame(z: float | None, edit: Callable[[Dataset], None] = lambda dataset: None, **elements: Any) -> bytes:
    """A file of one axial frame, with pixels and identifiers of its own."""
    taken = next(_taken)
    given: dict[str, Any] = {
        "SeriesInstanceUID": "1.2",
        "SOPInstanceUID": f"1.2.3.{taken}",
        "InstanceNumber": taken,
        "ImageType": ORIGINAL,
    }
    if z is not None:
        given |= {"ImageOrientationPatient": AXIAL, "ImagePositionPatient": [0, 0, z]}
    pixels = np.arange(24).reshape(4, 6) + taken
    return dicom_bytes(pixels, **{key: value for key, value in (given | elements).items() if value is not None})


def volume(prefix: str, slices: int = 3, /, **elements: Any) -> dict[str, bytes]:
    return {f"in/{prefix}{index}": frame(6.0 * index, **elements) for index in range(slices)}


def facts(series: Sequence[Series]) -> list[tuple[int, dict[str, str]]]:
    return [(len(member.slices), dict(member.differs)) for member in series]


def kinds(series: Sequence[Series]) -> list[tuple[int, SeriesKind | None]]:
    return [(len(member.slices), member.kind) for member in series]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("EchoNumbers", (1, 2)),
        ("EchoTime", (4.92, 7.38)),
        ("DiffusionBValue", (0.0, 1000.0)),
        ("TemporalPositionIdentifier", (1, 2)),
        ("AcquisitionNumber", (1, 2)),
        ("AcquisitionTime", ("101500", "101730.5")),
        ("TriggerTime", (0.0, 125.5)),
        ("InversionTime", (700.0, 2500.0)),
        ("FlipAngle", (4.0, 24.0)),
        ("ImageType", (ORIGINAL, ["ORIGINAL", "PRIMARY", "M", "DIS2D"])),
        ("DiffusionGradientOrientation", ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])),
    ],
)
def test_frames_at_the_same_positions_are_distinguished_by_what_they_say(name: str, values: tuple[Any, Any]) -> None:
    first, second = values
    series = opened(volume("a", **{name: first}) | volume("b", **{name: second}))
    assert [len(member.slices) for member in series] == [3, 3]
    assert [member.name for member in series] == ["in series 1", "in series 2"]
    assert [len(member.differs) for member in series] == [1, 1]
    assert [[piece.position_mm for piece in member.slices] for member in series] == [[0, 6, 12], [0, 6, 12]]


def test_frames_that_say_nothing_are_distinguished_by_their_order() -> None:
    series = opened(volume("a") | volume("b") | volume("c"))
    assert facts(series) == [(3, {"repeat": "1"}), (3, {"repeat": "2"}), (3, {"repeat": "3"})]
    assert [piece.file for piece in series[1].slices] == ["in/b0", "in/b1", "in/b2"]


def test_values_that_every_slice_has_for_itself_tell_no_volumes_apart() -> None:
    files = {
        f"in/{index}": frame(index, AcquisitionTime=f"1015{index:02}", TriggerTime=float(index)) for index in range(9)
    }
    assert [len(item.slices) for item in opened(files)] == [9]


def test_facts_that_differ_within_a_volume_do_not_tear_it() -> None:
    files = {f"in/{index}": frame(index, FlipAngle=90.0 + index % 2, AcquisitionNumber=index % 2) for index in range(8)}
    assert [len(item.slices) for item in opened(files)] == [8]


def test_diffusion_is_split_by_b_value_and_then_by_direction() -> None:
    along = {"x": [1.0, 0.0, 0.0], "y": [0.0, 1.0, 0.0]}
    files = volume("b0", DiffusionBValue=0.0)
    for name, direction in along.items():
        files |= volume(name, DiffusionBValue=1000.0, DiffusionGradientOrientation=direction)
    assert [(item.kind, dict(item.differs)) for item in opened(files)] == [
        (SeriesKind.MAGNITUDE, {"b_value": "0"}),
        (SeriesKind.DIFFUSION, {"b_value": "1000", "direction": "1.0/0.0/0.0"}),
        (SeriesKind.DIFFUSION, {"b_value": "1000", "direction": "0.0/1.0/0.0"}),
    ]


def test_two_echoes_without_positions_are_two_series() -> None:
    files = {f"in/{echo}-{index}": frame(None, EchoNumbers=echo) for index in range(3) for echo in (1, 2)}
    assert facts(opened(files)) == [(3, {"echo_number": "1"}), (3, {"echo_number": "2"})]


def test_two_echoes_of_a_single_slice_are_two_images() -> None:
    series = opened({f"in/{echo}": frame(7.0, EchoTime=20.0 * echo) for echo in (1, 4)})
    assert facts(series) == [(1, {"echo_time_ms": "20"}), (1, {"echo_time_ms": "80"})]


def test_without_positions_the_slice_location_orders() -> None:
    locations = (5.0, -3.0, 40.0)
    files = {f"in/{location:g}": frame(None, SliceLocation=location, InstanceNumber=None) for location in locations}
    (series,) = opened(files)
    assert [slice_.file for slice_ in series.slices] == ["in/-3", "in/5", "in/40"]


@pytest.mark.parametrize("step", [6.0, -6.0])
def test_a_slice_whose_position_is_missing_stands_where_its_number_says(step: float) -> None:
    positions = {index: None if index == 2 else step * index for index in range(5)}
    files = {
        f"in/{index}": frame(position, InstanceNumber=index + 1, ImageOrientationPatient=AXIAL)
        for index, position in positions.items()
    }
    (series,) = opened(files)
    expected = ["in/0", "in/1", "in/2", "in/3", "in/4"]
    assert [piece.file for piece in series.slices] == (expected if step > 0 else expected[::-1])
    assert [piece.position_mm for piece in series.slices].count(None) == 1


def test_without_any_number_names_count_as_people_count() -> None:
    (series,) = opened({f"in/{index}.dcm": frame(None, InstanceNumber=None) for index in (1, 10, 2)})
    assert [slice_.file for slice_ in series.slices] == ["in/1.dcm", "in/2.dcm", "in/10.dcm"]


def test_equal_positions_are_no_positions() -> None:
    (series,) = opened({f"in/{index}": frame(7.0, SliceLocation=-3.0 * index) for index in range(4)})
    assert [slice_.file for slice_ in series.slices] == ["in/3", "in/2", "in/1", "in/0"]
    assert {slice_.position_mm for slice_ in series.slices} == {None}


def test_copies_count_once_wherever_they_lie() -> None:
    files = volume("a")
    again = {f"other/{name}": content for name, content in files.items()}
    (series,) = opened(files | again)
    assert (len(series.slices), series.duplicates) == (3, 3)
    assert [slice_.file for slice_ in series.slices] == list(files)


def test_the_same_pixels_under_a_new_identifier_count_once() -> None:
    pixels = np.arange(24).reshape(4, 6)
    common: dict[str, Any] = {"SeriesInstanceUID": "1.2", "ImageOrientationPatient": AXIAL}
    files = {
        f"in/{copy}-{z}": dicom_bytes(
            pixels + z, **common, ImagePositionPatient=[0, 0, z], SOPInstanceUID=f"1.{copy}.{z + 1}"
        )
        for copy in (1, 2)
        for z in range(3)
    }
    (series,) = opened(files)
    assert (len(series.slices), series.duplicates) == (3, 3)


def test_an_identifier_that_all_files_share_by_mistake_loses_none() -> None:
    assert [len(item.slices) for item in opened(volume("a", 5, SOPInstanceUID="1.2.3"))] == [5]


@pytest.mark.parametrize("element", ["PatientID", "PatientName", "StudyInstanceUID"])
def test_a_series_identifier_that_two_patients_share_by_mistake_joins_nothing(element: str) -> None:
    series = opened(volume("a", **{element: "1.2.3"}) | volume("b", **{element: "1.2.4"}))
    assert [len(member.slices) for member in series] == [3, 3]


def test_pictures_of_another_size_are_no_slices_of_a_volume() -> None:
    other = {"in/x": dicom_bytes(np.zeros((8, 6)), SeriesInstanceUID="1.2", ImageType=ORIGINAL)}
    assert [len(item.slices) for item in opened(volume("a") | other)] == [3, 1]


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, SeriesKind.PHASE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"]}, SeriesKind.PHASE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "R_IR", "R", "IR"]}, SeriesKind.REAL),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "I", "ND"]}, SeriesKind.IMAGINARY),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, SeriesKind.ADC),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "FA", "ND"]}, SeriesKind.FA),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW", "ND"]}, SeriesKind.TRACE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "B0 MAP", "B0", "UNSPECIFIED"]}, SeriesKind.FIELD_MAP),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "ASL", "NONE", "ND"]}, SeriesKind.ASL),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "FMRI", "NONE"]}, SeriesKind.BOLD),
        ({"ImageType": ["DERIVED", "SECONDARY", "SUBTRACTION"]}, SeriesKind.SUBTRACTION),
        ({"ImageType": ["DERIVED", "SECONDARY", "PROJECTION IMAGE", "CSA MIP"]}, SeriesKind.PROJECTION),
        ({"ImageType": ["DERIVED", "SECONDARY", "PERFUSION", "RELCBF"]}, SeriesKind.PERFUSION_MAP),
        ({"ImageType": ["DERIVED", "SECONDARY", "OTHER"], "SeriesDescription": "ADC (10^-6)"}, SeriesKind.ADC),
        ({"ProtocolName": "ep2d_bold_rest"}, SeriesKind.BOLD),
        ({"SeriesDescription": "tgse_pcasl_3d"}, SeriesKind.ASL),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, SeriesKind.SECONDARY_CAPTURE),
        ({"ImageType": [*ORIGINAL, "MOSAIC"]}, SeriesKind.MOSAIC),
    ],
)
def test_kinds_that_no_radiologist_reads_as_a_brain_are_named_and_not_answered(
    elements: dict[str, Any], kind: SeriesKind
) -> None:
    files = volume("a") | volume("b", **elements)
    answered, left_out = opened(files)
    assert (answered.kind, answered.is_answered) == (SeriesKind.MAGNITUDE, True)
    assert (left_out.kind, left_out.is_answered, len(left_out.slices)) == (kind, False, 3)
    answered.slices[0].read()
    with pytest.raises(ScanError) as caught:
        left_out.slices[0].read()
    assert (caught.value.problem, caught.value.is_left_out) == (Problem.NOT_ANSWERED, True)
    for series in opened(files, ReadOptions(include_derived=True)):
        assert series.is_answered
        series.slices[0].read()


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        ({}, SeriesKind.MAGNITUDE),
        ({"ImageType": None}, SeriesKind.MAGNITUDE),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]}, SeriesKind.MAGNITUDE),
        ({"ImageType": ["DERIVED", "PRIMARY", "M", "NORM"]}, SeriesKind.MAGNITUDE),
        ({"ImageType": ["DERIVED", "SECONDARY", "OTHER"]}, SeriesKind.DERIVED),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR", "CSA MPR", "M"]}, SeriesKind.REFORMAT),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER", "M"]}, SeriesKind.LOCALIZER),
        ({"DiffusionBValue": 800.0}, SeriesKind.DIFFUSION),
        ({"Modality": "CT"}, None),
    ],
)
def test_kinds_that_radiologists_read_are_answered(elements: dict[str, Any], kind: SeriesKind | None) -> None:
    (series,) = opened(volume("a", **elements))
    assert (series.kind, series.is_answered) == (kind, True)


def test_what_is_derived_from_images_of_its_series_is_not_answered() -> None:
    files = volume("a") | volume("b", ImageType=["DERIVED", "SECONDARY", "OTHER"])
    original, derived = opened(files)
    assert [(item.kind, item.is_answered) for item in (original, derived)] == [
        (SeriesKind.MAGNITUDE, True),
        (SeriesKind.DERIVED, False),
    ]
    with pytest.raises(ScanError, match="calculated from other images of its series"):
        derived.slices[0].read()


def test_a_functional_series_is_named_once_however_many_volumes_it_has() -> None:
    files: dict[str, bytes] = {}
    for time in range(4):
        files |= volume(f"t{time}-", TemporalPositionIdentifier=time, ProtocolName="task fMRI")
    assert kinds(opened(files)) == [(12, SeriesKind.BOLD)]


def test_volumes_of_a_kind_that_is_answered_only_when_asked_are_series_of_their_own_then() -> None:
    files: dict[str, bytes] = {}
    for time in range(4):
        files |= volume(f"t{time}-", TemporalPositionIdentifier=time, ProtocolName="task fMRI")
    assert kinds(opened(files, ReadOptions(include_derived=True))) == [(3, SeriesKind.BOLD)] * 4


def with_private(data: bytes, group: int, creator: str, element: int, vr: str, value: Any) -> bytes:
    import io

    from pydicom import dcmread

    dataset = dcmread(io.BytesIO(data))
    dataset.private_block(group, creator, create=True).add_new(element, vr, value)
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("private", "values", "expected"),
    [
        ((0x0019, "SIEMENS MR HEADER", 0x0C, "IS"), (0, 1000), "1000"),
        ((0x0043, "GEMS_PARM_01", 0x39, "IS"), ([0, 8, 0, 0], [1000000800, 8, 0, 0]), "800"),
        ((0x2001, "Philips Imaging DD 001", 0x03, "FL"), (0.0, 700.0), "700"),
    ],
)
def test_b_values_of_vendors_count(private: tuple[int, str, int, str], values: tuple[Any, Any], expected: str) -> None:
    group, creator, element, vr = private
    files = {
        f"in/{index}-{z}": with_private(frame(6.0 * z), group, creator, element, vr, value)
        for index, value in enumerate(values)
        for z in range(3)
    }
    series = opened(files)
    assert kinds(series) == [(3, SeriesKind.MAGNITUDE), (3, SeriesKind.DIFFUSION)]
    assert series[1].slices[0].file == "in/1-0"


def test_the_name_of_a_siemens_sequence_says_the_b_value_and_the_direction() -> None:
    files: dict[str, bytes] = {}
    for sequence in ("ep_b0", "*ep_b1000#1", "*ep_b1000#2"):
        files |= volume(sequence, SequenceName=sequence)
    assert facts(opened(files)) == [
        (3, {"b_value": "0"}),
        (3, {"b_value": "1000", "direction": "1.0"}),
        (3, {"b_value": "1000", "direction": "2.0"}),
    ]


def test_what_ge_says_of_the_component_counts() -> None:
    files = volume("a") | {
        name: with_private(data, 0x0043, "GEMS_PARM_01", 0x2F, "SS", 1) for name, data in volume("b").items()
    }
    assert kinds(opened(files)) == [(3, SeriesKind.MAGNITUDE), (3, SeriesKind.PHASE)]


def test_another_vendors_private_element_says_nothing() -> None:
    files = {name: with_private(data, 0x0019, "SOMEBODY", 0x0C, "IS", 1000) for name, data in volume("b").items()}
    assert kinds(opened(files)) == [(3, SeriesKind.MAGNITUDE)]


def test_a_series_is_called_what_the_scanner_calls_it() -> None:
    names: dict[str, Any] = {
        "SeriesDescription": "t1_mprage",
        "SeriesNumber": 5,
        "ProtocolName": "T1 3D",
        "SequenceName": "*tfl3d1",
    }
    (series,) = opened(volume("a", **names))
    assert series.about == SeriesAbout("t1_mprage", 5, "T1 3D", "*tfl3d1")


@pytest.mark.parametrize("element", ["SeriesDescription", "ProtocolName", "SequenceName"])
def test_a_text_that_names_the_patient_is_dropped(element: str) -> None:
    (series,) = opened(volume("a", PatientName="Quetzal^Ada", PatientID="77123", **{element: "brain of QUETZAL"}))
    assert series.about == SeriesAbout()


# Enhanced files


def enhanced(groups: Sequence[dict[str, Any]], **elements: Any) -> dict[str, bytes]:
    items = [make_item(**{name: make_sequence(**inner) for name, inner in group.items()}) for group in groups]
    pixels = np.arange(len(groups) * 24).reshape(len(groups), 4, 6)
    given = {"ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "SeriesInstanceUID": "1.2"} | elements
    return {"in/1": dicom_bytes(pixels, PerFrameFunctionalGroupsSequence=DicomSequence(items), **given)}


def at(z: float, **groups: dict[str, Any]) -> dict[str, Any]:
    return {
        "PlaneOrientationSequence": {"ImageOrientationPatient": AXIAL},
        "PlanePositionSequence": {"ImagePositionPatient": [0, 0, z]},
        **groups,
    }


@pytest.mark.parametrize(
    ("group", "name", "values"),
    [
        ("MREchoSequence", "EffectiveEchoTime", (30.0, 100.0)),
        ("MRDiffusionSequence", "DiffusionBValue", (0.0, 1000.0)),
        ("FrameContentSequence", "TemporalPositionIndex", (1, 2)),
        ("FrameContentSequence", "StackID", ("1", "2")),
        ("FrameContentSequence", "FrameAcquisitionNumber", (1, 2)),
        ("MRTimingAndRelatedParametersSequence", "FlipAngle", (5.0, 25.0)),
        ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", (0.0, 40.0)),
    ],
)
def test_the_volumes_of_an_enhanced_file_are_series_of_their_own(
    group: str, name: str, values: tuple[Any, Any]
) -> None:
    series = opened(enhanced([at(z, **{group: {name: value}}) for z in (12.0, 0.0, 6.0) for value in values]))
    assert [[slice_.number for slice_ in volume.slices] for volume in series] == [[3, 5, 1], [4, 6, 2]]
    assert [member.name for member in series] == ["in/1 series 1", "in/1 series 2"]


def test_magnitude_and_phase_of_an_enhanced_file_are_distinguished() -> None:
    frames = [
        at(z, MRImageFrameTypeSequence={"ComplexImageComponent": part, "FrameType": ["ORIGINAL", "PRIMARY", "VOLUME"]})
        for part in ("MAGNITUDE", "PHASE")
        for z in (0.0, 6.0, 12.0)
    ]
    assert [(item.kind, item.is_answered) for item in opened(enhanced(frames, ComplexImageComponent="MIXED"))] == [
        (SeriesKind.MAGNITUDE, True),
        (SeriesKind.PHASE, False),
    ]


def test_the_parts_of_a_complex_image_are_distinguished_where_image_type_says_nothing() -> None:
    files: dict[str, bytes] = {}
    for part in ("MAGNITUDE", "PHASE", "REAL", "IMAGINARY"):
        files |= volume(part, ImageType=["ORIGINAL", "PRIMARY"], ComplexImageComponent=part)
    assert kinds(opened(files)) == [
        (3, SeriesKind.MAGNITUDE),
        (3, SeriesKind.PHASE),
        (3, SeriesKind.REAL),
        (3, SeriesKind.IMAGINARY),
    ]


def test_the_dimension_index_tells_volumes_apart_where_nothing_else_does() -> None:
    pointers = [make_item(DimensionIndexPointer=0x00209057), make_item(DimensionIndexPointer=0x00189074)]
    frames = [
        at(6.0 * index, FrameContentSequence={"DimensionIndexValues": [index + 1, other]})
        for other in (1, 2)
        for index in range(3)
    ]
    series = opened(enhanced(frames, DimensionIndexSequence=DicomSequence(pointers)))
    assert facts(series) == [(3, {"dimensions": "1"}), (3, {"dimensions": "2"})]


@pytest.mark.parametrize("place", ["InStackPositionNumber", "DimensionIndexValues"])
def test_frames_without_a_position_lie_where_their_place_in_the_stack_says(place: str) -> None:
    pointers = [make_item(DimensionIndexPointer=0x00209057), make_item(DimensionIndexPointer=0x00211001)]
    frames = [
        {"FrameContentSequence": {"DimensionIndexValues": [number, other]}}
        if place == "DimensionIndexValues"
        else {"FrameContentSequence": {place: number, "TemporalPositionIndex": other}}
        for number in (3, 1, 2)
        for other in (1, 2)
    ]
    series = opened(enhanced(frames, DimensionIndexSequence=DicomSequence(pointers)))
    assert [[slice_.number for slice_ in volume.slices] for volume in series] == [[3, 5, 1], [4, 6, 2]]


def test_a_direction_in_an_enhanced_file_tells_volumes_apart() -> None:
    def diffusion(direction: list[float]) -> dict[str, Any]:
        item = make_sequence(DiffusionGradientOrientation=direction)
        return {"DiffusionBValue": 1000.0, "DiffusionGradientDirectionSequence": item}

    frames = [
        at(6.0 * index, MRDiffusionSequence=diffusion(direction))
        for direction in ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
        for index in range(3)
    ]
    assert kinds(opened(enhanced(frames))) == [(3, SeriesKind.DIFFUSION)] * 2


def test_an_enhanced_file_that_is_there_twice_counts_once() -> None:
    (content,) = enhanced([at(z) for z in (0.0, 6.0)]).values()
    assert [item.name for item in opened({"in/1": content, "in/2": content})] == ["in/1"]


def test_repeats_that_only_the_time_of_content_separates_are_distinguished_by_it() -> None:
    # Numbers start again with every volume, and names say nothing.
    names = {0: ("a", "b"), 1: ("d", "c"), 2: ("f", "e")}
    files = {
        f"in/{name}": frame(index, InstanceNumber=index + 1, ContentTime=time)
        for index, pair in names.items()
        for name, time in zip(pair, ("110000", "120000"), strict=True)
    }
    assert [[piece.file for piece in item.slices] for item in opened(files)] == [
        ["in/a", "in/d", "in/f"],
        ["in/b", "in/c", "in/e"],
    ]


def part_of(number: int, positions_mm: Sequence[float], **elements: Any) -> bytes:
    """One of the files of a concatenation."""
    given = {
        "SeriesInstanceUID": "1.2",
        "SOPInstanceUID": f"1.2.3.{number}",
        "ConcatenationUID": "1.2.9",
        "InConcatenationNumber": number,
        "SharedFunctionalGroupsSequence": make_sequence(
            PlaneOrientationSequence=make_sequence(ImageOrientationPatient=AXIAL)
        ),
        "PerFrameFunctionalGroupsSequence": [
            make_item(PlanePositionSequence=make_sequence(ImagePositionPatient=[0, 0, position_mm]))
            for position_mm in positions_mm
        ],
    }
    pixels = np.arange(24 * len(positions_mm)).reshape(len(positions_mm), 4, 6) + 100 * number
    return dicom_bytes(pixels if len(positions_mm) > 1 else pixels[0], **(given | elements))


def test_an_image_in_several_files_is_one_series() -> None:
    parts = {"in/b": part_of(1, [0, 6, 12]), "in/a": part_of(2, [18, 24]), "in/c": part_of(3, [30])}
    (series,) = opened(parts)
    assert series.name == "in"
    assert [piece.position_mm for piece in series.slices] == [0, 6, 12, 18, 24, 30]
    assert [piece.name for piece in series.slices][2:] == ["in/b slice 3", "in/a slice 1", "in/a slice 2", "in/c"]
    assert series.slices[5].read().pixels.shape == (4, 6)
    (again,) = opened(parts | {"in/copy": parts["in/a"]})
    assert len(again.slices) == 6


def test_parts_of_two_images_are_two_series_and_a_part_alone_is_one() -> None:
    other = part_of(1, [0, 6], ConcatenationUID="1.2.10")
    assert [len(item.slices) for item in opened({"in/a": part_of(2, [0, 6, 12]), "in/b": other})] == [3, 2]


@pytest.mark.parametrize(
    ("kind", "group", "said"),
    [
        (SeriesKind.ASL, "MRArterialSpinLabelingSequence", {"ASLContext": "LABEL"}),
        (SeriesKind.PERFUSION_MAP, "MRImageFrameTypeSequence", ["DERIVED", "PRIMARY", "PERFUSION", "RELCBF"]),
        (SeriesKind.FIELD_MAP, "MRImageFrameTypeSequence", ["DERIVED", "PRIMARY", "FIELD_MAP", "NONE"]),
        (SeriesKind.PARAMETER_MAP, "MRImageFrameTypeSequence", ["DERIVED", "PRIMARY", "T2_STAR", "T2_STAR MAP"]),
        (SeriesKind.BOLD, "MRImageFrameTypeSequence", ["ORIGINAL", "PRIMARY", "FMRI", "NONE"]),
        (SeriesKind.ADC, "MRImageFrameTypeSequence", ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]),
    ],
)
def test_a_kind_within_an_enhanced_file_is_named_and_not_answered(kind: SeriesKind, group: str, said: Any) -> None:
    item = said if isinstance(said, dict) else {"FrameType": said}
    (series,) = opened(enhanced([at(6.0 * index, **{group: item}) for index in range(3)]))
    assert (series.kind, series.is_answered, len(series.slices)) == (kind, False, 3)
