from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.make_variants import KINDS, Make, main, make_inverted, make_label_map, make_sheet

RAMP = Image.fromarray(np.tile(np.linspace(0, 255, 200), (200, 1)).astype(np.uint8))


@pytest.mark.parametrize("make", KINDS.values(), ids=list(KINDS))
def test_the_same_seed_gives_the_same_picture(make: Make) -> None:
    first, again, other = (np.asarray(make([RAMP], np.random.default_rng(seed))) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert make is make_inverted or not np.array_equal(first, other)


def test_a_negative_has_white_air() -> None:
    grey = np.asarray(make_inverted([RAMP], np.random.default_rng(0)))
    assert (grey[0, 0], grey[0, -1]) == (255, 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_sheet_has_whole_tiles_and_more_than_one(seed: int) -> None:
    width, height = make_sheet([RAMP], np.random.default_rng(seed)).size
    assert width * height >= 2 * 160 * 160
    gaps = [gap for gap in range(8) if width % (160 + gap) == 0 and height % (160 + gap) == 0]
    assert gaps


@pytest.mark.parametrize("scan", [RAMP, Image.new("L", (50, 50))], ids=["ramp", "black"])
def test_a_label_map_has_few_values_before_it_is_smoothed(scan: Image.Image) -> None:
    made = [np.asarray(make_label_map([scan], np.random.default_rng(seed))) for seed in range(12)]
    counts = [len(np.unique(picture)) for picture in made]
    assert min(counts) <= 6 and all(picture.shape[0] == picture.shape[1] for picture in made)


def test_rows_of_the_split_are_taken_and_others_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RAMP.save(tmp_path / "a.png")
    (tmp_path / "list.csv").write_text("path,split\na.png,train\nmissing.png,test\n")
    monkeypatch.setattr("tools.make_variants.PER_KIND", 2)
    arguments = ["make_variants", str(tmp_path / "list.csv"), str(tmp_path / "out"), "--data", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    assert {path.name: len(list(path.iterdir())) for path in (tmp_path / "out").iterdir()} == dict.fromkeys(KINDS, 2)
