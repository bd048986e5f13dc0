import io

import numpy as np
from PIL import Image

from brain_tumor.presentation.entry import Answer, to_entry, to_error_entry
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.rows import to_row
from tests.factories import make_mapped_result, make_result
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


def answer_with_maps() -> Answer:
    answer = to_entry(make_mapped_result()).answer
    assert answer is not None
    return answer


def test_the_plain_picture_is_the_thumbnail() -> None:
    answer = answer_with_maps()
    assert answer.render_picture(None, 0.5) == answer.thumbnail


def test_a_picture_under_a_heat_map_has_the_thumbnail_s_size_and_names_the_map() -> None:
    answer = answer_with_maps()
    for kind, title in (
        (MapKind.SALIENCY, "Heat map: why (saliency)"),
        (MapKind.LOCATION, "Heat map: where (location)"),
    ):
        picture = Image.open(io.BytesIO(answer.render_picture(kind, 0.5)))
        assert (picture.size, picture.info["Title"]) == ((64, 64), title)


def test_maps_of_the_largest_networks_cost_a_session_a_few_kilobytes() -> None:
    result = make_result(saliency=np.zeros((10, 10, 4), np.float32), location=np.zeros((19, 19), np.float32))
    answer = to_entry(result).answer
    assert answer is not None
    # One class of four, and a map of its own: nothing keeps the whole output alive.
    assert sum((one.heat if one.heat.base is None else one.heat.base).nbytes for one in answer.maps.values()) < 4_000
