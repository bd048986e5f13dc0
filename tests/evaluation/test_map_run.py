from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brain_tumor.classifier import Result
from brain_tumor.decision.verdict import Status, Verdict
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.labelled import find_labelled
from brain_tumor.evaluation.map_checks import MapChecks
from brain_tumor.evaluation.map_run import check_maps, keep_marked, occlude, sample
from brain_tumor.evaluation.run import evaluate
from brain_tumor.input.reader import read_scan
from brain_tumor.input.scan import Box, Scan
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.card import Card
from brain_tumor.model.output import ModelOutput
from tests.evaluation.fakes import MODEL
from tests.factories import encode, make_card, make_rules

SPOT: Box = (0.5, 0.25, 0.625, 0.375)  # 8 x 8 of 64 pixels


WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


class Watcher:
    """Sees a glioma as far as the spot is white, else no tumor; its maps have 8 cells a side.

    A name with "reject" is not a brain MRI. maps: whether the network has any. region: what it looks at; cells: rows
    and columns of its maps in which it sees the glioma.
    """

    def __init__(
        self,
        maps: bool = True,
        min_location: float | None = 0.5,
        region: Box = WHOLE,
        cells: tuple[slice, slice] = np.s_[2:3, 4:5],
    ) -> None:
        self.card: Card = make_card(rules=make_rules(min_location=min_location))
        self.calls = 0
        self._maps, self._region, self._cells = maps, region, cells

    def classify(self, data: bytes, name: str) -> Result:
        return self.classify_scan(read_scan(data, name), name)

    def classify_scan(self, scan: Scan, name: str) -> Result:
        self.calls += 1
        white = float(scan.pixels[16:24, 32:40].mean())
        glioma = 0.1 + 0.8 * (white - 0.5) * 2 if white > 0.5 else 0.1
        values = np.array([glioma, 0.0, 1 - glioma, 0.0], np.float32)
        saliency = np.zeros((8, 8, 4), np.float32)
        saliency[(*self._cells, 0)] = saliency[7, 7, 2] = 1
        location = saliency[:, :, 0] * (glioma > 0.5)
        output = ModelOutput(values * 10, values, np.ones(1, np.float32))
        if self._maps:
            output = ModelOutput(output.logits, values, output.gate_scores, saliency, location)
        status = Status.NOT_A_BRAIN_MRI if "reject" in name else Status.CLASSIFIED
        label = Label.GLIOMA if glioma > 0.5 and "reject" not in name else Label.NO_TUMOR
        verdict = Verdict(label, status, None)
        return Result(name, scan, output, verdict, LABELS, MODEL.model_id, region=self._region)


def draw(spotted: bool) -> bytes:
    """A grey head, with a white spot or without."""
    pixels = np.full((64, 64), 127, np.uint8)
    if spotted:
        pixels[16:24, 32:40] = 255
    return encode(Image.fromarray(pixels), "PNG")


def scans(folder: Path, **content: bool) -> Path:
    for name, spotted in content.items():
        label, _, rest = name.partition("_")
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / f"{rest}.png").write_bytes(draw(spotted))
    return folder


def check(watcher: Watcher, folder: Path, boxes: dict[str, Box], images: int = 10, occlusion: int = 0) -> MapChecks:
    evaluation = evaluate(watcher, MODEL, find_labelled(folder), [], "2026-01-31")
    return check_maps(watcher, evaluation, boxes, images, occlusion)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two gliomas with a spot, one without, one that is rejected; two healthy scans, one of them with a spot."""
    shown = {"glioma_a": True, "glioma_b": True, "glioma_c": False, "glioma_reject": True}
    return scans(tmp_path, **shown, notumor_d=False, notumor_e=True)


BOXES = {f"glioma/{name}.png": SPOT for name in ("a", "b", "c", "reject")}


def test_images_without_a_box_and_rejected_ones_are_left_out(data: Path) -> None:
    checks = check(Watcher(), data, BOXES)
    assert (checks.tumor_images, checks.healthy_images, checks.not_analysed) == (3, 2, 1)
    assert check(Watcher(), data, {"glioma/a.png": SPOT}).tumor_images == 1


def test_saliency_is_that_of_the_final_class(data: Path) -> None:
    pointing = check(Watcher(), data, BOXES).saliency
    assert pointing is not None
    # Scan c ends as No Tumor, whose map points to the lower right.
    assert (pointing.inside.hits, pointing.inside.total) == (2, 3)


def test_boxes_are_drawn_on_tumors_and_on_a_healthy_scan_that_looks_like_one(data: Path) -> None:
    drawn = check(Watcher(), data, BOXES).drawn
    assert drawn is not None and drawn.on_tumor is not None and drawn.on_healthy is not None
    assert drawn.overlap.value == pytest.approx(2 / 3)
    assert (drawn.on_tumor.hits, drawn.on_tumor.total) == (2, 3)
    assert (drawn.on_healthy.hits, drawn.on_healthy.total) == (1, 2)


def test_filling_the_tumor_takes_the_answer_away_and_filling_elsewhere_does_not(data: Path) -> None:
    deletion = check(Watcher(), data, BOXES).deletion
    assert deletion is not None
    # From 0.9 to 0.1 for a and b; c has nothing to lose.
    assert deletion.tumor.value == pytest.approx(1.6 / 3, abs=0.01)
    assert deletion.control.value == pytest.approx(0, abs=1e-6)


def test_a_network_without_maps_is_still_tested_by_deletion(data: Path) -> None:
    checks = check(Watcher(maps=False, min_location=None), data, BOXES, occlusion=3)
    assert (checks.saliency, checks.location, checks.drawn, checks.occlusion) == (None, None, None, None)
    assert checks.deletion is not None


def test_occlusion_falls_where_a_patch_covers_the_spot() -> None:
    watcher = Watcher()
    drops = occlude(watcher, watcher.classify(draw(spotted=True), "a.png"))
    # The spot lies from 1.75 to 2.6 patches down and from 3.5 to 4.4 across.
    assert np.argwhere(np.abs(drops) > 0.01).tolist() == [[1, 3], [1, 4], [2, 3], [2, 4]]
    assert drops.max() > 0 and drops.min() > -0.01


# Half as wide and half as high as the picture; in shares of it the spot is 1/2 to 3/4 across and 1/4 to 1/2 down.
REGION: Box = (0.25, 0.125, 0.75, 0.625)


def test_maps_are_compared_with_the_box_in_shares_of_the_region(data: Path) -> None:
    # This cell lies in the spot there; of the whole picture it would be beside it.
    watcher = Watcher(region=REGION, cells=np.s_[3:4, 5:6])
    checks = check(watcher, data, BOXES)
    assert checks.saliency is not None and checks.location is not None
    assert (checks.saliency.inside.hits, checks.location.inside.hits) == (2, 2)
    beside = check(Watcher(cells=np.s_[3:4, 5:6]), data, BOXES)
    assert beside.saliency is not None and beside.saliency.inside.hits == 0


def test_a_drawn_box_is_compared_in_the_picture(data: Path) -> None:
    drawn = check(Watcher(region=REGION, cells=np.s_[2:4, 4:6]), data, BOXES).drawn
    assert drawn is not None
    assert drawn.overlap.value == pytest.approx(2 / 3)  # the third scan is none


def test_patches_divide_the_region() -> None:
    # Seven patches of 8 x 8 pixels a side: the third down and the fifth across is the spot.
    watcher = Watcher(region=(0.0, 0.0, 0.875, 0.875))
    drops = occlude(watcher, watcher.classify(draw(spotted=True), "a.png"))
    assert np.argwhere(np.abs(drops) > 1e-3).tolist() == [[2, 4]]


def test_occlusion_is_run_on_as_many_images_as_asked(data: Path) -> None:
    unoccluded, occluded = Watcher(), Watcher()
    check(unoccluded, data, BOXES)
    occlusion = check(occluded, data, BOXES, occlusion=1).occlusion
    assert occlusion is not None and occlusion.images == 1
    assert occluded.calls == unoccluded.calls + 49


def test_the_samples_are_limited_and_the_same_each_time(data: Path) -> None:
    checks = check(Watcher(), data, BOXES, images=1)
    assert (checks.tumor_images, checks.healthy_images) == (1, 1)
    names = [f"{number}.png" for number in range(100)]
    assert sample(names, 10) == sample(reversed(names), 10) == sample(names, 20)[:10]
    assert sample(names, 10) != names[:10]


def test_a_list_without_a_box_of_the_data_set_says_what_paths_must_look_like(data: Path) -> None:
    with pytest.raises(DatasetError, match=r"none of its scans with a finding has a box; .* like glioma/a\.png"):
        keep_marked(find_labelled(data), {"a.png": SPOT, "notumor/d.png": SPOT})
    assert keep_marked(find_labelled(data), {**BOXES, "notumor/d.png": SPOT}) == BOXES
