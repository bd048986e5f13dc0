from dataclasses import replace

import numpy as np
import pytest

from brain_tumor.decision.location import find_location
from tests.factories import make_output, make_rules

HEAT = np.array([[0, 0.4, 0, 0], [0.1, 0.8, 0.5, 0], [0, 0, 0.3, 0.6], [0, 0, 0, 0]], np.float32)
RULES = make_rules(min_location=0.5)


def test_the_box_holds_the_cells_joined_to_the_peak_at_half_of_its_score() -> None:
    location = find_location(replace(make_output(), location=HEAT), RULES)
    assert location is not None
    # 0.6 touches the region at a corner only.
    assert (location.box, location.peak) == ((0.25, 0.0, 0.75, 0.5), (0.375, 0.375))
    assert location.score == pytest.approx(0.8)


def test_a_low_peak_no_map_and_no_threshold_give_no_place() -> None:
    assert find_location(replace(make_output(), location=HEAT), make_rules(min_location=0.9)) is None
    assert find_location(make_output(), RULES) is None
    assert find_location(replace(make_output(), location=HEAT), make_rules()) is None
