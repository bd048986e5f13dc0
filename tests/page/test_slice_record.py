import io
import tracemalloc
from dataclasses import replace

import numpy as np
from PIL import Image

from brain_tumor.classifier import Result, SliceOutcome
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import ScanError
from brain_tumor.input.series import Slice
from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.report.subject import fingerprint
from page.slice_record import SliceRecord, to_cached_result, to_slice_record
from tests.factories import make_mapped_result, make_result, make_scan
from tests.page.items import unreadable
from tests.scripted import ScriptedClassifier


def record_of(result: Result | None, error: ScanError | None = None) -> SliceRecord:
    return to_slice_record(SliceOutcome(Slice("volume.nii", 3, make_scan, 12.5), result, error, 0.1), "model-1")


def test_a_cached_result_keeps_the_answer_but_not_the_pixels() -> None:
    stream = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 250, dtype=np.uint8), (2000, 8))).save(stream, "PNG")
    result = ScriptedClassifier().classify(stream.getvalue(), "a.png")
    cached = to_cached_result(result)
    assert (cached.verdict, cached.probabilities) == (result.verdict, result.probabilities)
    assert cached.result.scan.pixels.size == 0
    assert len(cached.thumbnail) < 20_000 < result.scan.pixels.nbytes


def test_caching_a_result_takes_little_more_than_one_copy_of_the_pixels() -> None:
    pixels = np.full((2000, 2000), 0.5, np.float32)
    result = replace(make_result(), scan=replace(make_scan(), pixels=pixels))
    tracemalloc.start()
    to_cached_result(result)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * pixels.nbytes


def test_the_plain_picture_is_the_thumbnail() -> None:
    cached = to_cached_result(make_mapped_result())
    assert cached.render_picture(None, 0.5) == cached.thumbnail


def test_a_picture_under_a_heat_map_has_the_thumbnail_s_size_and_names_the_map() -> None:
    cached = to_cached_result(make_mapped_result())
    for kind, title in (
        (MapKind.SALIENCY, "Heat map: why (saliency) for Glioma"),
        (MapKind.LOCATION, "Heat map: where (location)"),
    ):
        picture = Image.open(io.BytesIO(cached.render_picture(kind, 0.5)))
        assert (picture.size, picture.info["Title"]) == ((64, 64), title)


def test_maps_of_the_largest_networks_cost_a_session_a_few_kilobytes() -> None:
    result = make_result(saliency=np.zeros((10, 10, 4), np.float32), location=np.zeros((19, 19), np.float32))
    output = to_cached_result(result).result.output
    assert sum(heat.nbytes for heat in (output.saliency, output.location) if heat is not None) < 4_000


def test_the_saliency_of_another_class_is_another_picture_and_says_so() -> None:
    cached = to_cached_result(make_mapped_result())
    final, other = (cached.render_picture(MapKind.SALIENCY, 0.5, label) for label in (Label.GLIOMA, Label.NO_TUMOR))
    assert final != other
    assert Image.open(io.BytesIO(other)).info["Title"] == "Heat map: why (saliency) for No Tumor"


def test_a_restored_result_has_the_thumbnail_s_pixels_and_the_whole_answer() -> None:
    result = make_mapped_result()
    cached = to_cached_result(result)
    restored = cached.restore()
    assert restored.scan.pixels.shape == (64, 64)
    assert (restored.verdict, restored.output, restored.location) == (result.verdict, result.output, result.location)
    assert cached.fingerprint == fingerprint(result.scan)


def test_the_record_of_a_slice_knows_its_number_and_position() -> None:
    record = record_of(make_result())
    assert (record.name, record.number, record.position_mm) == ("volume.nii slice 3", 3, 12.5)
    assert record.finding is not None
    assert record.finding.position_mm == 12.5


def test_a_slice_that_cannot_be_read_has_no_finding_and_says_why() -> None:
    record = record_of(None, unreadable("volume.nii slice 3"))
    assert record.cached is None and record.finding is None
    assert record.row["status"] == "error"
    assert record.row["reason"] and "volume.nii" not in str(record.row["reason"])


def test_a_slice_is_analysed_when_it_was_read_and_taken_for_a_brain_mri() -> None:
    refused = Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)
    records = [record_of(make_result()), record_of(make_result(refused)), record_of(None, unreadable("a"))]
    assert [record.is_analysed for record in records] == [True, False, False]
