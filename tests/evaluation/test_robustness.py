from pathlib import Path

import numpy as np
import pytest

from brain_tumor.classifier import Result
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.evaluation.corruptions import Corruption
from brain_tumor.evaluation.labelled import ImageFile, find_labelled
from brain_tumor.evaluation.robustness import LabelledFile, draw_sample, measure_robustness
from brain_tumor.input.scan import Scan
from brain_tumor.labels import LABELS, Label
from tests.evaluation.fakes import fill
from tests.factories import make_output


class BrightnessClassifier:
    """Names a glioma below a mean of 0.65, else a pituitary tumor, without doubt; above 0.85 it rejects.

    The pictures of `fill` are ramps with a mean of 0.5. Brightened by 0.1 to 0.5 and clipped at white, half of
    the square of what is added is lost: their means are 0.595, 0.68, 0.755, 0.82 and 0.875.
    """

    def classify_scan(self, scan: Scan, name: str) -> Result:
        """As Classifier.classify_scan."""
        mean = float(scan.pixels.mean())
        verdict = Verdict(Label.GLIOMA if mean < 0.65 else Label.PITUITARY, Status.CLASSIFIED, None)
        if mean > 0.85:
            verdict = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.NOT_A_BRAIN)
        return Result(name, scan, make_output(), verdict, LABELS, "bright-1")


def name_files(**counts: int) -> list[LabelledFile]:
    labels = {label.slug: label for label in LABELS}
    return [
        (ImageFile(Path(f"{slug}/{n}.png"), f"{slug}/{n}.png"), labels[slug])
        for slug, count in counts.items()
        for n in range(count)
    ]


def test_an_answer_that_changes_with_the_picture_is_a_silent_error_until_the_gate_rejects(tmp_path: Path) -> None:
    data = find_labelled(fill(tmp_path, "glioma/a.png", "glioma/b.png"))
    robustness = measure_robustness(BrightnessClassifier(), data.files, 10)
    assert robustness.clean.macro_f1.value == 1.0
    steps = robustness.corrupted[Corruption.BRIGHTNESS]
    assert [step.macro_f1.value for step in steps] == [1, 0, 0, 0, 0]
    assert [step.silent_errors.hits for step in steps if step.silent_errors] == [0, 2, 2, 2, 0]
    assert [step.not_analysed.hits for step in steps if step.not_analysed] == [0, 0, 0, 0, 2]
    assert robustness.drop_points(steps[1]) == pytest.approx(100)


def test_the_mean_drop_is_that_of_the_middle_strength(tmp_path: Path) -> None:
    data = find_labelled(fill(tmp_path, "glioma/a.png"))
    robustness = measure_robustness(BrightnessClassifier(), data.files, 10)
    drops = [robustness.drop_points(steps[2]) for steps in robustness.corrupted.values()]
    assert len(drops) == 12
    assert robustness.mean_drop_points == pytest.approx(np.mean(drops))
    assert robustness.mean_drop_points >= 100 / 12  # brightness alone costs every point


def test_a_sample_holds_each_class_in_proportion() -> None:
    sample = draw_sample(name_files(glioma=60, no_tumor=30, pituitary=10), 20)
    counts = {label: sum(item is label for _, item in sample) for label in LABELS}
    assert counts == {Label.GLIOMA: 12, Label.MENINGIOMA: 0, Label.NO_TUMOR: 6, Label.PITUITARY: 2}


def test_a_sample_depends_on_the_names_only() -> None:
    files = name_files(glioma=20, pituitary=20)
    assert draw_sample(files, 8) == draw_sample(files[::-1], 8)
    assert draw_sample(files, 8) != tuple(files[:4] + files[20:24])


def test_a_smaller_sample_begins_a_larger_one() -> None:
    files = name_files(glioma=20, meningioma=7, pituitary=13)
    assert draw_sample(files, 9) == draw_sample(files, 25)[:9]


def test_a_sample_is_never_larger_than_the_data() -> None:
    assert len(draw_sample(name_files(glioma=3), 200)) == 3
