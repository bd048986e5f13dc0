"""What objects take over from the images that they speak of."""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from pydicom import config
from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID

from brain_tumor.errors import ScanError
from brain_tumor.input.dicom_file import as_scan_error, read_whole_header
from brain_tumor.input.dicom_frames import Frames
from brain_tumor.input.series import DicomReference, Slice
from brain_tumor.problems import Problem

# Every object has these, empty where the images have none. Source: DICOM PS3.3, C.7.1.1 and C.7.2.1.
_ALWAYS = (
    "PatientName PatientID PatientBirthDate PatientSex "
    "StudyDate StudyTime AccessionNumber ReferringPhysicianName StudyID"
).split()
# These go with the patient and the study where the images have them. Source: the same, C.7.1.3, C.7.2.2 and C.7.2.3.
_WHERE_PRESENT = (
    "IssuerOfPatientID TypeOfPatientID OtherPatientNames PatientBirthTime EthnicGroup PatientComments "
    "PatientSpeciesDescription PatientBreedDescription ResponsiblePerson ResponsibleOrganization "
    "PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence QualityControlSubject "
    "StudyDescription ConsultingPhysicianName PhysiciansOfRecord NameOfPhysiciansReadingStudy "
    "PatientAge PatientSize PatientWeight AdditionalPatientHistory "
    "ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID "
    "ClinicalTrialSiteName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID ClinicalTrialTimePointID "
    "ClinicalTrialTimePointDescription"
).split()
_METHODS = ("DeidentificationMethod", "DeidentificationMethodCodeSequence")
# Those that SpecificCharacterSet is about. Source: DICOM PS3.5, 6.1.2.3.
_TEXTS = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
# Only texts of several lines may hold these. Source: DICOM PS3.5, 6.2.
_CONTROL = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f]")
# Dates and times were written with these before DICOM. Source: DICOM PS3.5, 6.2, notes on DA and TM.
_OLD_MARKS = {"DA": ".", "TM": ":"}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The images of one series."""

    slices: tuple[Slice, ...]  # each with a whole reference
    header: Dataset  # of the first one, without pixels
    orientation: tuple[float, ...] | None  # of the first slice, six direction cosines

    @property
    def study_uid(self) -> str:
        """Of all of them."""
        return str(_reference(self.slices[0]).study_uid)

    @property
    def series_uid(self) -> str:
        """Of all of them."""
        return str(_reference(self.slices[0]).series_uid)

    @property
    def stack(self) -> tuple[str, ...]:
        """What tells stacks of one series apart: their orientation, and the file of many frames."""
        first = _reference(self.slices[0])
        # A rounded -0.0 is written unlike 0.0.
        orientation = ",".join(f"{round(value, 2) + 0.0:.2f}" for value in self.orientation or ())
        return (orientation, str(first.sop_instance_uid) if first.frame is not None else "")

    def evidence(self) -> list[Dataset]:
        """A data set for each file with just its identifiers; the first also stands for patient and study, empty."""
        files = {slice_.dicom.sop_instance_uid: slice_.dicom for slice_ in self.slices if slice_.dicom}
        found = []
        for reference in files.values():
            dataset = Dataset()
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = reference.study_uid, reference.series_uid
            dataset.SOPInstanceUID, dataset.SOPClassUID = reference.sop_instance_uid, reference.sop_class_uid
            found.append(dataset)
        return [without_patient(found[0]), *found[1:]]


def read_source(slices: Sequence[Slice]) -> Source | None:
    """What must be known of a series' images; reads the first file again.

    Returns:
        None where no object can refer to them: no DICOM files, identifiers missing or of several studies or series, or
        a kind of object that the standard does not know.

    Raises:
        ScanError: the first file cannot be read any more.
    """
    references = [slice_.dicom for slice_ in slices]
    if not all(
        reference and reference.is_whole and UID(str(reference.sop_class_uid)).type == "SOP Class"
        for reference in references
    ):
        return None
    if len({(reference.study_uid, reference.series_uid) for reference in references if reference}) != 1:
        return None
    header = read_slice_header(slices[0])
    frame = (slices[0].number or 1) - 1
    return Source(tuple(slices), header, Frames(header).plane(frame).orientation)


def read_slice_header(slice_: Slice) -> Dataset:
    """Everything that a slice's file says but for the pixels.

    Raises:
        ScanError: it cannot be read any more, or is another image now.
    """
    reference = _reference(slice_)
    assert slice_.content is not None  # noqa: S101 - a slice with a reference has a file
    header = read_whole_header(slice_.content(), slice_.file)
    found = header.get("StudyInstanceUID"), header.get("SOPInstanceUID")
    if found != (reference.study_uid, reference.sop_instance_uid):
        # Another image lies there by now, and its patient may be another one.
        raise ScanError(slice_.file, Problem.BROKEN_SOURCE, found="it has changed")
    return header


def without_patient(dataset: Dataset) -> Dataset:
    """The same data set, with a patient and a study of whom nothing is known.

    highdicom wants all of these elements, refuses odd ones, and repeats names in its warnings.
    """
    for keyword in (*_ALWAYS, *_WHERE_PRESENT):
        if keyword in _ALWAYS:
            setattr(dataset, keyword, "")
        elif keyword in dataset:
            delattr(dataset, keyword)
    return dataset


def add_patient_and_study(dataset: Dataset, header: Dataset) -> None:
    """Give an object the patient and the study of its images, as these have them.

    Of those that every object has nothing is judged: a name without a caret, or a date that is none, is the archive's
    own. What cannot be read at all is left empty. The others are left out where the standard does not allow them.
    """
    for keyword in (*_ALWAYS, *_WHERE_PRESENT):
        value = _value(header, keyword)
        if value is None and keyword not in _ALWAYS:
            continue
        if keyword == "PatientIdentityRemoved" and not any(method in header for method in _METHODS):
            continue  # nothing, where the images do not say how
        tag = tag_for_keyword(keyword)
        assert tag is not None  # noqa: S101 - they are the standard's
        if keyword not in _ALWAYS and not _is_valid(tag, value):
            continue
        dataset[tag] = DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE)
    # Of the whole object: a network's own classes may have any letters, too.
    texts = "".join(str(element.value) for element in dataset.iterall() if element.VR in _TEXTS)
    dataset.pop("SpecificCharacterSet", None)
    if not texts.isascii():
        # UTF-8 where Latin letters are not enough, whatever the images have: some archives read the first only.
        dataset.SpecificCharacterSet = "ISO_IR 192" if max(texts) > "\xff" else "ISO_IR 100"


def _is_valid(tag: int, value: object) -> bool:
    """Whether the standard allows a value, by its kind and number."""
    try:
        element = DataElement(tag, dictionary_VR(tag), value, validation_mode=config.RAISE)
    except ValueError:
        return False
    is_plain = element.VR in ("LT", "ST", "UT", "SQ") or not _CONTROL.search(str(value))
    return is_plain and (element.VM <= 1 or dictionary_VM(tag) != "1")


def _reference(slice_: Slice) -> DicomReference:
    assert slice_.dicom is not None  # noqa: S101 - read_source has looked
    return slice_.dicom


def _value(header: Dataset, keyword: str) -> object | None:
    try:
        with as_scan_error("", Problem.BAD_ELEMENTS):
            if keyword not in header or (value := header[keyword].value) in (None, "", []):
                return None
            mark = _OLD_MARKS.get(header[keyword].VR)
            return str(value).replace(mark, "") if mark else deepcopy(value)
    except ScanError:
        return None
