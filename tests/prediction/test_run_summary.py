from brain_tumor.prediction.run_summary import RunSummary


def test_a_summary_counts_files_slices_statuses_classes_and_series() -> None:
    summary = RunSummary(kept=3)
    for file, status, label in (
        ("a.nii", "classified", "Glioma"),
        ("a.nii", "uncertain", "Glioma"),
        ("b.png", "not_a_brain_mri", "No Tumor"),
        ("c.png", "error", None),
    ):
        summary.add({"file": file, "status": status, "class": label})
    summary.add_series("undecided")
    first, *others = summary.lines()
    assert first.startswith("3 files, 4 slices answered in ")
    assert first.endswith("; 3 more were in the table already")
    assert others == [
        "slices: 1 classified, 1 uncertain, 1 not analysed, 1 not read",
        "classes: 2 Glioma",
        "1 series: 1 undecided",
    ]


def test_a_summary_of_nothing_is_one_line() -> None:
    assert len(list(RunSummary().lines())) == 1
