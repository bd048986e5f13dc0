import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import ModelFileError, ScanError
from brain_tumor.input.scan import FloatArray
from brain_tumor.labels import Label
from brain_tumor.model.output import ModelOutput
from tests.factories import encode, make_card, make_location, make_output, make_result, make_rules, png_bytes


def draw(seed: int) -> bytes:
    """A grey picture of its own for every seed."""
    noise = np.random.default_rng(seed).integers(0, 64 * (seed % 4 + 1), (64, 64))
    return encode(Image.fromarray(noise.astype(np.uint8)), "PNG")


def test_an_answer_carries_its_name_and_its_model(classifier: Classifier) -> None:
    result = classifier.classify(png_bytes(), "slice.png")
    assert (result.name, result.model_id) == ("slice.png", classifier.card.model_id)


def test_a_scan_in_memory_gets_the_answer_of_its_file(classifier: Classifier) -> None:
    result = classifier.classify(draw(1), "slice.png")
    again = classifier.classify_scan(result.scan, "again.png")
    assert again.name == "again.png"
    assert again.probabilities == result.probabilities


def test_probabilities_are_named_and_sum_to_one(classifier: Classifier) -> None:
    probabilities = classifier.classify(png_bytes(), "slice.png").probabilities
    assert set(probabilities) == set(Label)
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-5)


def test_probabilities_are_paired_with_the_order_of_the_card() -> None:
    assert make_result(probabilities=(0.1, 0.2, 0.3, 0.4)).probabilities == pytest.approx(
        {Label.GLIOMA: 0.1, Label.MENINGIOMA: 0.2, Label.NO_TUMOR: 0.3, Label.PITUITARY: 0.4}
    )


def test_confidence_is_the_probability_of_the_final_class() -> None:
    verdict = Verdict(Label.NO_TUMOR, Status.UNCERTAIN, "doubt")
    assert make_result(verdict, probabilities=(0.1, 0.2, 0.3, 0.4)).confidence == pytest.approx(0.3)


def test_an_image_that_was_not_analysed_has_no_confidence() -> None:
    assert make_result(Verdict(Label.NO_TUMOR, Status.NOT_A_BRAIN_MRI, "blank")).confidence is None


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
    from_scan = classifier.classify_scan(from_file.scan, "slice.png")
    assert from_scan.output.probabilities.tolist() == from_file.output.probabilities.tolist()
    assert (from_scan.name, from_scan.verdict) == ("slice.png", from_file.verdict)


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
