from dataclasses import replace
from pathlib import Path

from PIL import Image

from brain_tumor.classifier import Result
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict, decide
from brain_tumor.evaluation.labelled import ImageFile, find_labelled
from brain_tumor.evaluation.metrics import Estimate, proportion_ci
from brain_tumor.evaluation.run import Evaluation, evaluate
from brain_tumor.evaluation.source_measures import MeasuredSource, measure_sources
from brain_tumor.evaluation.sources import Source, find_sources
from brain_tumor.evaluation.summary import render_text
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import LABELS, ClassNames, Label
from tests.evaluation.fakes import MODEL, FakeClassifier, fill
from tests.factories import encode, make_output, make_rules, png_bytes

RAMP, BLACK = Image.linear_gradient("L"), Image.new("L", (256, 256))


def measure(folder: Path, *sources: Source) -> Evaluation:
    data = find_labelled(fill(folder / "data", "notumor/no_tumor-90.png"))
    return evaluate(FakeClassifier(), MODEL, data, sources, "2026-01-31")


def one_brain_mri(folder: Path, family: str, *names: str) -> MeasuredSource:
    (source,) = find_sources(fill(folder / "other", *(f"{family}/{name}" for name in names)), is_brain_mri=True)
    (result,) = measure_sources(measure(folder, source).source_results).brain_mri
    return result


def counts(estimate: Estimate | None) -> tuple[int | None, int | None]:
    assert estimate is not None
    return estimate.hits, estimate.total


def test_tumors_called_a_tumor_are_counted_with_and_without_the_uncertain(tmp_path: Path) -> None:
    names = ("glioma-95.png", "pituitary-60.png", "meningioma-40.png", "no_tumor-90.png", "reject-1.png")
    result = one_brain_mri(tmp_path, "tumor-unknown", *names)
    assert counts(result.measures.accepted) == (4, 5)
    assert counts(result.measures.called_tumor) == (3, 5)
    assert counts(result.measures.called_tumor_classified) == (2, 5)
    assert counts(result.measures.called_tumor_surely) == (1, 5)
    assert counts(result.measures.uncertain) == (1, 5)
    assert counts(result.right) == (3, 5)


def test_healthy_brains_called_a_tumor_are_false_alarms(tmp_path: Path) -> None:
    names = ("glioma-95.png", "no_tumor-90.png", "no_tumor-40.png", "reject-1.png")
    result = one_brain_mri(tmp_path, "healthy-t1", *names)
    assert counts(result.measures.called_tumor) == (1, 4)
    assert counts(result.measures.uncertain) == (1, 4)
    # The rejected one is No Tumor by rule.
    assert counts(result.right) == (3, 4)


def test_a_class_folder_wants_that_very_class(tmp_path: Path) -> None:
    result = one_brain_mri(tmp_path, "glioma", "glioma-90.png", "meningioma-90.png")
    assert counts(result.right) == (1, 2)
    assert counts(result.measures.called_tumor) == (2, 2)


def test_of_other_brain_mri_only_the_gate_is_judged(tmp_path: Path) -> None:
    result = one_brain_mri(tmp_path, "mixed", "glioma-90.png", "reject-1.png")
    assert counts(result.measures.accepted) == (1, 2)
    assert result.right is None


def test_shares_come_with_wilsons_interval(tmp_path: Path) -> None:
    result = one_brain_mri(tmp_path, "tumor", "glioma-90.png", "no_tumor-90.png")
    assert result.measures.called_tumor == proportion_ci(1, 2)


def test_a_bad_file_is_counted_named_and_the_good_ones_are_measured(tmp_path: Path) -> None:
    folder = fill(tmp_path / "other", "healthy/no_tumor-90.png", "healthy/glioma-90.png")
    (folder / "healthy/m-broken.png").write_bytes(b"not an image")
    evaluation = measure(tmp_path, *find_sources(folder, is_brain_mri=True))
    (result,) = measure_sources(evaluation.source_results).brain_mri
    assert (result.measures.images, result.measures.unreadable) == (3, 1)
    assert counts(result.measures.called_tumor) == (1, 2)
    assert [outcome.file.name for outcome in evaluation.unreadable] == ["healthy/m-broken.png"]


def test_a_source_of_bad_files_only_has_no_shares(tmp_path: Path) -> None:
    folder = fill(tmp_path / "other", "healthy/a.png")
    (folder / "healthy/a.png").write_bytes(b"")
    (result,) = measure_sources(measure(tmp_path, *find_sources(folder, is_brain_mri=True)).source_results).brain_mri
    assert (result.measures.images, result.measures.unreadable) == (1, 1)
    assert (result.measures.accepted, result.measures.called_tumor, result.right) == (None, None, None)


def test_the_total_is_over_everything_that_is_not_brain_mri(tmp_path: Path) -> None:
    others = fill(tmp_path / "not", "ct/glioma-95.png", "ct/reject-1.png", "cats/glioma-60.png", "cats/no_tumor-99.png")
    brains = fill(tmp_path / "other", "healthy/glioma-95.png")
    sources = (*find_sources(others, is_brain_mri=False), *find_sources(brains, is_brain_mri=True))
    measured = measure_sources(measure(tmp_path, *sources).source_results)
    assert [item.source.name for item in measured.not_brain_mri] == ["cats", "ct"]
    total = measured.all_not_brain_mri
    assert total is not None
    assert counts(total.accepted) == (3, 4)
    assert counts(total.called_tumor) == (2, 4)
    assert counts(total.called_tumor_surely) == (1, 4)
    assert total.rejections == {Reason.NOT_A_BRAIN: 1}


def test_a_file_of_two_families_counts_once_in_the_total(tmp_path: Path) -> None:
    (whole,) = find_sources(fill(tmp_path / "not", "ct/glioma-95.png", "ct/reject-1.png"), is_brain_mri=False)
    path = tmp_path / "not" / ".." / "not" / "ct" / "glioma-95.png"
    part = Source("held back", "list.csv", False, (), (ImageFile(path, "glioma-95.png"),))
    total = measure_sources(measure(tmp_path, whole, part).source_results).all_not_brain_mri
    assert total is not None
    assert counts(total.called_tumor_surely) == (1, 2)


def test_without_such_pictures_there_is_no_total(tmp_path: Path) -> None:
    assert measure_sources(measure(tmp_path).source_results).all_not_brain_mri is None


class RuledClassifier:
    """The real rules; the gate score is too low for a file whose name has "unlike" in it."""

    def classify(self, data: bytes, name: str) -> Result:
        """As Classifier.classify."""
        scan, output = read_scan(data, name), make_output(gate_score=-1.0 if "unlike" in name else 1.0)
        return Result(name, scan, output, decide(scan, output, make_rules()), LABELS, MODEL.model_id)


def test_findings_of_another_model_are_counted(tmp_path: Path) -> None:
    classes = (Label("tear", True), Label("intact", False))

    class KneeClassifier:
        def classify(self, data: bytes, name: str) -> Result:
            label = classes["intact" in name]
            probabilities = (0.95, 0.05) if label.is_finding else (0.05, 0.95)
            verdict = Verdict(label, Status.CLASSIFIED, None, subject="knee MRI")
            return Result(name, read_scan(data, name), make_output(probabilities), verdict, classes, "knee-1")

    names = ClassNames(classes=classes)
    data = find_labelled(fill(tmp_path / "data", "tear/tear.png", "intact/intact.png"), names)
    folder = fill(tmp_path / "other", "healthy/tear.png", "healthy/intact.png", "finding/tear.png")
    sources = (
        *find_sources(folder, True, names, "knee MRI"),
        *find_sources(folder / "finding", False, names, "knee MRI"),
    )
    evaluation = evaluate(KneeClassifier(), replace(MODEL, subject="knee MRI"), data, sources, "2026-01-31")
    found = {item.source.name: item for item in measure_sources(evaluation.source_results).brain_mri}
    assert counts(found["healthy"].measures.called_tumor) == (1, 2)
    assert counts(found["healthy"].right) == (1, 2)
    assert counts(found["finding"].right) == (1, 1)
    text = render_text(evaluation)
    assert "called finding 50.0 %" in text and "healthy (knee MRI, intact)" in text
    assert "surely finding 100.0 %" in text and "all that is not knee MRI" in text
    assert "tumor" not in text and "brain" not in text


def test_the_gates_own_reasons_are_counted_and_small_images_are_one(tmp_path: Path) -> None:
    folder = fill(tmp_path / "not", "x/good.png", "x/unlike.png")
    for side in (20, 30):
        (folder / f"x/{side}.png").write_bytes(png_bytes(side))
    (folder / "x/red.png").write_bytes(encode(Image.merge("RGB", (RAMP, BLACK, BLACK)), "PNG"))
    data = find_labelled(fill(tmp_path / "data", "notumor/a.png"))
    families = evaluate(
        RuledClassifier(), MODEL, data, find_sources(folder, is_brain_mri=False), "2026-01-31"
    ).source_results
    (result,) = measure_sources(families).not_brain_mri
    assert result.measures.rejections == {
        Reason.TOO_SMALL: 2,
        Reason.COLOUR: 1,
        Reason.NOT_A_BRAIN: 1,
    }
    assert counts(result.measures.accepted) == (1, 5)
