import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.errors import ScanError
from brain_tumor.input.files import open_paths
from brain_tumor.input.series import ReadOptions, Series
from brain_tumor.input.series_kind import SeriesKind
from brain_tumor.problems import Problem
from tests.input.test_archive import zip_bytes
from tests.input.volumes import make_values, nifti_bytes, nifti_gz_bytes


def opened(folder: Path, name: str, sidecar: Any = None, options: ReadOptions | None = None) -> Series:
    path = folder / name
    path.write_bytes(nifti_gz_bytes() if name.endswith(".gz") else nifti_bytes())
    if sidecar is not None:
        text = sidecar if isinstance(sidecar, str) else json.dumps(sidecar)
        (folder / f"{name.partition('.')[0]}.json").write_text(text)
    (series,) = open_paths([str(path)], options)
    return series


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sub-01_task-rest_run-01_bold.nii.gz", SeriesKind.BOLD),
        ("sub-01_task-rest_sbref.nii.gz", SeriesKind.BOLD),
        ("sub-01_asl.nii.gz", SeriesKind.ASL),
        ("sub-01_m0scan.nii.gz", SeriesKind.ASL),
        ("sub-01_phasediff.nii.gz", SeriesKind.FIELD_MAP),
        ("sub-01_phase1.nii", SeriesKind.FIELD_MAP),
        ("sub-01_fieldmap.nii.gz", SeriesKind.FIELD_MAP),
        ("sub-01_acq-famp_TB1map.nii.gz", SeriesKind.FIELD_MAP),
        ("sub-01_part-phase_T2starw.nii.gz", SeriesKind.PHASE),
        ("sub-01_echo-1_part-real_MEGRE.nii.gz", SeriesKind.REAL),
        ("sub-01_task-rest_part-phase_bold.nii.gz", SeriesKind.PHASE),
        ("sub-01_T1map.nii.gz", SeriesKind.PARAMETER_MAP),
        ("sub-01_contrast-faces_stat-t_statmap.nii.gz", SeriesKind.PARAMETER_MAP),
        ("sub-01_minIP.nii.gz", SeriesKind.PROJECTION),
        ("7_gre_field_mapping_ph.nii.gz", SeriesKind.PHASE),
        ("dti_FA.nii.gz", SeriesKind.FA),
        ("12_ep2d_diff_ADC.nii", SeriesKind.ADC),
    ],
)
def test_a_kind_that_a_name_says_is_not_answered_unless_asked_for(name: str, kind: SeriesKind, tmp_path: Path) -> None:
    series = opened(tmp_path, name)
    assert (series.kind, series.is_answered) == (kind, False)
    with pytest.raises(ScanError) as caught:
        series.slices[0].read()
    assert caught.value.problem is Problem.NOT_ANSWERED
    asked = opened(tmp_path, name, options=ReadOptions(include_derived=True))
    assert asked.is_answered and asked.slices[0].read().pixels.size


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sub-01_T1w.nii.gz", None),
        ("sub-01_ce-gad_T1w.nii.gz", None),
        ("sub-01_inv-1_part-mag_MP2RAGE.nii.gz", None),
        ("sub-01_UNIT1.nii.gz", None),
        ("sub-01_magnitude1.nii.gz", None),
        ("bold.nii", None),  # a word alone may be a person's
        ("sub-01_dwi.nii.gz", SeriesKind.DIFFUSION),
        ("sub-01_dir-AP_sbref.nii.gz", SeriesKind.MAGNITUDE),
    ],
)
def test_a_name_of_what_radiologists_read_changes_nothing(name: str, kind: SeriesKind | None, tmp_path: Path) -> None:
    series = opened(tmp_path, name)
    assert (series.kind, series.is_answered) == (kind, True)


@pytest.mark.parametrize(
    ("sidecar", "kind", "is_answered"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND", "PHASE"]}, SeriesKind.PHASE, False),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"], "Modality": "MR"}, SeriesKind.ADC, False),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M"], "SeriesDescription": "fMRI rest"}, SeriesKind.BOLD, False),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"], "ComplexImageComponent": "PHASE"}, SeriesKind.PHASE, False),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}, SeriesKind.MAGNITUDE, True),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P"], "Modality": "CT"}, None, True),
        ({"EchoTime": 0.003}, None, True),
        ([1, 2], None, True),
        ("{no json", None, True),
        ("[" * 100_000, None, True),
        (json.dumps({"ImageType": ["", "", "P"], "more": " " * 2**20}), None, True),  # no converter writes as much
    ],
)
def test_what_a_converter_wrote_beside_a_volume_counts(
    sidecar: Any, kind: SeriesKind | None, is_answered: bool, tmp_path: Path
) -> None:
    series = opened(tmp_path, "7_scan.nii.gz", sidecar)
    assert (series.kind, series.is_answered) == (kind, is_answered)


@pytest.mark.parametrize(
    ("name", "sidecar", "modality"),
    [
        ("sub-01_trc-FDG_pet.nii.gz", None, "PT"),
        ("sub-01_ct.nii.gz", None, "CT"),
        ("7_scan.nii.gz", {"Modality": "PT"}, "PT"),
        ("7_scan.nii.gz", {"Modality": "ct", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}, "CT"),
        ("7_scan.nii.gz", {"Modality": "MR"}, "MR"),
        ("7_scan.nii.gz", {"Modality": 7}, None),
        ("pet.nii", None, None),
    ],
)
def test_the_modality_that_a_name_or_a_sidecar_says_is_known_to_the_gate(
    name: str, sidecar: Any, modality: str | None, tmp_path: Path
) -> None:
    assert opened(tmp_path, name, sidecar).slices[0].read().modality == modality


def test_a_sidecar_in_an_archive_counts_too(tmp_path: Path) -> None:
    said = json.dumps({"ImageType": ["ORIGINAL", "PRIMARY", "P"]}).encode()
    (tmp_path / "all.zip").write_bytes(zip_bytes({"in/scan.nii": nifti_bytes(), "in/scan.json": said}))
    (series,) = open_paths([str(tmp_path / "all.zip")])
    assert series.kind is SeriesKind.PHASE


def test_what_is_not_answered_is_one_series_however_many_volumes_it_has(tmp_path: Path) -> None:
    path = tmp_path / "sub-01_task-rest_bold.nii"
    path.write_bytes(nifti_bytes(make_values((3, 4, 5, 2))))
    every = ReadOptions(volume="all")
    assert [series.volume for series in open_paths([str(path)], every)] == [1]
    assert [series.volume for series in open_paths([str(path)], replace(every, include_derived=True))] == [1, 2]
