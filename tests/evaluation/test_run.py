from pathlib import Path

import pytest

from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.labelled import ImageFile, find_labelled, read_list
from brain_tumor.evaluation.metrics import Estimate
from brain_tumor.evaluation.run import evaluate, load_thumbnail
from brain_tumor.labels import LABELS, Label
from tests.evaluation.fakes import MODEL, FakeClassifier, fill, make_evaluation


def counts(estimate: Estimate | None) -> tuple[int | None, int | None]:
    assert estimate is not None
    return estimate.hits, estimate.total


def test_figures_count_every_answered_file(tmp_path: Path) -> None:
    measures = make_evaluation(tmp_path).measures
    assert counts(measures.accuracy) == (7, 9)
    assert counts(measures.accuracy_among_classified) == (6, 7)
    assert counts(measures.uncertain) == (1, 9)
    assert counts(measures.not_analysed) == (1, 9)


def test_a_rejected_tumor_counts_as_no_tumor(tmp_path: Path) -> None:
    measures = make_evaluation(tmp_path).measures
    assert measures.matrix.tolist() == [[3, 1, 1, 0], [0, 2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert measures.not_analysed_but_right == 0


def test_a_rejected_image_without_tumor_counts_as_right_and_is_said_to(tmp_path: Path) -> None:
    data = find_labelled(fill(tmp_path, "notumor/reject-1.png", "notumor/no_tumor-90.png"))
    measures = evaluate(FakeClassifier(), MODEL, data, [], "2026-01-31").measures
    assert counts(measures.accuracy) == (2, 2)
    assert measures.not_analysed_but_right == 1


def test_calibration_and_roc_leave_rejected_images_out(tmp_path: Path) -> None:
    measures = make_evaluation(tmp_path).measures
    assert measures.calibration is not None
    assert sum(bin_.images for bin_ in measures.calibration.bins) == 8
    assert measures.classes[Label.PITUITARY].auc is not None
    assert set(measures.curves) == set(LABELS)


def test_everything_rejected_leaves_calibration_undefined(tmp_path: Path) -> None:
    data = find_labelled(fill(tmp_path, "notumor/reject-1.png", "glioma/reject-2.png"))
    measures = evaluate(FakeClassifier(), MODEL, data, [], "2026-01-31").measures
    assert (measures.calibration, measures.curves, measures.accuracy_among_classified) == (None, {}, None)


def test_an_unreadable_file_is_counted_and_says_why(tmp_path: Path) -> None:
    evaluation = make_evaluation(tmp_path)
    (unreadable,) = evaluation.unreadable
    assert unreadable.file.name == "Pituitary/<b>broken.png"
    assert unreadable.row["status"] == "error"
    assert str(unreadable.row["reason"]).startswith("is not an image file")
    assert len(evaluation.outcomes) == 10


def test_a_listed_file_that_is_missing_is_unreadable_and_its_folder_stays_private(tmp_path: Path) -> None:
    table = fill(tmp_path, "glioma-90.png") / "list.csv"
    table.write_text("path,label\nglioma-90.png,Glioma\nmissing.png,Glioma\n", encoding="utf-8")
    evaluation = evaluate(FakeClassifier(), MODEL, read_list(table, tmp_path), [], "2026-01-31")
    (unreadable,) = evaluation.unreadable
    assert str(unreadable.row["reason"]).startswith("cannot be read (No such file")
    assert str(tmp_path) not in str(unreadable.row)


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (fill(tmp_path, "glioma/a.png") / "glioma/a.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"none of its 1 files .* glioma/a.png the file is empty"):
        evaluate(FakeClassifier(), MODEL, find_labelled(tmp_path), [], "2026-01-31")


def test_the_answered_files_are_those_that_could_be_read(tmp_path: Path) -> None:
    names = [file.name for file, _ in make_evaluation(tmp_path).answered]
    assert len(names) == 9
    assert "Pituitary/<b>broken.png" not in names


def test_risk_and_coverage_leave_rejected_images_out(tmp_path: Path) -> None:
    curve = make_evaluation(tmp_path).measures.risk_coverage
    assert curve is not None
    assert (len(curve.risk), curve.risk_at(100)) == (8, 1 / 8)


def test_the_worst_errors_are_the_most_confident_then_the_rejected(tmp_path: Path) -> None:
    errors = make_evaluation(tmp_path).worst_errors(10)
    assert [(error.file.path.name[:13], error.answer.confidence) for error in errors] == [
        ("meningioma-95", pytest.approx(0.95)),
        ("reject-1.png", None),
    ]
    assert len(make_evaluation(tmp_path).worst_errors(1)) == 1


def test_the_gate_is_measured_family_by_family(tmp_path: Path) -> None:
    cats, ct = make_evaluation(tmp_path).source_results
    assert (cats.name, counts(cats.accepted), counts(cats.called_tumor)) == ("cats", (1, 3), (1, 3))
    # Accepted and called a tumor, but not with 90 per cent.
    assert (ct.name, counts(ct.accepted), counts(ct.called_tumor)) == ("ct", (1, 1), (0, 1))


def test_a_thumbnail_of_a_file_that_is_gone_is_none(tmp_path: Path) -> None:
    assert load_thumbnail(ImageFile(tmp_path / "gone.png", "gone.png")) is None


def test_rows_hold_no_time_so_that_a_report_repeats(tmp_path: Path) -> None:
    assert {outcome.row["elapsed_s"] for outcome in make_evaluation(tmp_path).outcomes} == {None}
