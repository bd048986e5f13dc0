import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks import pictures
from benchmarks.picture_kinds import KINDS, WIDE, Kind
from benchmarks.pictures import Labelled
from brain_tumor.decision.gate import has_few_greys
from brain_tumor.labels import LABELS, Label
from tests.scripted import ScriptedClassifier

# Upright, so that width and height cannot be mixed up.
COLUMNS, ROWS = 160, 200


def draw_head(columns: int = COLUMNS, rows: int = ROWS, seed: int = 0) -> Image.Image:
    """A speckled ellipse with a lighter rim on black."""
    head = Image.new("L", (columns, rows))
    ImageDraw.Draw(head).ellipse((10, 10, columns - 10, rows - 10), fill=110, outline=190, width=5)
    grey = np.asarray(head, np.float64)
    speckle = np.random.default_rng(seed).uniform(0.3, 1.3, grey.shape)
    return Image.fromarray((grey * speckle).clip(0, 255).astype(np.uint8))


IMAGES = [
    Labelled("a.jpg", Label.GLIOMA, draw_head()),
    Labelled("b.jpg", Label.NO_TUMOR, draw_head(seed=1)),
    Labelled("c.jpg", Label.PITUITARY, draw_head(240, 180, seed=2)),
]


def make(name: str, seed: int = 3, image: Labelled = IMAGES[0]) -> Image.Image:
    return pictures.make_picture(name, KINDS[name], image, IMAGES, seed)


def grey_of(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), np.float64)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("as is", (160, 200)),
        ("letters burned in", (160, 200)),
        ("coloured arrow and circle", (160, 200)),
        ("16:9, bars at the sides", (356, 200)),
        ("head 80 % of a square", (250, 250)),
        ("16:9, head 80 % of the height", (444, 250)),
        ("16:9, head half the height", (711, 400)),
        ("white frame of a tenth", (192, 240)),
        ("JPEG of quality 30", (160, 200)),
        ("90 px", (90, 112)),
        ("40 px", (40, 50)),
        ("inverted", (160, 200)),
        ("contact sheet, 2 x 2", (360, 360)),
        ("contact sheet, 5 x 4", (900, 720)),
        ("brain mask", (160, 200)),
        ("label map", (160, 200)),
    ],
)
def test_a_kind_has_its_size(name: str, size: tuple[int, int]) -> None:
    assert make(name).size == size


@pytest.mark.parametrize("name", ["slide", "photo of a screen", "16:9, bars at the sides"])
@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.path)
def test_wide_pictures_are_wide_whatever_the_scan(name: str, image: Labelled) -> None:
    columns, rows = make(name, image=image).size
    assert columns / rows == pytest.approx(WIDE, abs=0.01)


@pytest.mark.parametrize("name", KINDS)
def test_only_what_is_as_is_looks_like_the_scan(name: str) -> None:
    same = make(name).tobytes() == IMAGES[0].scan.tobytes()
    assert same == (name == "as is")


@pytest.mark.parametrize("name", KINDS)
def test_a_seed_gives_the_same_picture_again(name: str) -> None:
    assert make(name).tobytes() == make(name).tobytes()


@pytest.mark.parametrize(
    "name",
    ["letters burned in", "coloured arrow and circle", "photo of a screen", "contact sheet, 5 x 4", "viewer window"],
)
def test_another_seed_gives_another_picture(name: str) -> None:
    assert make(name, seed=3).tobytes() != make(name, seed=4).tobytes()


def test_letters_are_white_in_the_corners_and_leave_the_middle_alone() -> None:
    before, after = grey_of(IMAGES[0].scan), grey_of(make("letters burned in"))
    assert all(corner.max() > 200 for corner in (after[:30, :50], after[:30, -50:], after[-30:, :50]))
    assert (before[60:140, 40:120] == after[60:140, 40:120]).all()


@pytest.mark.parametrize(("name", "coloured"), [("coloured arrow and circle", True), ("as is", False)])
def test_only_marks_are_coloured(name: str, coloured: bool) -> None:
    rgb = np.asarray(make(name).convert("RGB"), np.int16)
    assert (rgb.max(axis=2) - rgb.min(axis=2)).max() == (255 if coloured else 0)


def test_bars_are_black_and_the_scan_stands_in_the_middle() -> None:
    wide = grey_of(make("16:9, bars at the sides"))
    assert wide[:, :98].max() == wide[:, -98:].max() == 0
    assert (wide[:, 98:258] == grey_of(IMAGES[0].scan)).all()


def test_a_frame_is_white_and_a_slide_nearly_so() -> None:
    frame, slide = grey_of(make("white frame of a tenth")), grey_of(make("slide"))
    assert frame[:20].min() == frame[:, :16].min() == 255
    assert (slide == 255).mean() > 0.5
    assert slide[: slide.shape[0] // 5].min() < 60, "a title"


def test_a_viewer_has_a_header_and_four_thumbnails() -> None:
    window = grey_of(make("viewer window"))
    column = window[24:, :48]
    assert np.ptp(window[1, 1:40]) == 0
    assert window[1, 1] > 50, "the header is lighter than the panes"
    # Rows of the column that hold something brighter than its ground, counted as blocks.
    busy = column.max(axis=1) > 60
    assert np.count_nonzero(np.diff(busy.astype(int)) == 1) == 4


def test_a_photo_is_tinted_and_never_black() -> None:
    photo = np.asarray(make("photo of a screen"), np.float64)
    red, _, blue = photo.mean(axis=(0, 1))
    assert abs(red / blue - 1) > 0.02
    assert np.median(photo) > 15


def test_inverting_turns_black_air_white() -> None:
    assert (grey_of(make("inverted")) == 255 - grey_of(IMAGES[0].scan)).all()


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.path)
def test_a_mask_has_two_values_and_its_middle_is_brain(image: Labelled) -> None:
    mask = grey_of(make("brain mask", image=image))
    assert sorted(set(mask.ravel())) == [0, 255]
    assert mask[mask.shape[0] // 2, mask.shape[1] // 2] == 255
    assert mask[:8].max() == mask[:, :8].max() == 0


def test_a_mask_of_a_scan_without_air_has_two_values_still() -> None:
    white = Labelled("full.png", Label.GLIOMA, Image.new("L", (100, 100), 200))
    assert sorted(set(grey_of(make("brain mask", image=white)).ravel())) == [0, 255]


def test_label_maps_have_two_to_six_values_and_seeds_differ() -> None:
    maps = [grey_of(make("label map", seed)) for seed in range(12)]
    numbers = {len(set(values.ravel())) for values in maps}
    assert numbers <= {2, 3, 4, 5, 6}
    assert len(numbers) > 2
    assert all(has_few_greys((values / 255).astype(np.float32)) for values in maps)


def test_the_kinds_without_a_class_are_those_that_show_no_single_scan() -> None:
    without = {name for name, kind in KINDS.items() if not kind.has_class}
    assert without == {
        "40 px",
        "inverted",
        "contact sheet, 2 x 2",
        "contact sheet, 5 x 4",
        "brain mask",
        "label map",
    }


# A scripted classifier answers glioma, but No Tumor for "healthy" and too close a call for "doubt".
NAMED = [
    Labelled("glioma.jpg", Label.GLIOMA, draw_head()),
    Labelled("pituitary.jpg", Label.PITUITARY, draw_head()),
    Labelled("healthy.jpg", Label.NO_TUMOR, draw_head()),
    Labelled("healthy-but-meningioma.jpg", Label.MENINGIOMA, draw_head()),
    Labelled("doubt.jpg", Label.GLIOMA, draw_head()),
]


def count(name: str, kind: Kind) -> pictures.Figures:
    return dict(pictures.ask(ScriptedClassifier(), NAMED, {name: kind}, 3))[name]


def test_answers_are_counted_by_what_they_are_worth() -> None:
    figures = count("as is", KINDS["as is"])
    assert figures["counts"] == {"right": 2, "uncertain": 1, "not_analysed": 0, "sure_and_wrong": 2}
    assert figures["reasons"] == {"unlikely": 1}
    assert figures["sure_and_wrong"] == [
        {"path": "pituitary.jpg", "class": "Glioma", "probability": 0.93},
        {"path": "healthy-but-meningioma.jpg", "class": "No Tumor", "probability": 0.93},
    ]


def test_without_a_class_every_classified_picture_is_sure_and_wrong() -> None:
    counts = count("inverted", KINDS["inverted"])["counts"]
    assert counts == {"right": 0, "uncertain": 1, "not_analysed": 0, "sure_and_wrong": 4}


@pytest.mark.parametrize(("name", "reason"), [("40 px", "too_small"), ("brain mask", "few_greys")])
def test_what_the_gate_stops_is_not_analysed(name: str, reason: str) -> None:
    figures = count(name, KINDS[name])
    assert figures["counts"] == {"right": 0, "uncertain": 0, "not_analysed": 5, "sure_and_wrong": 0}
    assert figures["reasons"] == {reason: 5}


def index_rows(per_label: int = 10) -> list[dict[str, str]]:
    return [
        {"path": f"{split}/{label}/{number}.jpg", "label": label, "official_split": split}
        for split in ("Training", "Testing")
        for label in ("glioma", "meningioma", "notumor", "pituitary")
        for number in range(per_label)
    ]


def test_testing_rows_are_sampled_evenly_over_the_classes() -> None:
    sampled = pictures.sample(index_rows(), 8, seed=3)
    assert [label for _, label in sampled] == [*LABELS, *LABELS]
    assert all(path.startswith("Testing/") for path, _ in sampled)
    assert len(pictures.sample(index_rows(), 1000, seed=3)) == 40


def test_the_sample_depends_on_the_seed_and_not_on_the_order() -> None:
    rows = index_rows()
    assert pictures.sample(rows, 8, seed=3) == pictures.sample(rows[::-1], 8, seed=3)
    assert pictures.sample(rows, 8, seed=3) != pictures.sample(rows, 8, seed=4)
    assert pictures.sample(rows, 8, seed=3) == pictures.sample(rows, 16, seed=3)[:8]


def test_an_unknown_label_ends_the_program() -> None:
    with pytest.raises(SystemExit, match="'cyst'"):
        pictures.sample([{"path": "a.jpg", "label": "cyst", "official_split": "Testing"}], 1, seed=3)


def test_the_table_has_a_dash_where_no_class_is_right() -> None:
    counts = {"right": 3, "uncertain": 1, "not_analysed": 0, "sure_and_wrong": 2}
    report = {
        "model": "test-1",
        "seed": 3,
        "images": {"Glioma": 6},
        "kinds": {"as is": {"has_class": True, "counts": counts}, "inverted": {"has_class": False, "counts": counts}},
    }
    lines = list(pictures.render(report))
    assert "| as is | 3 | 1 | 0 | 2 |" in lines
    assert "| inverted | - | 1 | 0 | 2 |" in lines
    assert lines[-1].startswith("Network `test-1`, images: 6 Glioma; seed 3.")


def test_the_command_answers_every_kind_and_writes_the_same_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pictures, "load_classifier", lambda _: ScriptedClassifier())
    with (tmp_path / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["path", "label", "official_split"])
        writer.writeheader()
        writer.writerows(index_rows(1))
    for row in index_rows(1):
        (tmp_path / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        draw_head().save(tmp_path / row["path"])
    command = ["--data", str(tmp_path), "--index", str(tmp_path / "index.csv"), "--images", "2", "--out"]
    for out in ("once.json", "again.json"):
        assert pictures.main([*command, str(tmp_path / out)]) == 0
    report = json.loads((tmp_path / "once.json").read_text(encoding="utf-8"))
    assert report == json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert report["model"] == "scripted-1"
    assert list(report["kinds"]) == list(KINDS)
    assert all(sum(figures["counts"].values()) == 2 for figures in report["kinds"].values())
    assert "| as is | 1 | 0 | 0 | 1 |" in capsys.readouterr().out
