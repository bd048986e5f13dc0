"""Addresses, statuses and problem documents, in this process and without a network."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient

from brain_tumor.service.api_key import ApiKey
from brain_tumor.service.app import create_app
from brain_tumor.service.loading import LoadedModel
from brain_tumor.service.refusals import Refusal
from brain_tumor.service.settings import ServiceSettings
from tests.canaries import NAME, TAG, dicom_with_canaries, find_canaries
from tests.factories import png_bytes
from tests.hostile.bad_file import PATIENT
from tests.hostile.test_bad_files import LIGHT
from tests.scripted import ScriptedClassifier
from tests.service.forms import CONTENT_TYPE, form, part, problem, scripted_model

Serve = Callable[..., TestClient]
KEY = "0123456789abcdef"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A client of a service with these settings, ready to answer unless `load` takes its time."""
    with ExitStack() as stack:

        def make(
            load: Callable[[], LoadedModel] | None = None, key: ApiKey | None = None, **settings: Any
        ) -> TestClient:
            app = create_app(ServiceSettings(**settings), load or scripted_model(), key)
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            while load is None and client.get("/health/ready").status_code != 200:
                pass
            return client

        yield make


def test_files_are_answered(serve: Serve) -> None:
    files = [("files", ("healthy.png", png_bytes())), ("files", ("x.txt", b"?")), ("files", ("doubt.png", png_bytes()))]
    answer = serve().post("/v1/classify", files=files)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert [row["status"] for row in answer.json()["slices"]] == ["classified", "error", "uncertain"]
    assert answer.headers["cache-control"] == "no-store"


def test_it_is_ready_only_once_the_network_is(serve: Serve) -> None:
    gate = threading.Event()

    def load() -> LoadedModel:
        gate.wait(60)
        return scripted_model()()

    client = serve(load)
    assert client.get("/health/live").json() == {"status": "live"}
    answers = [client.get(address) for address in ("/health/ready", "/v1/model")]
    for answer in [*answers, client.post("/v1/classify", files={"files": b"1"})]:
        problem(answer, Refusal.NOT_READY)
        assert int(answer.headers["retry-after"]) >= 1
    gate.set()
    while client.get("/health/ready").status_code == 503:
        pass
    assert client.get("/health/ready").json()["model_id"] == "scripted-1"
    assert client.get("/v1/model").json()["model_id"] == "scripted-1"


def test_a_network_that_cannot_be_loaded_is_reported_to_its_caller() -> None:
    failures: list[BaseException | None] = []
    failed = threading.Event()

    def fail() -> LoadedModel:
        raise MemoryError

    def on_failure(error: BaseException | None) -> None:
        failures.append(error)
        failed.set()

    with TestClient(create_app(ServiceSettings(), fail, on_failure=on_failure)) as client:
        assert failed.wait(60)
        assert client.get("/health/ready").status_code == 503
    assert isinstance(failures[0], MemoryError)


@pytest.mark.parametrize(
    ("ask", "refusal"),
    [
        (lambda c: c.get("/nothing"), Refusal.NOT_FOUND),
        (lambda c: c.get("/v1/classify"), Refusal.WRONG_METHOD),
        (lambda c: c.post("/v1/classify"), Refusal.NOT_MULTIPART),
        (lambda c: c.post("/v1/classify", json={}), Refusal.NOT_MULTIPART),
        (lambda c: c.post("/v1/classify", files={"image": b"1"}), Refusal.UNKNOWN_FIELD),
        (lambda c: c.post("/v1/classify", data={"files": ""}, files={"x": b""}), Refusal.UNKNOWN_FIELD),
        (
            lambda c: c.post("/v1/classify", content=form(), headers={"content-type": CONTENT_TYPE}),
            Refusal.NO_FILES,
        ),
        (
            lambda c: c.post("/v1/classify", content=part(b"1"), headers={"content-type": CONTENT_TYPE}),
            Refusal.MALFORMED,
        ),
        (
            lambda c: c.post("/v1/classify", files={"files": b"1"}, headers={"content-encoding": "gzip"}),
            Refusal.ENCODED,
        ),
        (lambda c: c.post("/v1/classify?plane=oblique", files={"files": b"1"}), Refusal.BAD_PARAMETER),
        (lambda c: c.post("/v1/classify?window=x", files={"files": b"1"}), Refusal.BAD_PARAMETER),
        (lambda c: c.post("/v1/classify?by_folder=x", files={"files": b"1"}), Refusal.BAD_PARAMETER),
        (lambda c: c.post("/v1/classify", files=[("files", b"1")] * 4), Refusal.TOO_MANY_FILES),
        (lambda c: c.post("/v1/classify", files={"files": bytes(2**20)}), Refusal.TOO_LARGE),
    ],
)
def test_requests_that_are_refused_as_a_whole(serve: Serve, ask: Callable[[TestClient], Any], refusal: Refusal) -> None:
    problem(ask(serve(max_files=3, max_request_mib=1)), refusal)


def test_a_wrong_parameter_s_value_is_not_repeated(serve: Serve) -> None:
    answer = serve().post(f"/v1/classify?plane={NAME}", files={"files": b"1"})
    found = problem(answer, Refusal.BAD_PARAMETER)
    assert found["detail"] == "The parameter plane: Input should be 'axial', 'coronal' or 'sagittal'."
    assert NAME not in answer.text


def test_a_method_that_is_not_taken_is_answered_with_those_that_are(serve: Serve) -> None:
    assert serve().delete("/v1/classify").headers["allow"] == "POST"


class Broken(ScriptedClassifier):
    """Fails in a way that nobody expected, with a patient's name."""

    def classify_many(self, slices: Any, at_once: Any = None) -> Any:
        next(iter(slices))
        raise RuntimeError(TAG)


def test_a_failure_is_a_problem_document_without_its_text(serve: Serve) -> None:
    client = serve()
    broken = serve(scripted_model(Broken()))
    while broken.get("/health/ready").status_code != 200:
        pass
    answer = broken.post("/v1/classify", files={"files": png_bytes()})
    assert TAG not in answer.text and problem(answer, Refusal.FAILED)
    assert client.post("/v1/classify", files={"files": png_bytes()}).status_code == 200


def test_an_answer_that_takes_too_long_is_given_up(serve: Serve) -> None:
    gate = threading.Event()

    class Slow(ScriptedClassifier):
        def classify_many(self, slices: Any, at_once: Any = None) -> Any:
            for outcome in super().classify_many(slices):
                gate.wait(60)
                yield outcome

    client = serve(scripted_model(Slow()), answer_timeout_s=0.2)
    while client.get("/health/ready").status_code != 200:
        pass
    answer = client.post("/v1/classify", files={"files": png_bytes()})
    gate.set()
    problem(answer, Refusal.ANSWER_TIMEOUT)
    # The service goes on; on a busy machine even a quick answer may take longer than so short a limit.
    while client.post("/v1/classify", files={"files": png_bytes()}).status_code != 200:
        pass


def test_where_there_is_a_key_only_health_and_docs_answer_without_it(serve: Serve) -> None:
    client = serve(key=ApiKey(KEY))
    for address in ("/v1/model", "/metrics"):
        assert problem(client.get(address), Refusal.UNAUTHORIZED)
        assert client.get(address, headers={"authorization": f"Bearer {KEY}"}).status_code == 200
    for address in ("/health/live", "/health/ready", "/docs", "/openapi.json"):
        assert client.get(address).status_code == 200
    answer = client.post("/v1/classify", files={"files": png_bytes()}, headers={"authorization": "Bearer wrong"})
    assert problem(answer, Refusal.UNAUTHORIZED) and answer.headers["www-authenticate"] == "Bearer"


def test_nothing_of_an_upload_is_read_for_a_wrong_key(serve: Serve) -> None:
    client = serve(key=ApiKey(KEY))
    client.post("/v1/classify", files={"files": bytes(100_000)})
    metrics = client.get("/metrics", headers={"authorization": f"Bearer {KEY}"}).text
    assert "brain_tumor_uploaded_bytes_total 0.0" in metrics
    assert 'brain_tumor_refused_requests_total{code="unauthorized"} 1.0' in metrics


def test_metrics_count_by_pattern_and_never_show_an_address(serve: Serve) -> None:
    client = serve()
    client.post(f"/v1/classify?x={NAME}", files={"files": (f"{NAME}.png", png_bytes())})
    client.get(f"/{NAME}")
    client.request(NAME.upper(), "/health/live")
    text = client.get("/metrics").text
    assert NAME.lower() not in text.lower()
    assert 'brain_tumor_requests_total{method="POST",route="/v1/classify",status="200"} 1.0' in text
    assert 'brain_tumor_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert 'brain_tumor_slices_total{status="classified"} 1.0' in text
    assert 'brain_tumor_model_info{model_id="scripted-1"' in text


def test_no_answer_repeats_what_a_tag_holds(serve: Serve) -> None:
    data = dicom_with_canaries()
    files = [("files", (f"{index}.dcm", data[: len(data) * index // 4])) for index in range(1, 5)]
    answer = serve().post("/v1/classify", files=files)
    assert answer.status_code == 200 and not find_canaries(answer.content, TAG)


@pytest.mark.slow
def test_bad_files_of_every_kind_are_rows_and_lose_no_good_one(serve: Serve) -> None:
    files = [("files", (f"{number}", bad.build())) for number, bad in enumerate(LIGHT)]
    client = serve(max_files=1000, max_request_mib=1024, max_slices=100_000)
    answer = client.post("/v1/classify", files=[*files, ("files", ("good.png", png_bytes()))])
    assert answer.status_code == 200 and PATIENT.encode() not in answer.content
    rows = answer.json()["slices"]
    answered = {row["upload"] for row in rows}
    # Copies of an image, which those with one header only are, are answered once.
    assert len(answered) + answer.json()["duplicates"] >= len(files) + 1
    assert [row["status"] for row in rows if row["file"] == "good.png"] == ["classified"]
    assert sum(row["status"] == "error" for row in rows) > 100


def test_the_page_needs_no_other_server(serve: Serve) -> None:
    client = serve()
    answer = client.get("/")
    assert str(answer.url).endswith("/docs") and answer.status_code == 200
    assert "http" not in answer.text.replace("http://127.0.0.1:8000/v1/classify", "")
    assert "<script" not in answer.text and answer.headers["content-security-policy"].startswith("default-src 'none'")
    for address in client.get("/openapi.json").json()["paths"]:
        assert address in answer.text


def test_names_of_a_page_below_a_path_have_it(serve: Serve) -> None:
    app = create_app(ServiceSettings(), scripted_model())
    with TestClient(app, root_path="/mri") as client:
        assert client.get("/mri/health/live").status_code == 200
        assert "href='/mri/openapi.json'" in client.get("/mri/docs").text
