"""What a NIfTI volume shows, by its name in a BIDS folder or by the JSON file that a converter left beside it."""

import json
import re
from pathlib import PurePath
from typing import Any, NamedTuple

from brain_tumor.errors import ScanError
from brain_tumor.input.label_map import without_endings
from brain_tumor.input.series_kind import SeriesKind, find_kind
from brain_tumor.input.source_file import SourceFile

# A converter writes a few kilobytes; more is something else.
_MAX_JSON_BYTES = 2**20
# The last word of a name, in small letters. Sources: BIDS 1.10, suffixes of MRI, with its older ones and those of
# SWI and of statistics; what dcm2niix adds to a name (ph, real, imaginary, fieldmaphz, adc) and what FSL's dtifit does
# (fa, md, ...).
_SUFFIXES: tuple[tuple[SeriesKind, str], ...] = (
    (SeriesKind.BOLD, "bold boldref cbv"),
    (SeriesKind.DIFFUSION, "dwi"),
    (SeriesKind.ASL, "asl m0scan"),
    (SeriesKind.FIELD_MAP, "phasediff phase1 phase2 fieldmap fieldmaphz tb1map rb1map b0map b1map tb1dam tb1epi tb1afi"
     " tb1tfl tb1rfm tb1srge rb1cor"),
    (SeriesKind.PHASE, "ph phase"),
    (SeriesKind.REAL, "real"),
    (SeriesKind.IMAGINARY, "imaginary imag"),
    (SeriesKind.ADC, "adc"),
    (SeriesKind.FA, "fa"),
    (SeriesKind.TRACE, "trace tracew"),
    (SeriesKind.DIFFUSION_MAP, "md dwimap tensor expadc eadc"),
    (SeriesKind.PERFUSION_MAP, "cbf mtt ttp tmax rcbf rcbv"),
    (SeriesKind.PARAMETER_MAP, "t1map t2map t2starmap r1map r2map r2starmap pdmap mtrmap mtsat mtvmap mwfmap pdt2map"
     " chimap m0map s0map qsm statmap"),
    (SeriesKind.PROJECTION, "minip mip"),
)  # fmt: skip
# Those of other scanners, with DICOM's codes of them.
_MODALITIES = {"pet": "PT", "ct": "CT"}
_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES for suffix in suffixes.split()}
_PARTS = {"phase": SeriesKind.PHASE, "real": SeriesKind.REAL, "imag": SeriesKind.IMAGINARY}
_PART = re.compile(r"_part-(phase|real|imag)_")
# A single-band reference belongs to the functional or to the diffusion series that it was taken for.
_REFERENCE, _TASK = "sbref", re.compile(r"_task-[a-z0-9]+_")


class VolumeFacts(NamedTuple):
    """What is said of a volume outside of it."""

    kind: SeriesKind | None = None  # None where nothing says
    modality: str | None = None  # DICOM's code, such as "MR" or "PT"; None where nothing says


def find_volume_facts(file: SourceFile) -> VolumeFacts:
    """What a volume shows, by its name, else by the JSON file beside it."""
    name = without_endings(PurePath(file.name).name)
    return _by_name(name.lower()) or _by_sidecar(file, f"{name}.json")


def _by_name(name: str) -> VolumeFacts | None:
    words = name.split("_")
    if len(words) < 2:
        return None
    if modality := _MODALITIES.get(words[-1]):
        return VolumeFacts(modality=modality)
    if part := _PART.search(name):
        return VolumeFacts(_PARTS[part[1]])
    if words[-1] == _REFERENCE:
        return VolumeFacts(SeriesKind.BOLD if _TASK.search(name) else SeriesKind.MAGNITUDE)
    kind = _BY_SUFFIX.get(words[-1])
    return VolumeFacts(kind) if kind else None


def _by_sidecar(file: SourceFile, name: str) -> VolumeFacts:
    said = _read_json(file.find_beside(name))
    modality = said["Modality"].upper() if isinstance(said.get("Modality"), str) else None
    image_type = said.get("ImageType")
    if not isinstance(image_type, list) or modality not in (None, "MR"):
        return VolumeFacts(modality=modality)
    component = said.get("ComplexImageComponent")
    names = [said.get(word) for word in ("SeriesDescription", "ProtocolName")]
    kind = find_kind(
        [str(value) for value in image_type],
        component.upper() if isinstance(component, str) else None,
        [text for text in names if isinstance(text, str)],
    )
    return VolumeFacts(kind, modality)


def _read_json(beside: SourceFile | None) -> dict[str, Any]:
    if beside is None:
        return {}
    try:
        with beside.stream() as stream:
            content = stream.read(_MAX_JSON_BYTES + 1)
        found = json.loads(content) if len(content) <= _MAX_JSON_BYTES else {}
    except (ScanError, OSError, ValueError, RecursionError):
        return {}  # it says nothing of the volume then
    return found if isinstance(found, dict) else {}
