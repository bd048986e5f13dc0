"""What DICOM files hold instead of grey or colour pictures."""

from pydicom.dataset import FileDataset
from pydicom.uid import UID

from brain_tumor.errors import ScanError
from brain_tumor.problems import Problem

_CLASS, _SYNTAX = "1.2.840.10008.5.1.4.1.1.", "1.2.840.10008.1.2.4."
_DICOMDIR = "1.2.840.10008.1.3.10"
# Beginning of the SOP class -> kind of object. Source: DICOM PS3.6, annex A; the first that fits counts.
OTHER_OBJECTS = {
    _CLASS + "88.": "structured_report",
    _CLASS + "104.1": "encapsulated_pdf",
    _CLASS + "104.": "encapsulated_document",
    _CLASS + "11.": "presentation_state",
    _CLASS + "9.": "waveform",
    _CLASS + "481.": "radiotherapy",
    _CLASS + "66.4": "segmentation",
    _CLASS + "66.7": "segmentation",
    _CLASS + "66": "raw_data",
    _CLASS + "4.2": "spectroscopy",
}
# MPEG-2, H.264, H.265 and JPIP: frames of a video, and images that lie on a server. Source: DICOM PS3.5, A.4.
_NO_STILL_IMAGES = tuple(_SYNTAX + item for item in ("100", "101", "102", "103", "104", "105", "106", "107", "108"))
_ON_A_SERVER = (_SYNTAX + "94", _SYNTAX + "95", _SYNTAX + "204", _SYNTAX + "205")


def check_is_image(dataset: FileDataset, name: str) -> None:
    """Refuse a DICOM file that holds no still image.

    Raises:
        ScanError: it holds another object, with its kind where that is known.
    """
    sop_class = UID(str(dataset.file_meta.get("MediaStorageSOPClassUID") or dataset.get("SOPClassUID") or ""))
    if sop_class.startswith(_DICOMDIR):
        raise ScanError(name, Problem.DICOMDIR)
    for beginning, kind in OTHER_OBJECTS.items():
        if sop_class.startswith(beginning):
            raise ScanError(name, Problem.OTHER_OBJECT, kind=kind)
    syntax = str(dataset.file_meta.get("TransferSyntaxUID") or "")
    if syntax.startswith(_NO_STILL_IMAGES):
        raise ScanError(name, Problem.VIDEO)
    if syntax.startswith(_ON_A_SERVER):
        raise ScanError(name, Problem.PIXELS_ELSEWHERE)
    if "Rows" not in dataset or "Columns" not in dataset:
        # An unknown class is not named: its number can tell who made the file.
        raise ScanError(name, Problem.NO_IMAGE, found=sop_class.name if sop_class.name != sop_class else None)
