from brain_tumor_training.golden_image import draw_golden_image


def test_the_golden_image_is_drawn_the_same_every_time() -> None:
    assert draw_golden_image() == draw_golden_image()
