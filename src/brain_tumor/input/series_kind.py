"""What a series of MR images shows, by what its header says of them."""

import re
from collections.abc import Iterable
from enum import StrEnum


class SeriesKind(StrEnum):
    """A kind of MR images; the codes are stable, presentation.series_words has the words."""

    MAGNITUDE = "magnitude"  # what a radiologist reads: also where the header does not say
    DIFFUSION = "diffusion"  # magnitude with diffusion weighting
    LOCALIZER = "localizer"
    REFORMAT = "reformat"  # recalculated in another plane
    DERIVED = "derived"  # calculated from other images, the header does not say how
    PHASE = "phase"
    REAL = "real"
    IMAGINARY = "imaginary"
    FIELD_MAP = "field_map"
    ADC = "adc"
    FA = "fa"
    TRACE = "trace"
    DIFFUSION_MAP = "diffusion_map"
    PERFUSION_MAP = "perfusion_map"
    PARAMETER_MAP = "parameter_map"  # of T1, T2, statistics and so on
    ASL = "asl"
    BOLD = "bold"
    SUBTRACTION = "subtraction"
    PROJECTION = "projection"  # such as a MIP
    SECONDARY_CAPTURE = "secondary_capture"  # a screen, a report
    MOSAIC = "mosaic"  # all slices of a volume as tiles of one picture, where they could not be separated

    @property
    def is_answered(self) -> bool:
        """Whether the network is asked; of the others, only where a person wants that."""
        return self in _ANSWERED


_ANSWERED = (
    SeriesKind.MAGNITUDE,
    SeriesKind.DIFFUSION,
    SeriesKind.LOCALIZER,
    SeriesKind.REFORMAT,
    SeriesKind.DERIVED,
)
# Words of ImageType and FrameType -> kind; the first line that has one counts. Sources: DICOM PS3.3, C.8.3.1.1.1,
# C.8.13.1 and C.8.13.3.1.1, and what Siemens, Philips and GE write, as dcm2niix reads it.
_IMAGE_TYPES: tuple[tuple[SeriesKind, str], ...] = (
    (SeriesKind.SECONDARY_CAPTURE, "SCREEN SAVE|SCREENSHOT|SCREEN CAPTURE|CSA REPORT|REPORT"),
    (SeriesKind.ADC, "ADC|ADC_UNSPECIFIED|ADC MAP"),
    (SeriesKind.FA, "FA|FA_UNSPECIFIED|FRACTIONAL ANISOTROPY|DIFFUSION_ANISO"),
    (SeriesKind.TRACE, "TRACEW|TRACE"),
    (SeriesKind.DIFFUSION_MAP, "EADC|EXPADC|TENSOR|COLFA|RA|VR|DIFFUSION MAP|DIFFUSION_ATTNTD|CALC_BVALUE"),
    (
        SeriesKind.PERFUSION_MAP,
        "CBF|CBV|MTT|TTP|TMAX|PBP|GBP|RELCBF|RELCBV|RELMTT|RCBF|RCBV|RMTT|RELCCBV|KTRANS|KEP|IAUC|LEAKAGE|"
        "PERFUSION MAP|WASH_IN|WASH_OUT|PEI",
    ),
    (SeriesKind.ASL, "ASL|ASL_TAG|ASL_CONTROL"),
    (SeriesKind.BOLD, "FMRI|BOLD|MOCO_FMRI"),
    (SeriesKind.PARAMETER_MAP, "T_MAP|TMAP|TTEST|GLM|STATISTIC|ZMAP|T1 MAP|T2 MAP|R1 MAP|R2 MAP|T2_STAR MAP|"
     "R2_STAR MAP|T1MAP|T2MAP|T1_MAP|T2_MAP|T2STAR_MAP|T2* MAP|R2* MAP|PD MAP|QSM|FAT_FRACTION|PDFF|"
     "ELASTICITY|STIFFNESS|TEMPERATURE|NEI"),
    (SeriesKind.FIELD_MAP, "FIELD MAP|FIELDMAP|FIELD_MAP|B0 MAP|B0_MAP|B0MAP|B0|B1 MAP|B1_MAP|B1MAP|B1"),
    (SeriesKind.PHASE, "VELOCITY|VELOCITY MAP|VELOCITY_MAP|PCA|PHASE CONTRAST"),
    (SeriesKind.PROJECTION, "MIP|MINIP|MNIP|PROJECTION IMAGE|PROJECTION|MAXIMUM INTENSITY|MAX_IP|MIN_IP|MAX IP|MIN IP|"
     "VRT"),
    (SeriesKind.SUBTRACTION, "SUBTRACTION|SUBTRACT|SUB"),
    (SeriesKind.PHASE, "P|PHASE|PHASE MAP|PHASE_MAP"),
    (SeriesKind.REAL, "R|REAL"),
    (SeriesKind.IMAGINARY, "I|IMAGINARY"),
    (SeriesKind.REFORMAT, "MPR|CPR|REFORMATTED|REFORMAT|CSA MPR"),
    (SeriesKind.LOCALIZER, "LOCALIZER|LOCALISER|SCOUT"),
)  # fmt: skip
_BY_IMAGE_TYPE = tuple((kind, frozenset(words.split("|"))) for kind, words in _IMAGE_TYPES)
# Philips adds the kind of sequence: M_FFE, P_SE, R_IR.
_PHILIPS = re.compile(r"([MPRI])_(FFE|SE|IR|TSE|TFE|B0|B1|EPI)")
_COMPONENTS = {
    "PHASE": SeriesKind.PHASE,
    "REAL": SeriesKind.REAL,
    "IMAGINARY": SeriesKind.IMAGINARY,
}
# Functional series are original images, and on many scanners only their names tell.
_NAMES = (
    (SeriesKind.BOLD, re.compile(r"bold|fmri|resting[ _-]?state", re.IGNORECASE)),
    (SeriesKind.ASL, re.compile(r"(?<![a-z])(p|pc|3d)?asl(?![a-z])", re.IGNORECASE)),
)
# Of images that say that they are derived.
_DERIVED_NAMES: tuple[tuple[SeriesKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?<![a-z])({words})(?![a-z0-9])", re.IGNORECASE))
    for kind, words in (
        (SeriesKind.DIFFUSION_MAP, "e(xp)?[ _-]?adc|exponential.*|tensor|col[ou]*r?[ _-]?fa|dti.*map"),
        (SeriesKind.ADC, "d?adc.*|apparent[ _]diffusion.*|average[ _]dc"),
        (SeriesKind.FA, "fa|fractional[ _]?aniso.*"),
        (SeriesKind.TRACE, "tracew?|isotropic[ _]image"),
        (SeriesKind.PERFUSION_MAP, "(rel|r)?(cbf|cbv|mtt|ttp)|tmax|ktrans|perfusion.*"),
        (SeriesKind.FIELD_MAP, "(field|b0|b1)[ _-]?map"),
        (SeriesKind.PARAMETER_MAP, "(t1|t2|t2star|r2|r2star)[ _-]?map|qsm"),
        (SeriesKind.PROJECTION, "mip|min[ _]?ip"),
        (SeriesKind.SUBTRACTION, "sub|subtract.*"),
    )
)
_MAGNITUDES = frozenset({"M", "MAGNITUDE", "NORM", "ND", "DIS2D", "DIS3D", "UNI"})


def find_kind(
    image_type: Iterable[str],
    component: str | None = None,
    names: Iterable[str | None] = (),
    b_value: float | None = None,
    is_capture: bool = False,
) -> SeriesKind:
    """The kind of MR images.

    Args:
        image_type: the values of ImageType, or of a frame's FrameType.
        component: ComplexImageComponent, such as "PHASE".
        names: SeriesDescription and ProtocolName; only functional series and derived images are known by them.
        b_value: of diffusion weighting, s/mm2.
        is_capture: whether the file's class is a secondary capture.
    """
    values = [value.strip().upper() for value in image_type]
    flavours = set(values[2:]) | {found[1] for value in values if (found := _PHILIPS.fullmatch(value))}
    is_derived = values[:1] == ["DERIVED"]
    texts = [name for name in names if name]
    if is_capture:
        return SeriesKind.SECONDARY_CAPTURE
    for kind, words in _BY_IMAGE_TYPE:
        if kind is SeriesKind.PHASE and component in _COMPONENTS:
            return _COMPONENTS[component]
        if flavours & words:
            return kind
    for kind, pattern in (*_NAMES, *(_DERIVED_NAMES if is_derived else ())):
        if any(pattern.search(text) for text in texts):
            return kind
    if is_derived and values[1:2] == ["SECONDARY"] and not flavours & _MAGNITUDES:
        return SeriesKind.DERIVED
    return SeriesKind.DIFFUSION if b_value else SeriesKind.MAGNITUDE
