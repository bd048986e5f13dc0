import io
import tracemalloc
from dataclasses import replace

import numpy as np
from PIL import Image

from brain_tumor.classifier import Answered
from brain_tumor.errors import ScanError
from brain_tumor.input.series import Slice
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.report.subject import fingerprint
from brain_tumor.tables.rows import to_row
from page.slice_record import Answer, to_entry, to_error_entry, to_slice_entry
from tests.factories import make_mapped_result, make_result, make_scan
from tests.scripted import ScriptedClassifier


def test_an_entry_keeps_the_answer_but_not_the_pixels() -> None:
    stream = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 250, dtype=np.uint8), (2000, 8))).save(stream, "PNG")
    result = ScriptedClassifier().classify(stream.getvalue(), "a.png")
    entry = to_entry(result)
    assert entry.answer is not None
    assert (entry.name, entry.row, entry.answer.verdict) == ("a.png", to_row(result), result.verdict)
    assert len(entry.answer.thumbnail) < 20_000 < result.scan.pixels.nbytes


def test_making_an_entry_takes_little_more_than_one_copy_of_the_pixels() -> None:
    pixels = np.full((2000, 2000), 0.5, np.float32)
    result = replace(make_result(), scan=replace(make_scan(), pixels=pixels))
    tracemalloc.start()
    to_entry(result)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * pixels.nbytes


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
        (MapKind.SALIENCY, "Heat map: why (saliency) for Glioma"),
        (MapKind.LOCATION, "Heat map: where (location)"),
    ):
        picture = Image.open(io.BytesIO(answer.render_picture(kind, 0.5)))
        assert (picture.size, picture.info["Title"]) == ((64, 64), title)


def test_maps_of_the_largest_networks_cost_a_session_a_few_kilobytes() -> None:
    result = make_result(saliency=np.zeros((10, 10, 4), np.float32), location=np.zeros((19, 19), np.float32))
    answer = to_entry(result).answer
    assert answer is not None
    maps = (answer.bare.output.saliency, answer.bare.output.location)
    assert sum(one.nbytes for one in maps if one is not None) < 4_000


def test_the_saliency_of_another_class_is_another_picture_and_says_so() -> None:
    answer = answer_with_maps()
    final, other = (answer.render_picture(MapKind.SALIENCY, 0.5, one) for one in (Label.GLIOMA, Label.NO_TUMOR))
    assert final != other
    assert Image.open(io.BytesIO(other)).info["Title"] == "Heat map: why (saliency) for No Tumor"


def test_a_restored_result_has_the_thumbnail_s_pixels_and_the_whole_answer() -> None:
    result = make_mapped_result()
    answer = to_entry(result).answer
    assert answer is not None
    restored = answer.restore()
    assert restored.scan.pixels.shape == (64, 64)
    assert (restored.verdict, restored.output, restored.location) == (result.verdict, result.output, result.location)
    assert answer.digits == fingerprint(result.scan)


def test_the_entry_of_a_slice_knows_its_place() -> None:
    one = Slice("volume.nii", 3, make_scan, 12.5)
    entry = to_slice_entry(Answered(one, make_result(), None, 0.1), "model-1")
    assert (entry.name, entry.number, entry.position_mm) == ("volume.nii slice 3", 3, 12.5)
    assert entry.finding is not None
    assert entry.finding.position_mm == 12.5


def test_a_slice_that_cannot_be_read_has_no_finding() -> None:
    one = Slice("volume.nii", 3, make_scan)
    entry = to_slice_entry(Answered(one, None, ScanError("volume.nii: is cut off"), 0.1), "model-1")
    assert entry.finding is None
    assert entry.row["reason"] == "is cut off"
