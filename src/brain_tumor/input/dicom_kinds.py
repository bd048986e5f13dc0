"""What DICOM files hold instead of grey or colour pictures, in a person's words."""

from pydicom.dataset import FileDataset
from pydicom.uid import UID

from brain_tumor.errors import ScanError

_CLASS, _SYNTAX = "1.2.840.10008.5.1.4.1.1.", "1.2.840.10008.1.2.4."
_IMAGES_INSTEAD = "images are read: give the image files of the same study"

# Beginning of the SOP class -> what was found. Source: DICOM PS3.6, annex A; the first that fits counts.
_OTHER_KINDS: tuple[tuple[str, str, str], ...] = (
    ("1.2.840.10008.1.3.10", "a DICOMDIR, the list of a disc's files", "images are read: give the files it lists"),
    (_CLASS + "88.", "a structured report (SR)", _IMAGES_INSTEAD),
    (_CLASS + "104.1", "a PDF document inside DICOM", _IMAGES_INSTEAD),
    (_CLASS + "104.", "a document or a model inside DICOM", _IMAGES_INSTEAD),
    (_CLASS + "11.", "a presentation state, which says how other images are shown", _IMAGES_INSTEAD),
    (_CLASS + "9.", "a waveform such as an ECG", _IMAGES_INSTEAD),
    (_CLASS + "481.", "a radiotherapy object (plan, dose, structures or treatment record)", _IMAGES_INSTEAD),
    (_CLASS + "66.4", "a segmentation, which marks regions and holds no grey values", _IMAGES_INSTEAD),
    (_CLASS + "66.7", "a segmentation, which marks regions and holds no grey values", _IMAGES_INSTEAD),
    (_CLASS + "66", "raw data, a registration or another object without an image", _IMAGES_INSTEAD),
    (_CLASS + "4.2", "MR spectroscopy", _IMAGES_INSTEAD),
)
# MPEG-2, H.264, H.265 and JPIP: frames of a video, and images that lie on a server. Source: DICOM PS3.5, A.4.
_NO_STILL_IMAGES = tuple(_SYNTAX + one for one in ("100", "101", "102", "103", "104", "105", "106", "107", "108"))
_ON_A_SERVER = (_SYNTAX + "94", _SYNTAX + "95", _SYNTAX + "204", _SYNTAX + "205")


def check_is_image(dataset: FileDataset, name: str) -> None:
    """Raises ScanError, in words that fit the kind of object, for a DICOM file that holds no still image."""
    kind = UID(str(dataset.file_meta.get("MediaStorageSOPClassUID") or dataset.get("SOPClassUID") or ""))
    for beginning, found, accepted in _OTHER_KINDS:
        if kind.startswith(beginning):
            raise ScanError(f"{name}: is {found}; {accepted}")
    syntax = str(dataset.file_meta.get("TransferSyntaxUID") or "")
    if syntax.startswith(_NO_STILL_IMAGES):
        raise ScanError(f"{name}: is a video inside DICOM; still images are read: export the frame you mean")
    if syntax.startswith(_ON_A_SERVER):
        raise ScanError(f"{name}: only says where its pixels lie on a server; export it with its pixels")
    if "Rows" not in dataset or "Columns" not in dataset:
        # An unknown class is not named: its number can tell who made the file.
        what = f" ({kind.name})" if kind.name != kind else ""
        raise ScanError(f"{name}: is a DICOM file without an image{what}; {_IMAGES_INSTEAD}")
