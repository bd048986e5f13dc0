"""Sums over folds, doubts and runs, in numbers that can be checked in the head."""

from typing import Any

from tools.evaluation_figures import (
    CLEAR,
    clear_accuracy,
    count_doubts,
    count_epochs,
    describe_stages,
    group_corruptions,
    list_runs,
    pool_doubts,
    pool_folds,
    read_pictures,
    sure_errors,
    without_copies,
)

NOTES = {"glioma/doubt.png": "a meningioma"}


def make_fold(matrix: list[list[int]], analysed: int) -> dict[str, Any]:
    total = sum(map(sum, matrix))
    right = sum(matrix[index][index] for index in range(len(matrix)))
    share = {"hits": right, "total": total}
    return {
        "data": {"images": total},
        "confusion_matrix": {"order": ["Glioma", "No Tumor"], "true_by_final": matrix},
        "accuracy": share,
        "accuracy_among_classified": {"hits": right, "total": analysed} if analysed else None,
        "uncertain": {"hits": 1, "total": total},
        "not_analysed": {"hits": 0, "total": total},
    }


def make_answer(file: str, label: str = "Glioma", found: str = "Glioma", **more: str) -> dict[str, str]:
    return {"file": file, "label": label, "class": found, "status": "classified", "location_x0": "", **more}


def make_run(epochs: list[int], start: dict[str, Any] | None = None, **recipe: Any) -> dict[str, Any]:
    stages = [{"side_px": 224, "epochs": count} for count in epochs]
    settings = {"stages": stages, "batch_size": 8, "learning_rate": 0.1, **recipe}
    return {"recipe": settings, "start": start, "precision": "float32", "seed": 3}


def test_folds_add_up_to_an_evaluation_of_all_images() -> None:
    pooled = pool_folds([make_fold([[8, 2], [0, 10]], 19), make_fold([[5, 5], [0, 10]], 0)])
    assert pooled["data"]["images"] == 40
    assert (pooled["accuracy"]["hits"], pooled["accuracy"]["total"], pooled["accuracy"]["value"]) == (33, 40, 33 / 40)
    assert pooled["confusion_matrix"]["true_by_final"] == [[13, 7], [0, 20]]
    assert pooled["accuracy_among_classified"]["total"] == 19  # of the fold that has it
    assert pooled["calibration"] is None


def test_a_share_that_no_fold_has_is_none() -> None:
    assert pool_folds([make_fold([[1, 0], [0, 1]], 0)])["accuracy_among_classified"] is None


def test_copies_and_sure_errors_are_taken_from_the_counts() -> None:
    fold = make_fold([[8, 2], [0, 10]], 19)
    accuracy, errors = without_copies(fold["accuracy"], 3), sure_errors(fold)
    assert accuracy is not None and (accuracy.hits, accuracy.total) == (15, 17)
    assert errors is not None and (errors.hits, errors.total) == (1, 20)


def test_noted_images_are_counted_apart_and_the_others_last() -> None:
    found = count_doubts(
        [
            make_answer("glioma/doubt.png", found="Meningioma"),
            make_answer("glioma/a.png"),
            make_answer("no_tumor/b.png", "No Tumor", "Glioma", location_x0="0.1"),
            make_answer("no_tumor/c.png", "No Tumor", "No Tumor", status="not_a_brain_mri"),
        ],
        NOTES,
    )
    assert list(found["noted"]) == ["a meningioma", CLEAR]
    assert found["noted"]["a meningioma"] == {"images": 1, "rejected": 0, "called_tumor": 1, "wrong": 1}
    assert found["noted"][CLEAR] == {"images": 3, "rejected": 1, "called_tumor": 2, "wrong": 1}
    assert found["located"] == {"all": [1, 2], "clear": [1, 2]}
    clear = clear_accuracy(found)
    assert clear is not None and (clear.hits, clear.total) == (2, 3)


def test_doubts_of_several_parts_add_up_where_not_all_have_them() -> None:
    noted = count_doubts([make_answer("glioma/doubt.png")], NOTES)
    plain = count_doubts([make_answer("glioma/a.png"), make_answer("glioma/b.png")], NOTES)
    pooled = pool_doubts([plain, noted, plain])
    assert {seen: counts["images"] for seen, counts in pooled["noted"].items()} == {"a meningioma": 1, CLEAR: 4}
    assert clear_accuracy(noted) is None


def test_runs_are_listed_from_the_first_with_what_changed() -> None:
    first = make_run([2])
    second = make_run([3, 1], {"training": first}, learning_rate=0.2, dropout=0.5)
    runs = list_runs(second)
    assert [(run.number, run.stages) for run in runs] == [
        (1, "224x2 --batch-size 8"),
        (2, "224x3,224x1 --batch-size 8"),
    ]
    assert runs[0].changes == []
    assert runs[1].changes == ["`dropout` added, 0.5", "`learning_rate` 0.1, then 0.2"]


def test_epochs_count_those_before_and_not_those_that_were_left_out() -> None:
    run = {**make_run([3, 4], make_run([2])), "stop_after": 5}
    assert count_epochs(run) == 7
    assert describe_stages(run).endswith("--stop-after 5")


def test_conditions_and_pictures_are_read_by_kind() -> None:
    items = [{"corruption": "noise", "level": 1}, {"corruption": "blur"}, {"corruption": "noise", "level": 2}]
    grouped = group_corruptions({"corruptions": items})
    assert {kind: len(found) for kind, found in grouped.items()} == {"noise": 2, "blur": 1}
    counts = {"right": 1, "uncertain": 2, "not_analysed": 3, "sure_and_wrong": 4}
    read = read_pictures({"kinds": {"cats": {"counts": counts}}})
    assert read == {"cats": {"right": 1, "uncertain": 2, "not analysed": 3, "sure and wrong": 4}}
