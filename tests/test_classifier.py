import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.decision.reasons import Reason
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import BrainTumorError, ModelFileError, ScanError
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.scan import FloatArray, Scan
from brain_tumor.input.series import Series, Slice
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.output import ModelOutput
from brain_tumor.problems import Problem
from tests.factories import encode, make_card, make_location, make_output, make_result, make_rules, make_scan, png_bytes
from tests.refused import refused


def draw(seed: int) -> bytes:
    """A grey picture of its own for every seed."""
    noise = np.random.default_rng(seed).integers(0, 64 * (seed % 4 + 1), (64, 64))
    return encode(Image.fromarray(noise.astype(np.uint8)), "PNG")


def test_an_answer_carries_its_name_and_its_model(classifier: Classifier) -> None:
    result = classifier.classify(png_bytes(), "slice.png")
    assert (result.name, result.model_id) == ("slice.png", classifier.card.model_id)


def test_probabilities_are_named_and_sum_to_one(classifier: Classifier) -> None:
    probabilities = classifier.classify(png_bytes(), "slice.png").probabilities
    assert set(probabilities) == set(LABELS)
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-5)


def test_probabilities_are_paired_with_the_order_of_the_card() -> None:
    assert make_result(probabilities=(0.1, 0.2, 0.3, 0.4)).probabilities == pytest.approx(
        {Label.GLIOMA: 0.1, Label.MENINGIOMA: 0.2, Label.NO_TUMOR: 0.3, Label.PITUITARY: 0.4}
    )


def test_confidence_is_the_probability_of_the_final_class() -> None:
    verdict = Verdict(Label.NO_TUMOR, Status.UNCERTAIN, Reason.CLOSE_CALL)
    assert make_result(verdict, probabilities=(0.1, 0.2, 0.3, 0.4)).confidence == pytest.approx(0.3)


def test_an_image_that_was_not_analysed_has_no_confidence() -> None:
    assert make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, Reason.BLANK)).confidence is None


def test_a_colour_picture_is_not_analysed(classifier: Classifier) -> None:
    stripes = Image.effect_mandelbrot((128, 128), (-2, -1, 1, 1), 50)
    picture = Image.merge("RGB", (stripes, Image.new("L", stripes.size, 0), Image.new("L", stripes.size, 200)))
    result = classifier.classify(encode(picture, "PNG"), "sunset.png")
    assert result.verdict.status is Status.NOT_A_BRAIN_MRI


def test_the_file_format_does_not_change_the_answer(classifier: Classifier) -> None:
    image = Image.open(io.BytesIO(png_bytes()))
    answers = [
        classifier.classify(encode(image, file_format), "slice").output.probabilities.tolist()
        for file_format in ("PNG", "BMP", "TIFF")
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_scan_that_was_read_before_gets_the_answer_of_its_file(classifier: Classifier) -> None:
    from_file = classifier.classify(png_bytes(), "slice.png")
    from_scan = classifier.classify_scan(from_file.scan, "again.png")
    assert from_scan.output.probabilities.tolist() == from_file.output.probabilities.tolist()
    assert (from_scan.name, from_scan.verdict) == ("again.png", from_file.verdict)


def test_a_bad_image_is_a_scan_error_with_its_name(classifier: Classifier) -> None:
    with pytest.raises(ScanError, match=r"^slice\.png: "):
        classifier.classify(b"no image", "slice.png")


def test_eight_threads_through_one_classifier_each_get_their_own_answer(classifier: Classifier) -> None:
    images = [draw(seed) for seed in range(4)]
    alone = [classifier.classify(image, "alone").output.probabilities for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda n: classifier.classify(images[n % 4], str(n)), range(40))
        wrong = [
            result.name
            for n, result in enumerate(together)
            if result.name != str(n) or np.abs(result.output.probabilities - alone[n % 4]).max() > 1e-6
        ]
    assert wrong == []


def test_the_shipped_model_is_loaded_by_default(classifier: Classifier) -> None:
    assert load_classifier().card == classifier.card


def test_a_model_that_is_not_there_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        load_classifier(tmp_path / "none.tfliteA")


class Engine:
    """Stands in for LiteRTEngine: one output, whatever the image."""

    split_after, threads = 1000, 2

    def __init__(self, output: ModelOutput) -> None:
        self._output = output

    def run(self, tensor: FloatArray) -> ModelOutput:
        return self._output


@pytest.mark.parametrize(
    ("probabilities", "gate_score", "located"),
    [
        ((0.7, 0.1, 0.1, 0.1), 1.0, True),
        ((0.4, 0.35, 0.15, 0.1), 1.0, True),  # in doubt between two tumors
        ((0.1, 0.1, 0.7, 0.1), 1.0, False),  # No Tumor
        ((0.7, 0.1, 0.1, 0.1), -1.0, False),  # not a brain MRI
    ],
)
def test_a_location_goes_with_a_final_class_that_is_a_tumor(
    probabilities: tuple[float, ...], gate_score: float, located: bool
) -> None:
    engine = Engine(make_output(probabilities, gate_score, location=make_location(0.8)))
    classifier = Classifier(engine, make_card(rules=make_rules(min_location=0.5)))  # type: ignore[arg-type]
    assert (classifier.classify(png_bytes(), "slice.png").location is not None) is located


def draw_small_head() -> FloatArray:
    """Tissue in the middle half of 100 x 100 pixels, on black; with its margin 23 to 77 in both directions."""
    pixels = np.zeros((100, 100), np.float32)
    pixels[25:75, 25:75] = np.random.default_rng(0).uniform(0.3, 1, (50, 50))
    return pixels


def cropping() -> Classifier:
    """A classifier that looks at the head alone and finds a tumor in it from half of the width to its end."""
    card = make_card(rules=make_rules(min_location=0.5), input=InputContract(crop="head"))
    return Classifier(Engine(make_output(location=make_location(0.8))), card)  # type: ignore[arg-type]


def test_a_location_in_a_cropped_scan_is_in_shares_of_the_whole_picture() -> None:
    result = cropping().classify_scan(make_scan(draw_small_head()), "slice.png")
    assert result.region == pytest.approx((0.23, 0.23, 0.77, 0.77))
    # The map's box: x from 1/2 to 1, y from 1/4 to 1/2.
    assert result.location is not None
    assert result.location.box == pytest.approx((0.5, 0.365, 0.77, 0.5))
    assert result.location.peak == pytest.approx((0.23 + 0.54 * 0.625, 0.23 + 0.54 * 0.375))


def test_with_black_bars_the_location_stays_on_the_same_pixels() -> None:
    barred = np.pad(draw_small_head(), ((0, 0), (50, 50)))
    result = cropping().classify_scan(make_scan(barred), "slice.png")
    assert result.location is not None
    x0, y0, x1, y1 = result.location.box
    assert (200 * x0 - 50, 100 * y0, 200 * x1 - 50, 100 * y1) == pytest.approx((50, 36.5, 77, 50))


def test_a_card_without_a_crop_looks_at_the_whole_picture(quick: Classifier) -> None:
    assert quick.classify_scan(make_scan(draw_small_head()), "slice.png").region == (0, 0, 1, 1)


def test_a_slice_of_a_batch_has_its_region() -> None:
    (answered,) = cropping().classify_many([make_slice("a", read=lambda: make_scan(draw_small_head()))])
    assert answered.result is not None
    assert answered.result.region == pytest.approx((0.23, 0.23, 0.77, 0.77))


def test_a_slice_in_an_array_gets_the_answer_of_its_file(classifier: Classifier) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(draw(1))))
    result = classifier.classify_array(pixels)
    assert result.name == "array"
    assert result.probabilities == classifier.classify(draw(1), "slice.png").probabilities


def test_an_answer_says_how_long_it_took(classifier: Classifier) -> None:
    results = [
        classifier.classify(png_bytes(), "slice.png"),
        classifier.classify_scan(make_scan(), "slice"),
        classifier.classify_array(np.zeros((64, 64))),
        classifier.classify_slice(make_slice("slice")),
    ]
    assert all(result.elapsed_s and 0 < result.elapsed_s < 60 for result in results)


@pytest.fixture
def quick() -> Classifier:
    """A classifier whose network takes no time."""
    return Classifier(Engine(make_output()), make_card())  # type: ignore[arg-type]


def make_slice(file: str, number: int | None = None, read: Callable[[], Scan] = make_scan) -> Slice:
    return Slice(file, number, read)


def raise_it(error: Exception) -> Callable[[], Scan]:
    def read() -> Scan:
        raise error

    return read


def test_a_slice_is_answered_under_its_file_and_its_number(quick: Classifier) -> None:
    result = quick.classify_slice(make_slice("scan.nii", 7))
    assert (result.name, result.slice_number) == ("scan.nii", 7)


def test_a_slice_that_cannot_be_read_is_a_scan_error(quick: Classifier) -> None:
    with refused(Problem.EMPTY, "scan.nii"):
        quick.classify_slice(make_slice("scan.nii", 7, raise_it(ScanError("scan.nii", Problem.EMPTY))))


def test_many_slices_are_answered_in_their_order_though_some_take_longer(quick: Classifier) -> None:
    def read_slowly() -> Scan:
        time.sleep(0.05)
        return make_scan()

    slices = [make_slice(str(n), n, read_slowly if n % 3 == 0 else make_scan) for n in range(20)]
    answers = list(quick.classify_many(slices))
    assert [answered.slice for answered in answers] == slices
    assert [answered.result and answered.result.slice_number for answered in answers] == list(range(20))


def test_a_slice_that_cannot_be_read_is_an_error_between_answers(quick: Classifier) -> None:
    bad = make_slice("bad", None, raise_it(ScanError("bad", Problem.EMPTY)))
    first, second, third = quick.classify_many([make_slice("a"), bad, make_slice("b")])
    assert first.result and third.result
    assert second.result is None
    assert second.error and (second.error.name, second.error.problem) == ("bad", Problem.EMPTY)
    assert second.elapsed_s >= 0


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), AssertionError(), KeyError("a")])
def test_an_error_that_no_reader_should_raise_is_that_slices_error(quick: Classifier, error: Exception) -> None:
    bad = make_slice("scan.nii", 7, raise_it(error))
    first, second = quick.classify_many([bad, make_slice("b")])
    assert first.error and (first.error.name, first.error.problem) == ("scan.nii slice 7", Problem.UNEXPECTED)
    assert second.result


def test_a_scan_that_cannot_be_resized_is_that_slices_error(quick: Classifier) -> None:
    odd = make_slice("odd", None, lambda: make_scan(np.zeros((5, 5), np.complex64)))
    first, second = quick.classify_many([odd, make_slice("b")])
    assert first.error and second.result


def test_a_path_instead_of_content_is_refused_with_what_to_call(classifier: Classifier) -> None:
    with pytest.raises(TypeError, match=r"'slice\.png' is a path: call classify_path"):
        classifier.classify("slice.png", "slice.png")  # type: ignore[arg-type]


def test_a_path_is_classified(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "slice.png").write_bytes(png_bytes())
    result = classifier.classify_path(tmp_path / "slice.png")
    assert result.name == str(tmp_path / "slice.png")
    assert result.probabilities == classifier.classify(png_bytes(), "slice.png").probabilities


def test_a_series_is_answered_as_a_whole(classifier: Classifier) -> None:
    series = Series("head", tuple(Slice("head", number, make_scan, 5.0 * number) for number in (1, 2, 3)))
    whole = classifier.classify_series(series)
    assert [outcome.slice.number for outcome in whole.outcomes] == [1, 2, 3]
    assert whole.verdict.slices == 3


def test_a_path_of_several_series_is_refused(classifier: Classifier, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png_bytes())
    with pytest.raises(BrainTumorError, match="holds several series, one is needed"):
        classifier.classify_series(tmp_path)


def test_a_path_of_half_a_volume_finds_the_other_half(classifier: Classifier, tmp_path: Path) -> None:
    values = np.arange(4096, dtype=np.int16).reshape(64, 64, 1)
    nibabel.Nifti1Pair(values, np.eye(4)).to_filename(tmp_path / "scan.img")  # type: ignore[no-untyped-call]
    for name in ("scan.hdr", "scan.img"):
        assert classifier.classify_path(tmp_path / name).scan.pixels.shape == (64, 64)
