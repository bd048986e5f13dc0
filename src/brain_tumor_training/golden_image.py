"""The drawn image that a model file carries to prove, when it is opened, that it computes what it should."""

import io

from PIL import Image, ImageDraw


def draw_golden_image() -> bytes:
    """A drawn head-like figure, 256 x 256, grey PNG: the stored input needs nobody's scan."""
    image = Image.new("L", (256, 256))
    draw = ImageDraw.Draw(image)
    for box, grey in (
        ((40, 20, 216, 236), 210),  # scalp
        ((50, 30, 206, 226), 30),  # skull
        ((58, 38, 198, 218), 110),  # brain
        ((100, 90, 120, 150), 45),  # ventricles
        ((136, 90, 156, 150), 45),
        ((150, 60, 180, 90), 190),  # something bright
    ):
        draw.ellipse(box, fill=grey)
    return to_png(image)


def to_png(image: Image.Image) -> bytes:
    """A picture as the content of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
