"""What can keep a file from being read: stable codes for programs, each beside the words that a person reads.

The words say what was found, what is accepted, and what to do next. `ScanError` fills in the facts.
"""

from enum import StrEnum
from typing import Self

# The usual ones; docs/formats.md has the others.
ACCEPTED = "PNG, JPEG, TIFF and other images, DICOM, NIfTI and other volumes, and ZIP or tar archives of them"

Fact = str | int | float | None

# Kinds of files and DICOM objects that are recognised: code -> as a person calls it.
_KINDS = {
    "pdf": "a PDF document",
    "video": "a video",
    "program": "a program",
    "compound": "an Office document or a folder's thumbnails",
    "database": "a database or a table",
    "rar": "a RAR archive",
    "7z": "a 7z archive",
    "xz": "packed by xz",
    "bz2": "packed by bzip2",
    "zst": "packed by Zstandard",
    "minc": "a MINC volume (mnc2nii converts it)",
    "hdf5": "an HDF5 or MINC 2 file (mnc2nii converts MINC)",
    "psd": "a Photoshop document",
    "jpeg_xl": "a JPEG XL picture",
    "interfile": "an Interfile header",
    "par_rec": "a Philips PAR header (dcm2niix converts it)",
    "afni": "the header of an AFNI volume (3dAFNItoNIFTI converts it)",
    "fits": "a FITS image",
    "netpbm": "a Netpbm picture (PBM, PGM or PPM)",
    "git_lfs": "a Git LFS pointer, not the image itself (run 'git lfs pull')",
    "structured_report": "a structured report (SR)",
    "encapsulated_pdf": "a PDF document inside DICOM",
    "encapsulated_document": "a document or a model inside DICOM",
    "presentation_state": "a presentation state, which says how other images are shown",
    "waveform": "a waveform such as an ECG",
    "radiotherapy": "a radiotherapy object (plan, dose, structures or treatment record)",
    "segmentation": "a segmentation, which marks regions and holds no grey values",
    "raw_data": "raw data, a registration or another object without an image",
    "spectroscopy": "MR spectroscopy",
    # Kinds of MR images, of input.series_kind.SeriesKind.
    "phase": "a phase image",
    "real": "the real part of an image",
    "imaginary": "the imaginary part of an image",
    "field_map": "a field map",
    "adc": "an ADC map",
    "fa": "a map of fractional anisotropy (FA)",
    "trace": "a diffusion trace image",
    "diffusion_map": "a map calculated from diffusion images",
    "perfusion_map": "a perfusion map",
    "parameter_map": "a parameter map",
    "asl": "an image of arterial spin labelling (ASL)",
    "bold": "an image of a functional series (BOLD)",
    "subtraction": "a subtraction image",
    "projection": "a projection such as a MIP",
    "secondary_capture": "a secondary capture, a picture of a screen or a report",
    "derived": "calculated from other images of its series",
    "mosaic": "a mosaic whose slices cannot be separated",
}


class Problem(StrEnum):
    """One problem; its words have gaps for the facts that an error carries."""

    words: str

    def __new__(cls, code: str, words: str) -> Self:
        """Keep the code as the value, the words beside it."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member

    # Any file.
    UNREADABLE = "unreadable", "cannot be read ({found}); check the path and its permissions"
    FOLDER = "folder", "is a folder that cannot be listed; check its permissions"
    IS_A_FOLDER = (
        "is_a_folder",
        "is a folder, one image is needed here; 'brain-tumor predict', and in Python open_paths(), read all in it",
    )
    BROKEN_SOURCE = "broken_source", "cannot be read ({found}); check the file and its archive"
    NOT_REGULAR = "not_regular", "is not a regular file; give image files"
    EMPTY = "empty", "the file is empty; export the image again"
    TOO_LARGE = "too_large", "is larger than the {limit_mib} MiB that are read; export one slice as its own file"
    UNKNOWN_FORMAT = "unknown_format", f"is not an image file this version knows; it reads {ACCEPTED}"
    UNSUPPORTED_FORMAT = "unsupported_format", f"is {{kind}}; {ACCEPTED} are read: export the slice as one of them"
    NEEDS_EXTRA = "needs_extra", "is {format}, which a part of this program reads; install it: {command}"
    SEVERAL_SLICES = (
        "several_slices",
        "holds {found} slices, one image is needed here; "
        "'brain-tumor predict', and in Python open_paths(), read them all",
    )
    ARCHIVE = (
        "archive",
        "is an archive, one image is needed here; 'brain-tumor predict', and in Python open_paths(), read them all",
    )
    NO_ROOM = (
        "no_room",
        "finds no room to be unpacked ({found}); make room in the folder for temporary files, or name another one in "
        "the environment variable TMPDIR",
    )
    UNEXPECTED = "unexpected", "cannot be read ({found}); export it again"
    ENDS_ITS_PROCESS = (
        "ends_its_process",
        "ended the process that read it, {limit} times; export it again",
    )

    # Pictures, and slices of any kind.
    DAMAGED = "damaged", "starts like {format} but is damaged ({found}); export it again"
    TOO_MANY_PIXELS = (
        "too_many_pixels",
        "has {found} pixels, at most {limit_millions} million are read; give the slice at its own size",
    )
    SIDE_TOO_LONG = (
        "side_too_long",
        "has {found} pixels, at most {limit} in a row or column are read; give the slice at its own size",
    )
    SEVERAL_FRAMES = (
        "several_frames",
        "holds several frames, one is needed; save the slice you mean as its own file",
    )
    TOO_MANY_SCANS = (
        "too_many_scans",
        "holds more than {limit} scans of one picture; save it again as a usual JPEG",
    )
    VALUES_OUT_OF_RANGE = (
        "values_out_of_range",
        "holds values from {low} to {high}, 0 to 65535 are read; convert it to 16 bit",
    )

    NO_CJDATA = (
        "no_cjdata",
        "is a MATLAB file, but holds no slice as the figshare set of brain tumors does (cjdata.image); save the image "
        "as PNG or TIFF",
    )

    # Arrays.
    ARRAY_SHAPE = (
        "array_shape",
        "has the shape {found}, (rows, columns) or (rows, columns, 3) is taken; pass one slice",
    )
    ARRAY_TYPE = "array_type", "holds {found}, integers and floats are taken; convert it first"
    PIXEL_KIND = (
        "pixel_kind",
        "is a TIFF file of {found}, which are not read; save it as 16-bit integers, its channels together",
    )
    NOT_FINITE = "not_finite", "holds NaN or infinity, finite values are taken; replace them first"

    # DICOM: objects without a picture.
    OTHER_OBJECT = "other_object", "is {kind}; images are read: give the image files of the same study"
    DICOMDIR = (
        "dicomdir",
        "is a DICOMDIR, the list of a disc's files, and one image is needed here; give one of the files it lists",
    )
    VIDEO = "video", "is a video inside DICOM; still images are read: export the frame you mean"
    PIXELS_ELSEWHERE = (
        "pixels_elsewhere",
        "only says where its pixels lie on a server; export it with its pixels",
    )
    NO_IMAGE = (
        "no_image",
        "is a DICOM file without an image (class {found}); images are read: give the image files of the same study",
    )
    NO_PIXELS = "no_pixels", "is a DICOM file without pixel data; export the image with its pixels"
    # DICOM: damaged, or beyond what is read.
    CUT_OFF = "cut_off", "is a DICOM file, but it promises more bytes than it holds; export it again"
    DEFLATED_CUT_OFF = (
        "deflated_cut_off",
        "is a DICOM file, but its compressed part is cut off; export it again",
    )
    INFLATED_PACKED = (
        "inflated_packed",
        "unpacks to more than the {limit_mib} MiB that are read; unpack it and give what it holds",
    )
    INFLATED_TOO_LARGE = (
        "inflated_too_large",
        "unpacks to more than the {limit_mib} MiB that are read; export it without compression",
    )
    BAD_ELEMENTS = (
        "bad_elements",
        "is a DICOM file, but its elements cannot be read ({found}); export it again",
    )
    TOO_MANY_ELEMENTS = (
        "too_many_elements",
        "is a DICOM file, but it holds more elements than a series of scans needs; export it again",
    )
    BAD_HEADER = (
        "bad_header",
        "is a DICOM file, but its header holds values of a wrong kind ({found}); export it again",
    )
    BAD_SIZE = "bad_size", "is a DICOM file, but it announces an image of {found} pixels; export it again"
    BAD_FRAME_COUNT = (
        "bad_frame_count",
        "is a DICOM file, but it announces {found} frames; export it again",
    )
    TOO_MANY_FRAMES = (
        "too_many_frames",
        "announces {found} frames, at most {limit} are read; export the series in several files",
    )
    BAD_GREY_SCALE = (
        "bad_grey_scale",
        "is a DICOM file, but what it says about its grey values cannot be used ({found}); export it again",
    )
    UNKNOWN_PIXELS = (
        "unknown_pixels",
        "holds pixels of an unusual kind; grey, RGB, YBR and palette are read: convert it",
    )
    UNKNOWN_COMPRESSION = (
        "unknown_compression",
        "is compressed in a way that is not read (transfer syntax {found}); export it uncompressed",
    )
    BAD_PIXELS = (
        "bad_pixels",
        "is a DICOM file, but its pixel data cannot be decoded ({found}); export it again",
    )
    PIXELS_OF_OTHER_SYNTAX = (
        "pixels_of_other_syntax",
        "is a DICOM file, but its pixel data do not start as its transfer syntax says; export it again",
    )
    PIXELS_OF_OTHER_SIZE = (
        "pixels_of_other_size",
        "is a DICOM file, but its pixel data are of another size or depth than the image it announces; export it again",
    )
    PIXELS_TOO_LARGE = (
        "pixels_too_large",
        "is a DICOM file, but its pixel data unpack to more than the image it announces; export it again",
    )

    # DICOM: an image that is read, but not answered.
    NOT_ANSWERED = (
        "not_answered",
        "is {kind}, which is not answered; this does not mean that nothing is there; give the images that a "
        "radiologist reads, or ask for this one with --include-derived",
    )

    # Volumes.
    BAD_DIMENSIONS = (
        "bad_dimensions",
        "is a volume, but its dimensions are {found}; export it again",
    )
    BAD_VOXEL_TYPE = (
        "bad_voxel_type",
        "is a volume, but its data type {found} is unknown; export it again",
    )
    MISSING_VOXELS = (
        "missing_voxels",
        "is a volume, but it holds {found} of the {announced} bytes of voxels that its header announces; "
        "export it again",
    )
    NO_VOLUME = "no_volume", "holds no volume or image that is read; unpack it and give the images inside"
    HALF_A_VOLUME = (
        "half_a_volume",
        "is the header of a volume in two files, and the other one, {found}, is not beside it; give both files "
        "together, under their own names",
    )
    HEADER_MISSING = (
        "header_missing",
        "may be the voxels of a volume whose header, {found}, is not beside it; give both files together",
    )
    DATA_ELSEWHERE = (
        "data_elsewhere",
        "is a volume, but {found}; save it again as one file with raw or gzip-compressed voxels",
    )
    NO_SUCH_VOLUME = "no_such_volume", "holds {found} volumes, number {wanted} was asked for; ask for one of them"
    VOXEL_TYPE = (
        "voxel_type",
        "holds voxels of type {found}, integers, floats and RGB are read; save the magnitude",
    )
    VOLUME_TOO_LARGE = (
        "volume_too_large",
        "announces a volume of {size_gib:.1f} GiB ({found} voxels), at most {limit_gib} GiB are read; "
        "crop or downsample it",
    )
    SLICES_TOO_LARGE = (
        "slices_too_large",
        "announces {slices} {plane} slices of {found} pixels, at most {limit} of {limit_millions} million are read; "
        "check its dimensions and voxel sizes",
    )
    NO_FINITE_VOXEL = "no_finite_voxel", "holds no voxel with a finite value; export the volume again"

    # Archives, and files in them.
    EMPTY_ARCHIVE = "empty_archive", "is an archive without images; give one that holds some"
    DAMAGED_ARCHIVE = (
        "damaged_archive",
        "starts like an archive but is damaged ({found}); pack it again",
    )
    ARCHIVE_TOO_LARGE = (
        "archive_too_large",
        "is larger than the {limit_mib} MiB of an archive that are read; unpack it and give the folder",
    )
    TOO_MANY_MEMBERS = (
        "too_many_members",
        "holds more than {limit} files, archives in it included; split the archive",
    )
    UNPACKS_TOO_LARGE = (
        "unpacks_too_large",
        "announces {size_gib:.1f} GiB packed into {packed_mib:.1f} MiB, at most {limit} times as much is unpacked; "
        "unpack it and give the folder",
    )
    MEMBER_TOO_LARGE = (
        "member_too_large",
        "would unpack to {size_mib:.0f} MiB, more than {limit} times as much as it weighs; "
        "unpack the archive and give the folder",
    )
    NESTED_TOO_DEEP = (
        "nested_too_deep",
        "is an archive inside {depth} others; unpack the outer one and give its folder",
    )
    ENCRYPTED = "encrypted", "is encrypted; unpack the archive with its password and give the files"
    UNKNOWN_PACKING = (
        "unknown_packing",
        "is packed by a method that is not read; pack the archive again as a usual ZIP",
    )
    BAD_MEMBER = "bad_member", "cannot be unpacked ({found}); pack the archive again"


def describe_problem(problem: Problem, **facts: Fact) -> str:
    """The second half of a sentence that begins with the file's name.

    Args:
        problem: what is wrong.
        facts: one for each gap in its words; None where it is unknown. `kind` is a code of a kind of file.
    """
    given = {name: "unknown" if value is None else value for name, value in facts.items()}
    if "kind" in given:
        given["kind"] = _KINDS[str(given["kind"])]
    return problem.words.format(**given)
