import io

import numpy as np
from PIL import Image

from brain_tumor.presentation.entry import to_entry, to_error_entry
from brain_tumor.presentation.rows import to_row
from tests.scripted import ScriptedClassifier


def test_an_entry_keeps_the_answer_but_not_the_pixels() -> None:
    stream = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 250, dtype=np.uint8), (2000, 8))).save(stream, "PNG")
    result = ScriptedClassifier().classify(stream.getvalue(), "a.png")
    entry = to_entry(result)
    assert entry.answer is not None
    assert (entry.name, entry.row, entry.answer.verdict) == ("a.png", to_row(result), result.verdict)
    assert len(entry.answer.thumbnail) < 20_000 < result.scan.pixels.nbytes


def test_a_file_without_answer_keeps_its_message() -> None:
    entry = to_error_entry("a.png", "a.png: the file is empty", "model-1")
    assert entry.answer is None
    assert (entry.row["status"], entry.row["reason"]) == ("error", "the file is empty")
