"""The backbone of the recipes: the names of its layers and the sizes of its outputs, in one value."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backbone:
    """What the rest of the package must know of a Keras backbone; sizes are those at 299 px."""

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
