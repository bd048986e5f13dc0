"""The backbones of the recipes: the names of their layers and the sizes of their outputs, a value each."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backbone:
    """What the rest of the package must know of a Keras backbone; sizes are those at 299 px."""

    application: str  # its name in keras.applications
    rescale: tuple[float, float]  # factor and offset that make pixels from 0 to 1 what it was trained on
    layer: str  # its name as a layer of a whole network, which saved networks carry
    first_layer: str  # its first convolution, which reads the image
    maps: str  # its last activation
    features: int  # channels of the last activation, which max pooling hands to the head
    detail: str  # the finest map that has seen the middle of the network
    detail_features: int  # channels of it
    gate_levels: tuple[str, ...]  # what the gate reads beside the last activation, before a ReLU

    def detail_cells(self, side_px: int) -> int:
        """Cells along a side of the detail map of an image with this side."""
        # Two unpadded 3 x 3 convolutions, the first with stride 2, then three poolings that round up.
        return math.ceil(((side_px - 3) // 2 + 1 - 2) / 8)


XCEPTION = Backbone(
    application="Xception",
    rescale=(2.0, -1.0),
    layer="xception",
    first_layer="block1_conv1",
    maps="block14_sepconv2_act",  # (10, 10, 2048)
    features=2048,
    detail="block13_sepconv2_bn",  # (19, 19, 1024), before the last pooling
    detail_features=1024,
    # The gate looks at several depths: the last maps have learned tumors and forget what else there is in the world.
    # The first is taken behind its pooling, where a quarter of the cells costs a quarter of the time.
    gate_levels=("block4_pool", "block8_sepconv3_bn", "block13_sepconv2_bn"),
)
# These bring the normalisation of ImageNet along, for pixels from 0 to 255.
_BYTES = (255.0, 0.0)


def _efficientnet(size: str, features: int, detail: str, detail_features: int, levels: tuple[str, ...]) -> Backbone:
    return Backbone(
        application=f"EfficientNetV2{size}",
        rescale=_BYTES,
        layer=f"efficientnetv2_{size.lower()}",
        first_layer="stem_conv",
        maps="top_activation",
        features=features,
        detail=detail,
        detail_features=detail_features,
        gate_levels=levels,
    )


def _convnext(size: str, blocks: int, widths: tuple[int, int, int]) -> Backbone:
    def last_of(stage: int, block: int) -> str:
        return f"convnext_{size.lower()}_stage_{stage}_block_{block}_identity"

    return Backbone(
        application=f"ConvNeXt{size}",
        rescale=_BYTES,
        layer=f"convnext_{size.lower()}",
        first_layer=f"convnext_{size.lower()}_stem",
        maps=last_of(3, 2),
        features=widths[2],
        detail=last_of(2, blocks - 1),
        detail_features=widths[1],
        gate_levels=(last_of(0, 2), last_of(1, 2), last_of(2, blocks - 1)),
    )


# By the names of keras.applications.
BACKBONES: dict[str, Backbone] = {
    backbone.application: backbone
    for backbone in (
        XCEPTION,
        _efficientnet("B0", 1280, "block5e_add", 112, ("block2b_add", "block4c_add", "block5e_add")),
        _efficientnet("B3", 1536, "block5g_add", 136, ("block2c_add", "block4e_add", "block5g_add")),
        _efficientnet("S", 1280, "block5i_add", 160, ("block2d_add", "block4f_add", "block5i_add")),
        _convnext("Tiny", 9, (192, 384, 768)),
        _convnext("Small", 27, (192, 384, 768)),
    )
}


def backbone_of(layers: Iterable[str]) -> Backbone:
    """The backbone of a network that has layers of these names; raises KeyError where none of them is one."""
    known = {backbone.layer: backbone for backbone in BACKBONES.values()}
    (name,) = [name for name in layers if name in known] or ["none of the backbones"]
    return known[name]
