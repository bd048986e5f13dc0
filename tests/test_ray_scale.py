import pytest

pytest.importorskip("ray")
from benchmarks.ray_scale import CORES, render, simulate, simulate_all


def test_twice_the_cores_take_half_the_time_where_nothing_else_bounds() -> None:
    with_1_core, with_2_cores = (simulate(cores, 128 * 1000, [0.05], 0.0, 0.0) for cores in (1, 2))
    assert with_1_core == pytest.approx(128 * 1000 * 0.05)
    assert with_2_cores == pytest.approx(with_1_core / 2)


def test_the_listing_bounds_a_cluster_that_is_too_large() -> None:
    # 1000 blocks a tenth of a second each, however many wait for them.
    assert simulate(500, 128 * 1000, [0.05], 0.1, 0.0) == pytest.approx(999 * 0.1 + 128 * 0.05)


@pytest.mark.slow
def test_the_table_has_a_line_for_each_number_of_cores() -> None:
    runs = [
        {"command": "predict", "seconds": 1.0, "bytes_per_file": 20_000.0, "first_s": 0.0},
        {"command": "--ray local --threads 1", "seconds": 1.0, "first_s": 10.0, "block_s": [0.05, 0.06]},
    ]
    for run in runs:
        run |= {"files": 10, "ms_per_file": 1.0, "cpu_ms_per_file": 2.0, "peak_mb": 1.0}
    listings = [{"names": 100 * n, "blocks": n, "driver_peak_mb": 1.0, "seconds": 0.01 * n} for n in (1, 10)]
    simulated = simulate_all(runs, listings, price=0.04)
    assert [item["cores"] for item in simulated] == list(CORES)
    assert simulated[0]["hours"] == pytest.approx(10_000_000 * 0.055 / 3600, rel=0.01)
    assert render({"runs": runs, "listings": listings, "simulated": simulated}).count("\n| ") == len(CORES) + 6
