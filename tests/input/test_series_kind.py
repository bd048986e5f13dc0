import pytest

from brain_tumor.input.series_kind import SeriesKind, find_kind


@pytest.mark.parametrize(
    ("image_type", "kind"),
    [
        ("ORIGINAL PRIMARY M ND NORM", SeriesKind.MAGNITUDE),
        ("ORIGINAL PRIMARY P ND", SeriesKind.PHASE),
        ("ORIGINAL PRIMARY PHASE MAP", SeriesKind.PHASE),
        ("ORIGINAL PRIMARY P_SE P SE", SeriesKind.PHASE),  # Philips
        ("original primary i", SeriesKind.IMAGINARY),
        ("DERIVED PRIMARY DIFFUSION ADC", SeriesKind.ADC),
        ("DERIVED PRIMARY MPR NORM", SeriesKind.REFORMAT),
        ("DERIVED SECONDARY", SeriesKind.DERIVED),
        ("DERIVED SECONDARY OTHER M", SeriesKind.MAGNITUDE),
        ("", SeriesKind.MAGNITUDE),
    ],
)
def test_image_type_names_the_kind(image_type: str, kind: SeriesKind) -> None:
    assert find_kind(image_type.split()) is kind


def test_the_patient_part_of_image_type_names_no_kind() -> None:
    # Value 1 and 2 are pixel data and examination; a P there is no phase.
    assert find_kind(["P", "P"]) is SeriesKind.MAGNITUDE


def test_names_count_for_derived_images_and_for_functional_ones_alone() -> None:
    assert find_kind(["DERIVED", "PRIMARY"], names=["dADC map"]) is SeriesKind.ADC
    assert find_kind(["ORIGINAL", "PRIMARY"], names=["dADC map"]) is SeriesKind.MAGNITUDE
    assert find_kind(["ORIGINAL", "PRIMARY"], names=[None, "resting state"]) is SeriesKind.BOLD


def test_the_complex_component_says_which_part_an_unspecific_phase_is() -> None:
    assert find_kind(["ORIGINAL", "PRIMARY", "R"], component="REAL") is SeriesKind.REAL


def test_a_b_value_above_0_is_diffusion() -> None:
    assert find_kind(["ORIGINAL", "PRIMARY"], b_value=1000.0) is SeriesKind.DIFFUSION
    assert find_kind(["ORIGINAL", "PRIMARY"], b_value=0.0) is SeriesKind.MAGNITUDE


def test_a_secondary_capture_is_nothing_else() -> None:
    assert find_kind(["ORIGINAL", "PRIMARY", "M"], is_capture=True) is SeriesKind.SECONDARY_CAPTURE
