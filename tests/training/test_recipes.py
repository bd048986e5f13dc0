import json
from dataclasses import asdict, replace

import pytest

from brain_tumor.input.preprocess import InputContract
from brain_tumor_training.recipes import (
    FINETUNE_RECIPES,
    RECIPES,
    AnyRecipe,
    Augmentation,
    Recipe,
    Stage,
    recipe_from_json,
)

THREE_STAGES = replace(FINETUNE_RECIPES["finetuned"], stages=(Stage(96, 2), Stage(224, 3), Stage(299, 1)))


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPES["baseline"],
        Recipe("mine", input=InputContract(side_px=96), epochs=3),
        FINETUNE_RECIPES["finetuned"],
        replace(THREE_STAGES, augmentation=Augmentation(mirror=False, zoom=(0.5, 2.0))),
    ],
    ids=["baseline", "baseline changed", "finetuned", "finetuned changed"],
)
def test_a_recipe_is_the_same_after_json(recipe: AnyRecipe) -> None:
    assert recipe_from_json(json.loads(json.dumps(asdict(recipe)))) == recipe


@pytest.mark.parametrize("recipe", [RECIPES["baseline"], FINETUNE_RECIPES["finetuned"]], ids=["baseline", "finetuned"])
def test_a_field_that_no_recipe_has_is_refused(recipe: AnyRecipe) -> None:
    with pytest.raises(TypeError, match="luck"):
        recipe_from_json({**asdict(recipe), "luck": 1})


def test_epochs_are_those_of_all_stages() -> None:
    assert THREE_STAGES.epochs == 6


def test_stages_end_where_the_next_begins() -> None:
    assert THREE_STAGES.stage_ends == (2, 5, 6)


def test_each_epoch_has_the_side_of_its_stage() -> None:
    assert [THREE_STAGES.side_px(epoch) for epoch in range(6)] == [96, 96, 224, 224, 224, 299]


def test_an_epoch_after_the_last_has_the_last_side() -> None:
    assert THREE_STAGES.side_px(99) == 299


def test_no_finetuned_recipe_trains_at_a_side_that_it_does_not_end_at() -> None:
    for recipe in FINETUNE_RECIPES.values():
        assert recipe.stages[-1].side_px == recipe.input.side_px


def test_a_run_of_before_is_read_without_what_recipes_no_longer_have() -> None:
    fields = json.loads(json.dumps(asdict(THREE_STAGES)))
    for new in ("epoch_views", "validation_views"):
        del fields[new]
    for new in ("lesion", "no_skull", "curve", "inverted", "window"):
        del fields["augmentation"][new]
    del fields["input"]["crop"]
    before = recipe_from_json({**fields, "unknown_type_repeats": 2.0})
    assert before.input.crop == "none"
    assert (before.augmentation.lesion, before.epoch_views) == (0.0, None)  # type: ignore[union-attr]


def test_the_finetuned_recipe_breaks_shortcuts_and_crops() -> None:
    recipe = FINETUNE_RECIPES["finetuned"]
    assert recipe.input.crop == "head"
    shares = asdict(recipe.augmentation)
    assert all(shares[name] > 0 for name in ("lesion", "no_skull", "curve", "inverted", "window"))
