from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="Keras finds no backend", exc_type=ImportError)

import numpy as np

from brain_tumor.labels import LABELS, Label
from brain_tumor_training.example_batches import ExampleBatches, sampling_chances
from brain_tumor_training.examples import Example
from tests.training.drawn import SMALL_FINETUNE, UNCHANGED, list_examples


def batches(examples: list[Example], data: Path, seed: int | None = 0, **changes: Any) -> ExampleBatches:
    return ExampleBatches(examples, data, replace(SMALL_FINETUNE, **changes), seed)


def test_training_images_have_the_side_of_their_epoch(data: Path) -> None:
    made = batches(list_examples(data), data)
    for epoch, side, cells in ((0, 32, 2), (1, 32, 2), (2, 48, 3)):
        made.start_epoch(epoch)
        images, targets = made[0]
        assert (images.shape, targets["covered"].shape) == ((4, side, side, 3), (4, cells, cells))


def test_validation_images_have_the_last_side_and_stay_as_they_are(data: Path) -> None:
    first, again = batches(list_examples(data), data, None), batches(list_examples(data), data, None)
    again.start_epoch(1)
    assert first[0][0].shape == (4, 48, 48, 3)
    assert np.array_equal(first[0][0], again[0][0])
    assert first[0][1]["possible"].argmax(axis=1).tolist() == [
        LABELS.index(example.label or Label.GLIOMA) for example in list_examples(data)[:4]
    ]


def test_a_view_depends_on_seed_epoch_and_place_alone(data: Path) -> None:
    examples = list_examples(data)
    first, second, third = batches(examples, data), batches(examples, data), batches(examples, data, 1)
    second[3]  # what was read before does not count
    assert np.array_equal(first[1][0], second[1][0])
    assert not np.array_equal(first[1][0], third[1][0])
    before = first[1][0]
    first.start_epoch(1)
    assert not np.array_equal(first[1][0], before)


def test_what_is_covered_tells_tumor_no_tumor_and_unknown(data: Path) -> None:
    tumor, healthy = (
        next(example for example in list_examples(data) if (example.box is None) == empty) for empty in (False, True)
    )
    examples = [tumor, healthy, replace(tumor, box=None), replace(tumor, label=None, box=None)]
    targets = batches(examples, data, None)[0][1]
    covered = targets["covered"]
    assert covered[0].max() == 1
    assert covered[1].tolist() == [[0, 0, 0]] * 3
    assert covered[2].tolist() == covered[3].tolist() == [[-1, -1, -1]] * 3
    assert targets["possible"].sum(axis=1).tolist() == [1, 1, 1, 3]


def pictures(*kinds: tuple[str, Label | None, int], weight: float = 1.0) -> list[Example]:
    """So many pictures of each source and label, on no disk."""
    return [
        Example(f"{source}/{label}{n}", label, f"{source}/{label}{n}", source, "train", None, weight=weight)
        for source, label, count in kinds
        for n in range(count)
    ]


def chances(examples: list[Example], balance: float) -> list[float]:
    recipe = replace(SMALL_FINETUNE, balance=balance)
    found: list[float] = sampling_chances([[example] for example in examples], recipe).tolist()
    return found


HEALTHY_AND_RARE = pictures(("clinic", Label.NO_TUMOR, 8), ("clinic", Label.GLIOMA, 2))


@pytest.mark.parametrize(("balance", "gliomas"), [(0.0, 1 / 5), (0.5, 1 / 3), (1.0, 1 / 2)])
def test_rare_labels_are_drawn_more_often(balance: float, gliomas: float) -> None:
    # Eight of one label and two of the other: one fifth by number, one half where every label counts alike.
    found = chances(HEALTHY_AND_RARE, balance)
    assert sum(found) == pytest.approx(1)
    assert found == pytest.approx([(1 - gliomas) / 8] * 8 + [gliomas / 2] * 2)


def test_a_label_of_two_sources_counts_twice() -> None:
    # Three kinds: healthy here, healthy there and glioma here.
    kinds = (("here", Label.NO_TUMOR, 2), ("there", Label.NO_TUMOR, 8), ("here", Label.GLIOMA, 4))
    assert chances(pictures(*kinds), 1.0) == pytest.approx([1 / 6] * 2 + [1 / 24] * 8 + [1 / 12] * 4)


def test_tumors_of_unknown_type_are_a_label_of_their_own() -> None:
    assert chances(pictures(("here", None, 1), ("here", Label.GLIOMA, 4)), 1.0) == pytest.approx([1 / 2] + [1 / 8] * 4)


def test_a_weight_is_how_much_more_often_an_image_is_drawn() -> None:
    examples = [*pictures(("own", Label.GLIOMA, 2), weight=3.0), *pictures(("other", Label.GLIOMA, 2))]
    assert chances(examples, 0.5) == pytest.approx([3 / 8] * 2 + [1 / 8] * 2)


def drawn(examples: list[Example], epoch: int = 0, seed: int = 0, **changes: Any) -> list[int]:
    """How often an epoch takes each picture."""
    made = batches(examples, Path(), seed, **changes)
    made.start_epoch(epoch)
    counts: list[int] = np.bincount(made._order, minlength=len(examples)).tolist()
    return counts


@pytest.mark.parametrize("count", [5, 10, 49])
def test_an_epoch_takes_each_picture_once_where_all_count_alike(count: int) -> None:
    # A share of 1 / 10 times 10 is 0.9999999999999999.
    for epoch in range(3):
        assert drawn(pictures(("here", Label.GLIOMA, count)), epoch) == [1] * count


def test_an_epoch_takes_each_picture_at_least_as_often_as_the_whole_number_says() -> None:
    # Of ten views five are gliomas, two and a half of each.
    counts = [drawn(HEALTHY_AND_RARE, epoch, balance=1.0) for epoch in range(60)]
    assert all(sum(count) == 10 and min(count[8:]) >= 2 for count in counts)
    assert np.mean([sum(count[8:]) for count in counts]) == pytest.approx(5, abs=0.5)


def test_an_epoch_has_as_many_views_as_asked() -> None:
    made = batches(HEALTHY_AND_RARE, Path(), epoch_views=23)
    assert (len(made._order), len(made)) == (23, 6)  # batches of four
    assert len(batches(HEALTHY_AND_RARE, Path())._order) == 10


def test_a_short_epoch_takes_other_pictures_each_time() -> None:
    seen = [tuple(drawn(HEALTHY_AND_RARE, epoch, epoch_views=4)) for epoch in range(5)]
    assert {sum(item) for item in seen} == {4}
    assert len(set(seen)) > 1
    assert drawn(HEALTHY_AND_RARE, 1, epoch_views=4) == list(seen[1])


def test_an_epoch_takes_one_copy_of_a_picture_and_others_take_the_others(data: Path) -> None:
    healthy = [replace(example, group="one") for example in list_examples(data) if example.label is Label.NO_TUMOR][:3]
    made = batches(healthy, data, augmentation=UNCHANGED)
    assert len(made) == 1
    views = []
    for epoch in range(2, 22):
        made.start_epoch(epoch)
        views.append(made[0][0])
    assert all(view.shape[0] == 1 for view in views)
    assert len({view.tobytes() for view in views}) == 3


def filled(data: Path, **shares: Any) -> tuple[Any, Any]:
    """The view of one boxed tumor and what is known of it, with these shares of filling."""
    tumor = next(example for example in list_examples(data) if example.box is not None)
    small = replace(tumor, box=(0.4, 0.4, 0.6, 0.6))
    images, targets = batches([small], data, augmentation=replace(UNCHANGED, **shares))[0]
    return images[0], {name: values[0] for name, values in targets.items()}


def test_a_filled_tumor_is_none(data: Path) -> None:
    before, _ = filled(data)
    after, targets = filled(data, fill_tumor=1.0)
    inside, outside = np.s_[14:18, 14:18], np.s_[:12]
    assert np.array_equal(before[outside], after[outside])
    assert before[inside].std() > 2 * after[inside].std()
    assert targets["possible"].argmax() == LABELS.index(Label.NO_TUMOR)
    assert not targets["covered"].any()


def test_a_tumor_beside_a_filled_box_stays_one(data: Path) -> None:
    before, known = filled(data)
    after, targets = filled(data, fill_elsewhere=1.0)
    assert np.array_equal(before[14:18, 14:18], after[14:18, 14:18])
    assert not np.array_equal(before, after)
    assert all(np.array_equal(known[name], targets[name]) for name in known)


def test_a_view_with_a_drawn_lesion_asks_for_any_tumor_in_its_cells(data: Path) -> None:
    healthy = next(example for example in list_examples(data) if example.label is Label.NO_TUMOR)
    # The draws differ by place, and not every one is seen.
    examples = [replace(healthy, group=str(number)) for number in range(8)]
    _, targets = batches(examples, data, batch_size=8, augmentation=replace(UNCHANGED, lesion=1.0))[0]
    possible = targets["possible"].sum(axis=1)
    assert set(possible.tolist()) <= {1, 3} and (possible == 3).any()
    assert [bool(target.max() > 0) for target in targets["covered"]] == [count == 3 for count in possible]
