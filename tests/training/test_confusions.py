import csv
from pathlib import Path

import numpy as np

from brain_tumor.labels import Label
from brain_tumor_training.confusions import write_confusions

YES, NO = Label("yes", True), Label("no", False)


def test_a_row_says_what_the_images_of_a_class_were_taken_for(tmp_path: Path) -> None:
    write_confusions({"validation": np.array([[1, 2], [0, 1]])}, (NO, YES), tmp_path)
    with (tmp_path / "confusion.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"part": "validation", "class": "no", "answered_no": "1", "answered_yes": "2"}
    assert [row["class"] for row in rows] == ["no", "yes"]
    assert (tmp_path / "confusion-validation.png").read_bytes().startswith(b"\x89PNG")
