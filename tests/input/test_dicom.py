import struct
from dataclasses import replace
from typing import Any
from weakref import ref

import numpy as np
import pytest
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage

from brain_tumor.input.dicom import DicomHeader, list_slices, read_header
from brain_tumor.input.dicom_facts import FrameFacts
from brain_tumor.input.scan import Scan
from brain_tumor.input.series import DicomReference, ReadOptions, SeriesAbout, WindowMode
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.input.source_file import SourceFile
from brain_tumor.presentation.overlay import to_square_pixels
from tests.dicom_factory import (
    ORIENTATION,
    SERIES_UID,
    insert_element,
    make_dicom,
    make_item,
    make_sequence,
    make_table,
    pixel_elements,
    read_slices,
)

RAMP = np.array([[0, 1], [2, 4]], np.uint16)
QUARTERS = [0, 0.25, 0.5, 1]


def scan_of(data: bytes, window: WindowMode = WindowMode.FILE) -> Scan:
    (only,) = read_slices(data, window)
    return only.read()


def grey_of(data: bytes, window: WindowMode = WindowMode.FILE) -> list[float]:
    return scan_of(data, window).pixels.ravel().tolist()


def make_enhanced(own: list[dict[str, Any]], shared: dict[str, Any] | None = None, **elements: Any) -> bytes:
    """Frames 0 1 / 2 4, each with the functional groups that a test gives."""
    return make_dicom(
        np.stack([RAMP] * len(own)),
        PerFrameFunctionalGroupsSequence=DicomSequence([make_item(**groups) for groups in own]),
        SharedFunctionalGroupsSequence=make_sequence(**(shared or {})),
        **elements,
    )


# What the header says


def test_the_header_tells_series_and_order() -> None:
    data = make_dicom(
        RAMP,
        StudyInstanceUID="1.2.3",
        SeriesDescription=" T1 axial ",
        Modality="MR",
        InstanceNumber=7,
        ImageOrientationPatient=ORIENTATION,
        ImagePositionPatient=[-10, 5, 32.5],
    )
    data = data.replace(b"CS\x02\x00MR", b"CS\x02\x00mr")
    header = read_header(data, "scan")
    assert header.pixel_digest is not None
    assert header == DicomHeader(
        SERIES_UID,
        "MR",
        7,
        1,
        (1, 0, 0, 0, 1, 0),
        (-10, 5, 32.5),
        (32.5,),
        ((1, 0, 0, 0, 1, 0),),
        "1.2.3",
        f"{SERIES_UID}.1",
        MRImageStorage,
        facts=(FrameFacts(SeriesKind.MAGNITUDE),),
        about=SeriesAbout("T1 axial"),
        size=(2, 2),
        pixel_digest=header.pixel_digest,
    )


def test_what_a_header_does_not_say_is_none() -> None:
    data = make_dicom(RAMP, SeriesInstanceUID=None, Modality=None)
    found = replace(read_header(data, "scan"), pixel_digest=None, facts=(), size=None)
    assert found == DicomHeader(
        None, None, None, 1, None, None, (None,), (None,), None, f"{SERIES_UID}.1", MRImageStorage
    )


@pytest.mark.parametrize(
    "orientation", [[1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0], [1, 0, 0, 0, float("nan"), 0]]
)
def test_an_orientation_that_spans_no_plane_is_none(orientation: list[float]) -> None:
    assert read_header(make_dicom(RAMP, ImageOrientationPatient=orientation), "scan").orientation is None


def test_the_position_is_measured_along_the_normal() -> None:
    # Sagittal: rows run along y, columns along -z, so across them runs x, to the left.
    data = make_dicom(RAMP, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[30, 5, 9])
    assert read_slices(data)[0].position_mm == 30


def test_a_header_built_by_hand_gives_a_position_too() -> None:
    header = DicomHeader(None, None, None, 1, (1, 0, 0, 0, 1, 0), (0, 0, 12))
    (only,) = list_slices(lambda: b"", header, "scan", ReadOptions())
    assert only.position_mm == 12


# Pixels


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_every_plain_transfer_syntax_is_read(syntax: UID) -> None:
    assert grey_of(make_dicom(RAMP, syntax=syntax)) == QUARTERS


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_depth_and_sign_is_read(dtype: Any) -> None:
    assert grey_of(make_dicom(RAMP.astype(dtype) - (1 if np.dtype(dtype).kind == "i" else 0))) == QUARTERS


def test_a_file_without_a_preamble_is_read() -> None:
    assert grey_of(make_dicom(RAMP, preamble=False)) == QUARTERS


def test_the_window_can_be_chosen() -> None:
    data = make_dicom(RAMP, WindowCenter=[2, 7], WindowWidth=[3, 7])  # LINEAR: 0.5 to 2.5
    assert grey_of(data) == [0, 0.25, 0.75, 1]
    assert grey_of(data, WindowMode.FULL) == QUARTERS


def test_a_modality_table_counts_instead_of_the_slope() -> None:
    data = make_dicom(RAMP, ModalityLUTSequence=make_table([0, 10, 20, 30, 100], 0))
    assert grey_of(data, WindowMode.FULL) == pytest.approx([0, 0.1, 0.2, 1])


def test_a_window_table_of_the_file_is_used() -> None:
    assert grey_of(make_dicom(RAMP, VOILUTSequence=make_table([255, 51, 102, 0, 0], 0, 8))) == pytest.approx(
        [1, 0.2, 0.4, 0]
    )


def test_a_table_of_8_bits_may_be_packed_into_words() -> None:
    table = make_table([0, 0, 0, 0, 0], 0, 8)
    table[0].LUTData = [0 | 51 << 8, 102 | 153 << 8, 255]
    assert grey_of(make_dicom(RAMP, VOILUTSequence=table)) == pytest.approx([0, 0.2, 0.4, 1])


def test_padding_written_with_the_wrong_sign_is_still_padding() -> None:
    data = make_dicom(np.array([[-2000, 0], [1, 2]], np.int16))
    # 63536 is -2000 without a sign, as a careless writer stores it.
    element = struct.pack("<HH2sHH", 0x28, 0x120, b"US", 2, 63536)
    assert grey_of(insert_element(data, element)) == [0, 0, 0.5, 1]


def test_colour_becomes_luma_and_chroma() -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    scan = scan_of(make_dicom(red))
    assert scan.pixels.ravel().tolist() == pytest.approx([76 / 255] * 4)
    assert scan.chroma == 1


def test_grey_stored_as_colour_has_no_chroma() -> None:
    assert scan_of(make_dicom(np.full((2, 2, 3), 51, np.uint8))).chroma == 0


def test_sixteen_bit_colour_is_divided_by_its_depth() -> None:
    assert grey_of(make_dicom(np.full((1, 2, 3), 13107, np.uint16))) == pytest.approx([0.2, 0.2])


def test_floating_point_pixels_are_read_and_nan_is_black() -> None:
    values = np.array([[1, 2], [np.nan, 3]], np.float32)
    data = make_dicom(
        None,
        **(pixel_elements(2, 2) | {"BitsAllocated": 32}),
        FloatPixelData=values.tobytes(),
    )
    assert grey_of(data) == [0, 0.5, 0, 1]


def test_spacing_and_modality_are_kept() -> None:
    scan = scan_of(make_dicom(RAMP, PixelSpacing=[0.5, 0.75], Modality="CT"))
    assert (scan.spacing_mm, scan.modality, scan.file_format) == ((0.5, 0.75), "CT", "DICOM")


def test_the_spacing_at_the_detector_stands_in_for_a_missing_one() -> None:
    assert scan_of(make_dicom(RAMP, ImagerPixelSpacing=[0.1, 0.2])).spacing_mm == (0.1, 0.2)


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], [1]])
def test_a_spacing_that_is_no_distance_is_none(spacing: list[float]) -> None:
    assert scan_of(make_dicom(RAMP, PixelSpacing=spacing)).spacing_mm is None


# Several frames


def test_frames_are_numbered_slices() -> None:
    first, second = read_slices(make_dicom(np.stack([RAMP, RAMP[::-1]])))
    assert (first.name, second.name) == ("scan slice 1", "scan slice 2")
    assert second.read().pixels.ravel().tolist() == [0.5, 1, 0, 0.25]
    assert first.read().pixels.ravel().tolist() == QUARTERS


def test_each_frame_has_its_own_groups() -> None:
    data = make_enhanced(
        [
            {
                "PlanePositionSequence": make_sequence(ImagePositionPatient=[0, 0, height]),
                "PixelValueTransformationSequence": make_sequence(RescaleSlope=slope, RescaleIntercept=0),
                "FrameVOILUTSequence": make_sequence(WindowCenter=4, WindowWidth=8, VOILUTFunction="LINEAR_EXACT"),
            }
            for height, slope in ((3, 1), (5.5, 2))
        ],
        {
            "PlaneOrientationSequence": make_sequence(ImageOrientationPatient=ORIENTATION),
            "PixelMeasuresSequence": make_sequence(PixelSpacing=[0.4, 0.6]),
        },
    )
    slices = read_slices(data)
    assert [slice_.position_mm for slice_ in slices] == [3, 5.5]
    assert slices[0].read().pixels.ravel().tolist() == [0, 0.125, 0.25, 0.5]
    assert slices[1].read().pixels.ravel().tolist() == [0, 0.25, 0.5, 1]
    assert slices[1].read().spacing_mm == (0.4, 0.6)


def test_a_frames_own_group_goes_before_the_shared_one() -> None:
    data = make_enhanced(
        [{"PixelMeasuresSequence": make_sequence(PixelSpacing=[1, 1])}, {}],
        {"PixelMeasuresSequence": make_sequence(PixelSpacing=[2, 2])},
    )
    assert [slice_.read().spacing_mm for slice_ in read_slices(data)] == [(1, 1), (2, 2)]


def test_the_header_of_an_enhanced_file_is_that_of_its_first_frame() -> None:
    groups = {
        "PlanePositionSequence": make_sequence(ImagePositionPatient=[1, 2, 3]),
        "PlaneOrientationSequence": make_sequence(ImageOrientationPatient=ORIENTATION),
    }
    header = read_header(make_enhanced([groups, {}]), "scan")
    assert (header.frames, header.position, header.frame_positions_mm) == (2, (1, 2, 3), (3, None))


def test_a_file_of_many_frames_is_read_once_for_all_of_them() -> None:
    data, calls = make_dicom(np.stack([RAMP] * 5)), []

    def read() -> bytes:
        calls.append(1)
        return data

    for slice_ in list_slices(read, read_header(data, "scan"), "scan", ReadOptions()):
        slice_.read()
    assert len(calls) == 1


def test_a_file_of_many_frames_is_let_go_once_all_were_read_in_whatever_order() -> None:
    data, calls = make_dicom(np.stack([RAMP] * 3)), []

    def read() -> bytes:
        calls.append(1)
        return data

    slices = list_slices(read, read_header(data, "scan"), "scan", ReadOptions())
    for slice_ in reversed(slices):
        slice_.read()
    assert len(calls) == 1
    slices[0].read()
    assert len(calls) == 2


def test_a_file_of_many_frames_is_let_go_with_its_last_slice() -> None:
    file = SourceFile("scan", lambda: make_dicom(np.stack([RAMP] * 3)))
    slices, kept = list_slices(file.content, read_header(file.content(), "scan"), "scan", ReadOptions()), ref(file)
    slices[0].read()
    assert kept() is file
    del file, slices
    assert kept() is None


def test_listing_slices_reads_nothing() -> None:
    data = make_dicom(np.stack([RAMP] * 3))

    def read() -> bytes:
        raise AssertionError("read too early")

    assert len(list_slices(read, read_header(data, "scan"), "scan", ReadOptions())) == 3


# What other objects call it by


def test_a_slice_says_how_other_objects_refer_to_it() -> None:
    (only,) = read_slices(make_dicom(RAMP, StudyInstanceUID="1.2.3"))
    assert only.dicom == DicomReference("1.2.3", SERIES_UID, f"{SERIES_UID}.1", MRImageStorage, None)
    assert only.dicom.is_whole


def test_a_frame_has_its_number_in_the_reference() -> None:
    frames = read_slices(make_enhanced([{}, {}, {}], StudyInstanceUID="1.2.3"))
    assert [frame.dicom.frame for frame in frames if frame.dicom] == [1, 2, 3]


@pytest.mark.parametrize("uid", [None, "Doe^Jane", "1.02.3", "1", "1.2." + 64 * "3", "1.2.3 "])
def test_what_is_no_identifier_is_not_repeated(uid: str | None) -> None:
    (only,) = read_slices(make_dicom(RAMP) if uid is None else _with_study(uid))
    assert only.dicom
    assert only.dicom.study_uid == ("1.2.3" if uid == "1.2.3 " else None)
    assert only.dicom.is_whole is (uid == "1.2.3 ")


def _with_study(uid: str) -> bytes:
    """A file whose StudyInstanceUID is any text."""
    text = uid.encode() + b"\x00" * (len(uid) % 2)
    data = make_dicom(RAMP)
    offset = data.index(struct.pack("<HH", 0x20, 0x0E))
    return data[:offset] + struct.pack("<HH2sH", 0x20, 0x0D, b"UI", len(text)) + text + data[offset:]


def test_without_a_spacing_the_proportions_of_a_pixel_count() -> None:
    picture = np.arange(24, dtype=np.uint16).reshape(4, 6)
    (scan,) = (slice_.read() for slice_ in read_slices(make_dicom(picture, PixelAspectRatio=[2, 1])))
    assert (scan.spacing_mm, scan.pixel_size) == (None, (2, 1))
    assert to_square_pixels(scan).pixels.shape == (8, 6)
    turned = make_dicom(picture, PixelAspectRatio=[2, 1], ImageOrientationPatient=[0, 1, 0, 1, 0, 0])
    (scan,) = (slice_.read() for slice_ in read_slices(turned))
    assert (scan.pixels.shape, scan.pixel_size) == ((6, 4), (1, 2))


@pytest.mark.parametrize("ratio", [[0, 1], [1], None])
def test_proportions_that_say_nothing_are_those_of_a_square(ratio: list[int] | None) -> None:
    data = make_dicom(np.arange(24, dtype=np.uint16).reshape(4, 6), PixelAspectRatio=ratio)
    assert read_slices(data)[0].read().pixel_size == (1, 1)


def test_a_spacing_counts_before_proportions() -> None:
    data = make_dicom(np.ones((4, 6), np.uint16), PixelAspectRatio=[2, 1], PixelSpacing=[0.7, 0.7])
    assert read_slices(data)[0].read().pixel_size == (0.7, 0.7)
