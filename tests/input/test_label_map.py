from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status
from brain_tumor.input.label_map import holds_labels, is_named_label_map
from brain_tumor.input.series import ReadOptions
from brain_tumor.input.volume_file import read_volume
from tests.hostile.reading import make_classifier
from tests.input.volumes import nifti_bytes

DICE = np.random.default_rng(7)


def atlas(labels: int) -> NDArray[np.int16]:
    """Blocks of 8 voxels a side, each a region."""
    blocks = DICE.integers(0, labels + 1, (8, 8, 8))
    return np.kron(blocks, np.ones((16, 16, 16), int)).astype(np.int16)


def noise(dtype: Any = np.int16, values: int = 900) -> NDArray[Any]:
    return DICE.integers(0, values, (64, 64, 64)).astype(dtype)


@pytest.mark.parametrize(
    "name",
    [
        "sub-01_space-T1w_desc-brain_mask.nii.gz",
        "sub-01_dseg.nii",
        "sub-01_label-GM_probseg.nii.gz",
        "mri/aseg.mgz",
        "mri/aparc+aseg.mgz",
        "mask.nii",
        "tumor.seg.nrrd",
        "fast_pve_1.nii.gz",
        "fast_pveseg.nii.gz",
        "mni_icbm152_gm_tal_nlin_sym_09a.nii.gz",
        "brain_CSF.nii",
    ],
)
def test_names_of_label_maps_are_known(name: str) -> None:
    assert is_named_label_map(name)


@pytest.mark.parametrize(
    "name",
    [
        "sub-01_T1w.nii.gz",
        "mri/brainmask.mgz",
        "masked_T1.nii",
        "T1.mgz",
        "dseg/T1.nii",
        "wm/T1.nii",
        "csf_flow_T2.nii",
    ],
)
def test_names_of_scans_are_none(name: str) -> None:
    assert not is_named_label_map(name)


@pytest.mark.parametrize("values", [atlas(1), atlas(4), atlas(4).astype(np.float32), atlas(100), atlas(2000)])
def test_few_values_and_regions_are_labels(values: NDArray[Any]) -> None:
    assert holds_labels(values)


@pytest.mark.parametrize("values", [noise(), noise(np.float32), noise(np.uint8, 200), np.zeros((64, 64, 64), np.int16)])
def test_a_scan_and_a_blank_volume_are_none(values: NDArray[Any]) -> None:
    assert not holds_labels(values)


@pytest.mark.parametrize(("values", "fields"), [(atlas(3), {}), (noise(), {"intent_code": 1002})])
def test_no_slice_of_a_label_map_is_analysed(values: NDArray[Any], fields: dict[str, Any]) -> None:
    series = read_volume(nifti_bytes(values, **fields), "brain.nii", ReadOptions())
    result = make_classifier().classify_slice(series.slices[30])
    assert (result.verdict.status, result.verdict.reason) == (Status.NOT_A_BRAIN_MRI, Reason.LABEL_MAP)


def test_a_scan_is_analysed() -> None:
    series = read_volume(nifti_bytes(noise()), "brain.nii", ReadOptions())
    assert make_classifier().classify_slice(series.slices[30]).verdict.reason is not Reason.LABEL_MAP
