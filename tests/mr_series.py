"""Drawn MR series, complete enough for an archive: as classic files and as one enhanced file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage

from tests.dicom_factory import make_item, make_sequence

STUDY_UID, SERIES_UID, FRAME_OF_REFERENCE_UID = (
    "1.2.826.0.1.3680043.8.498.7",
    "1.2.826.0.1.3680043.8.498.7.1",
    "1.2.3.4",
)
PATIENT = {"PatientName": "Doe^Jané", "PatientID": "P-17", "PatientBirthDate": "19700131", "PatientSex": "F"}
SPACING_MM, THICKNESS_MM = 0.9, 5.0
SAMPLES = Path(__file__).parents[1] / "samples"


def sample_pixels(name: str = "2-drawn-lesion-no-patient.png") -> np.ndarray:
    """A sample of the page as 12-bit values; by default the one with a drawn lesion."""
    grey = Image.open(SAMPLES / name).convert("L").resize((256, 256))
    return np.asarray(grey).astype(np.uint16) * 16


def write_series(
    folder: Path, slices: Sequence[np.ndarray], name: str = "slice", apart_mm: float = THICKNESS_MM, **elements: Any
) -> list[Path]:
    """One file per slice, from foot to head; elements: as for make_dicom."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index, values in enumerate(slices):
        dataset = _make_common(MRImageStorage, f"{SERIES_UID}.{index + 1}", values)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "SE"]
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = [-100.0, -100.0, apart_mm * index]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = [SPACING_MM, SPACING_MM]
        dataset.SliceThickness = THICKNESS_MM
        dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
        dataset.MRAcquisitionType, dataset.EchoTime, dataset.RepetitionTime = "2D", 10, 500
        dataset.EchoTrainLength = 1
        files.append(_save(dataset, folder / f"{name}-{index + 1}.dcm", elements))
    return files


def write_enhanced(path: Path, slices: Sequence[np.ndarray], turned: bool = False, **elements: Any) -> Path:
    """All slices as frames of one file; turned: rows run to anterior and columns to the right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = _make_common(EnhancedMRImageStorage, f"{SERIES_UID}.100", np.stack(slices))
    dataset.InstanceNumber = 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dataset.SharedFunctionalGroupsSequence = make_sequence(
        PlaneOrientationSequence=make_sequence(
            ImageOrientationPatient=[0, -1, 0, -1, 0, 0] if turned else [1, 0, 0, 0, 1, 0]
        ),
        PixelMeasuresSequence=make_sequence(PixelSpacing=[SPACING_MM, SPACING_MM], SliceThickness=THICKNESS_MM),
    )
    dataset.PerFrameFunctionalGroupsSequence = [
        make_item(
            FrameContentSequence=make_sequence(
                StackID="1", InStackPositionNumber=index + 1, DimensionIndexValues=[index + 1]
            ),
            PlanePositionSequence=make_sequence(ImagePositionPatient=[-100.0, -100.0, THICKNESS_MM * index]),
        )
        for index in range(len(slices))
    ]
    return _save(dataset, path, elements)


def _make_common(sop_class: UID, instance_uid: str, values: np.ndarray) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, instance_uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY_UID, SERIES_UID
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = FRAME_OF_REFERENCE_UID, ""
    for keyword, value in PATIENT.items():
        setattr(dataset, keyword, value)
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260131", "120000", "S1"
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "A-4", "Roe^Richard"
    dataset.StudyDescription = "Head"
    dataset.Modality, dataset.SeriesNumber, dataset.Manufacturer = "MR", 3, "Drawn"
    dataset.Rows, dataset.Columns = values.shape[-2:]
    if values.ndim == 3:
        dataset.NumberOfFrames = len(values)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = values.astype("<u2").tobytes()
    return dataset


def _save(dataset: Dataset, path: Path, elements: dict[str, Any]) -> Path:
    for keyword, value in elements.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", MRImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3")
    dataset.save_as(path, enforce_file_format=True)
    return path
