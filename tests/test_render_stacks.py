from pathlib import Path

import pytest

from tools import render_stacks
from tools.render_stacks import replace_section, share_of_usual


def make_stack(title: str, pass_s: tuple[float, ...], installed_mb: float = 1000.0) -> render_stacks.Figures:
    starts = [{"first_answer_s": 4 * seconds, "peak_mb": 600.0} for seconds in pass_s]
    return {
        "title": title,
        "pass_s": list(pass_s),
        "start": starts,
        "many": [{"file_s": 0.2, "many_peak_mb": 700.0}],
        "installed_mb": installed_mb,
    }


@pytest.fixture
def report() -> render_stacks.Figures:
    """Two stacks in three rounds; the machine grew slower in the second, and nothing is known of the third."""
    return {
        "machine": {"cores": 2, "system": "Linux x86_64", "python": "3.11", "load_before": 0.1},
        "threads": 2,
        "rounds": 3,
        "files": 500,
        "model": "ours.tfliteA",
        "usual_model": "dynamic.tfliteA",
        "left_out": {"onnxruntime": "no such package"},
        "all_outputs_share": [1.03, 1.0, 1.05],
        "page_installed_mb": 700.0,
        "stacks": {
            "tensorflow": make_stack("TensorFlow", (0.1, 0.4, 0.1)),
            "litert": {**make_stack("LiteRT", (0.05, 0.2, 0.06), 200.0), "pair_s": [0.046]},
        },
    }


def test_a_share_compares_stacks_within_a_round(report: render_stacks.Figures) -> None:
    assert share_of_usual(report, report["stacks"]["litert"], "pass_s") == 0.5


def test_each_stack_has_a_row_with_its_shares(report: render_stacks.Figures) -> None:
    rows = [line for line in render_stacks.render(report) if line.startswith("| ")]
    assert rows[2] == (
        "| LiteRT | 60 ms (0.50) | 0.24 s (0.50) | 600 MB (1.00) | 700 MB (1.00) | 5.0, 23% of pure inference "
        "| 200 MB (0.20) |"
    )


def test_pure_inference_is_the_faster_of_one_pass_at_a_time_and_two() -> None:
    assert render_stacks.pure_share(make_stack("one", (0.05,))) == pytest.approx(0.05 / 0.2)
    assert render_stacks.pure_share({**make_stack("two", (0.05,)), "pair_s": [0.04]}) == pytest.approx(0.04 / 0.2)
    assert render_stacks.pure_share({**make_stack("two", (0.05,)), "pair_s": [0.06]}) == pytest.approx(0.05 / 0.2)


def test_what_was_left_out_is_said_with_the_reason(report: render_stacks.Figures) -> None:
    assert "- Left out: onnxruntime (no such package)." in list(render_stacks.render(report))


def test_the_cost_of_gate_and_maps_is_a_share_of_the_class_alone(report: render_stacks.Figures) -> None:
    assert any("Gate and heat maps: +3.0%" in line for line in render_stacks.render(report))


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    marks = "<!-- mine: begin -->", "<!-- mine: end -->"
    page = f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n"
    assert replace_section(page, "mine", iter(["new"])) == f"before\n{marks[0]}\n\nnew\n\n{marks[1]}\nafter\n"


@pytest.mark.parametrize("name", ["stacks", "scale"])
def test_the_page_in_this_checkout_has_the_marks(name: str) -> None:
    page = render_stacks.PAGE.read_text(encoding="utf-8")
    assert page.index(f"<!-- {name}: begin -->") < page.index(f"<!-- {name}: end -->")


def test_equal_figures_give_equal_plots(report: render_stacks.Figures, tmp_path: Path) -> None:
    render_stacks.draw(report, tmp_path / "one.svg")
    render_stacks.draw(report, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
