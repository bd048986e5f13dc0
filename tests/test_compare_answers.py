import csv
from pathlib import Path

import pytest

from tools.compare_answers import FIRST, SAME_CLASS, SAME_SIDE, SECOND, compare, is_within_tolerance, read_answers


def row(label: str, named: str, status: str, glioma: float) -> dict[str, str]:
    return {"label": label, "class": named, "status": status, "p_glioma": str(glioma), "p_no_tumor": str(1 - glioma)}


def test_answers_are_compared_image_by_image() -> None:
    first = {
        "a": row("Glioma", "Glioma", "classified", 0.9),
        "b": row("Glioma", "No Tumor", "classified", 0.4),
        "c": row("No Tumor", "No Tumor", "classified", 0.1),
        "d": row("No Tumor", "No Tumor", "not_a_brain_mri", 0.1),
    }
    second = {
        **first,
        "b": row("Glioma", "Glioma", "uncertain", 0.6),
        "c": row("No Tumor", "No Tumor", "not_a_brain_mri", 0.1),
    }
    assert list(compare(first, second).values()) == pytest.approx([4, 0.75, 1.0, 0.75, 0.75, 0.05])


@pytest.mark.parametrize("worse", [{SECOND: 0.96}, {SAME_CLASS: 0.96}, {SAME_SIDE: 0.97}])
def test_each_figure_has_its_tolerance(worse: dict[str, float]) -> None:
    same = {FIRST: 0.98, SECOND: 0.975, SAME_CLASS: 0.98, SAME_SIDE: 0.99}
    assert is_within_tolerance(same) and not is_within_tolerance(same | worse)


def test_other_images_are_refused() -> None:
    first = {"a": row("Glioma", "Glioma", "classified", 0.9)}
    with pytest.raises(ValueError, match="other images"):
        compare(first, {"b": first["a"]})


def test_a_report_is_read_by_file(tmp_path: Path) -> None:
    with (tmp_path / "predictions.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "class"])
        writer.writeheader()
        writer.writerow({"file": "a.jpg", "class": "Glioma"})
    assert read_answers(tmp_path) == {"a.jpg": {"file": "a.jpg", "class": "Glioma"}}
