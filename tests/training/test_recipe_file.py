from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brain_tumor.errors import ConfigurationError
from brain_tumor_training.recipe_file import choose_recipe, render_recipe
from brain_tumor_training.recipes import FINETUNE_RECIPES, FULL_DRAWS, RECIPES, AnyRecipe, Stage


def write(folder: Path, text: str) -> str:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return str(folder / "mine.toml")


def test_what_a_file_leaves_out_is_as_in_the_recipe_it_changes(tmp_path: Path) -> None:
    given = write(tmp_path, 'epochs = 20\nlearning_rate = 1e-4\nbackbone = "ConvNeXtTiny"\n[input]\nside_px = 224\n')
    base = RECIPES["baseline"]
    wanted = replace(
        base, epochs=20, learning_rate=1e-4, backbone="ConvNeXtTiny", input=replace(base.input, side_px=224)
    )
    assert choose_recipe(given, RECIPES, {}) == wanted


def test_options_count_more_than_the_file(tmp_path: Path) -> None:
    given = write(tmp_path, "epochs = 20\nbatch_size = 8\n")
    recipe = choose_recipe(given, RECIPES, {"epochs": 3})
    assert (recipe.epochs, recipe.batch_size) == (3, 8)


def test_tables_and_stages_of_a_finetune_recipe_are_changed_in_part(tmp_path: Path) -> None:
    text = "stages = [{ side_px = 96, epochs = 2 }]\n[augmentation]\nzoom = [0.5, 2]\n"
    recipe = choose_recipe(write(tmp_path, text), FINETUNE_RECIPES, {})
    base = FINETUNE_RECIPES["finetuned"]
    assert recipe.stages == (Stage(96, 2),)
    assert recipe.augmentation == replace(base.augmentation, zoom=(0.5, 2.0))


@pytest.mark.parametrize(
    ("said", "keep", "draws"),
    [("early_stopping = 3\naugment = 'full'", "best", FULL_DRAWS), ("early_stopping = 3\nkeep = 'last'", "last", 2)],
)
def test_early_stopping_keeps_the_best_epoch_unless_the_file_says_otherwise(
    said: str, keep: str, draws: int, tmp_path: Path
) -> None:
    recipe = choose_recipe(write(tmp_path, said), RECIPES, {})
    assert (recipe.keep, recipe.brightness_draws) == (keep, draws)


@pytest.mark.parametrize("recipes", [RECIPES, FINETUNE_RECIPES], ids=["baseline", "finetuned"])
def test_a_recipe_is_the_same_after_toml(recipes: dict[str, AnyRecipe], tmp_path: Path) -> None:
    (recipe,) = recipes.values()
    changed = replace(recipe, learning_rate=1.5e-7, name="my own")
    assert choose_recipe(write(tmp_path, render_recipe(changed)), recipes, {}) == changed


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("laerning_rate = 1e-3", "laerning_rate is not known; augment, backbone, batch_size, brightness,"),
        ("[input]\nside = 224", "side is not known; crop, resize, side_px are accepted"),
        ("epochs = 0", "epochs: 0 is not accepted; give 1 or more"),
        ("epochs = 2.5", "epochs: 2.5 is not accepted; give a whole number"),
        ("learning_rate = nan", "learning_rate: nan is not accepted"),
        ('augment = "much"', "augment: 'much' is not accepted; give one of none, brightness, full"),
        ('backbone = "ResNet50"', "give one of Xception, EfficientNetV2B0"),
        ("[input]\nside_px = 5000", "a side of 5000 pixels is not accepted"),
        ("epochs 20", "is not TOML"),
        ("name = '<b>'", "name '<b>' is not accepted"),
    ],
)
def test_what_is_not_accepted_is_named_with_what_is(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.toml") as caught:
        choose_recipe(write(tmp_path, text), RECIPES, {})
    assert complaint in str(caught.value)


def test_a_zoom_of_three_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="give 2 values"):
        choose_recipe(write(tmp_path, "[augmentation]\nzoom = [0.5, 1, 2]\n"), FINETUNE_RECIPES, {})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [("luck", "give baseline, or the path of a TOML file"), ("none.toml", "cannot be read")],
)
def test_a_recipe_that_is_not_there_is_refused(given: str, complaint: str) -> None:
    options: dict[str, Any] = {}
    with pytest.raises(ConfigurationError, match=complaint):
        choose_recipe(given, RECIPES, options)
