"""Many callers at once: every answer belongs to its own question, and none is lost."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from brain_tumor.classifier import Classifier
from brain_tumor.input.preprocess import InputContract
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import FloatArray
from brain_tumor.input.series import Slice
from brain_tumor.model.card import Golden
from brain_tumor.model.model_file import read_model_file
from tests.factories import encode, make_model_bytes
from tests.service.forms import listening
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

IMAGES = 50
SIDE_PX = 32
# Float32 sums may be taken in another order; two images' answers are much further apart than that.
SAME, APART = 1e-4, 1e-2


def draw(seed: int) -> bytes:
    """A grey picture whose coarse pattern is its own, so that answers differ from image to image."""
    cells = np.random.default_rng(seed).integers(0, 255, (4, 4)).astype(np.uint8)
    return encode(Image.fromarray(cells).resize((SIDE_PX, SIDE_PX), Image.Resampling.NEAREST), "PNG")


DRAWN = [draw(seed) for seed in range(IMAGES)]


@pytest.fixture(scope="module", params=["litert", "openvino"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A real network in a real engine, which takes a thousandth of the shipped one's time."""
    if request.param == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO, which is an extra, is not installed")
    tf = pytest.importorskip("tensorflow", reason="TensorFlow, which makes the small network, is not installed")
    draws = np.random.default_rng(0)
    filters = tf.constant(draws.normal(0, 0.3, (3, 3, 3, 16)).astype(np.float32))
    weights = tf.constant(draws.normal(0, 0.5, (16 * 16, 4)).astype(np.float32))

    def answer(image: Any) -> dict[str, Any]:
        maps = tf.nn.avg_pool2d(tf.nn.relu(tf.nn.conv2d(image, filters, 1, "SAME")), 8, 8, "VALID")
        logits = tf.reshape(maps, (1, 16 * 16)) @ weights
        # Not constant, since OpenVINO leaves such outputs out; nearly, so that the golden image needs no figure.
        gate_scores = tf.reshape(tf.reduce_mean(image) / 10, (1, 1))
        return {"logits": logits, "probabilities": tf.nn.softmax(logits), "gate_scores": gate_scores}

    module = tf.Module()
    shape = tf.TensorSpec((1, SIDE_PX, SIDE_PX, 3), tf.float32, name="image")
    module.answer = tf.function(answer, input_signature=[shape])
    folder = str(tmp_path_factory.mktemp("network"))
    tf.saved_model.save(module, folder, signatures=module.answer)
    network = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    contract, golden = InputContract(side_px=SIDE_PX), Golden("golden.png", (0.25,) * 4, (0.0,), tolerance=1.0)
    model = read_model_file(make_model_bytes(network, input=contract, golden=golden), "m")
    return Classifier.from_model_file(model, engine=request.param)


def answer_alone(classifier: Classifier, images: Sequence[bytes]) -> list[FloatArray]:
    """What one caller at a time is answered for each image, no two the same."""
    alone = [classifier.classify(image, "alone").output.logits for image in images]
    gaps = [float(np.abs(item - other).max()) for index, item in enumerate(alone) for other in alone[:index]]
    assert min(gaps) > APART
    return alone


def ask(classifier: Classifier, images: Sequence[bytes], call: int) -> tuple[str, FloatArray]:
    result = classifier.classify(images[call % len(images)], str(call))
    return result.name, result.output.logits


def answer_together(calls: int, threads: int, answer: Callable[[int], tuple[str, FloatArray]]) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(answer, range(calls)))


def test_4000_calls_from_16_threads_each_get_their_own_answer(small: Classifier) -> None:
    alone = answer_alone(small, DRAWN)
    together = answer_together(4000, 16, partial(ask, small, DRAWN))
    assert [name for name, _ in together] == [str(call) for call in range(4000)]
    assert [name for name, found in together if np.abs(found - alone[int(name) % IMAGES]).max() > SAME] == []


def test_batches_in_eight_threads_keep_their_answers_and_their_order(small: Classifier) -> None:
    alone = answer_alone(small, DRAWN)

    def run(batch: int) -> list[tuple[int | None, FloatArray | None]]:
        # Each batch goes through the images from another place on.
        slices = [
            Slice(str(batch), call, partial(read_scan, DRAWN[(batch + call) % IMAGES], "a")) for call in range(500)
        ]
        return [
            (item.slice.number, item.result.output.logits if item.result else None)
            for item in small.classify_many(slices)
        ]

    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(run, range(8)))
    for batch, answers in enumerate(batches):
        assert [number for number, _ in answers] == list(range(500))
        wrong = [
            number
            for number, found in answers
            if found is None or np.abs(found - alone[(batch + (number or 0)) % IMAGES]).max() > SAME
        ]
        assert wrong == []


REQUESTS, CALLERS = 4_000, 64


@pytest.mark.parametrize("small", ["litert"], indirect=True)
def test_the_service_answers_4000_requests_of_64_callers_none_wrong_none_lost(small: Classifier) -> None:
    alone = [small.classify(image, "alone") for image in DRAWN]
    lost: list[int] = []

    def ask(client: httpx.Client, call: int) -> tuple[str, Any]:
        answer = client.post("/v1/classify", files={"files": (f"{call}.png", DRAWN[call % IMAGES])})
        if answer.status_code != 200:
            lost.append(call)
            return "", {}
        (row,) = answer.json()["slices"]
        return row["file"], row

    limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
    with listening(small) as client, httpx.Client(base_url=client.base_url, limits=limits, timeout=60) as many:
        records = answer_together(REQUESTS, CALLERS, partial(ask, many))
        counted = f'route="/v1/classify",status="200"}} {REQUESTS}.0'
        wait_until(lambda: counted in client.get("/metrics").text)  # the last is counted after its answer
    assert lost == [] and len(records) == REQUESTS
    for call, (name, row) in enumerate(records):
        expected = alone[call % IMAGES]
        assert name == f"{call}.png"
        for label, probability in expected.probabilities.items():
            assert abs(row[f"p_{label.slug}"] - probability) < SAME
