import pytest

from brain_tumor.service.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def lines(metrics: Metrics) -> list[str]:
    return metrics.render().decode().splitlines()


def test_each_service_counts_for_itself(metrics: Metrics) -> None:
    Metrics().count_upload(5)
    assert "brain_tumor_uploaded_bytes_total 0.0" in lines(metrics)


def test_requests_are_counted_by_route_and_status(metrics: Metrics) -> None:
    for status, elapsed_s in ((200, 0.06), (200, 0.3), (499, 0.01)):
        metrics.count_request("POST", "/v1/classify", status, elapsed_s)
    shown = lines(metrics)
    assert 'brain_tumor_requests_total{method="POST",route="/v1/classify",status="200"} 2.0' in shown
    assert 'brain_tumor_requests_total{method="POST",route="/v1/classify",status="499"} 1.0' in shown
    assert 'brain_tumor_request_seconds_bucket{le="0.1",route="/v1/classify"} 2.0' in shown
    assert 'brain_tumor_request_seconds_sum{route="/v1/classify"} 0.37' in shown


def test_slices_and_refusals_are_counted_by_code(metrics: Metrics) -> None:
    metrics.count_slice("uncertain", 0.02)
    metrics.count_refusal("too_busy")
    shown = lines(metrics)
    assert 'brain_tumor_slices_total{status="uncertain"} 1.0' in shown
    assert 'brain_tumor_slice_seconds_bucket{le="0.025"} 1.0' in shown
    assert 'brain_tumor_refused_requests_total{code="too_busy"} 1.0' in shown


def test_a_gauge_is_read_when_somebody_asks(metrics: Metrics) -> None:
    waiting = [1]
    metrics.gauge("slices_waiting", "Slices", lambda: waiting[0])
    waiting[0] = 7
    assert "brain_tumor_slices_waiting 7.0" in lines(metrics)


def test_the_model_that_answers_is_named(metrics: Metrics) -> None:
    metrics.set_model("test-1")
    assert any(line.startswith('brain_tumor_model_info{model_id="test-1",version="') for line in lines(metrics))
