"""Scan -> the tensor the network was trained on; training calls this very function."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image

from brain_tumor.input.head import Region, find_head
from brain_tumor.input.scan import Box, FloatArray, Scan

# Part of every feature-cache key: raise it when the same scan would give another tensor.
PREPROCESS_VERSION = "grey-stretch-bilinear-3"

# LiteRT fits a network to any input it is given, with memory that grows with the area; no network here needs more.
MAX_NETWORK_SIDE_PX = 1024
Resize = Literal["stretch-bilinear"]
Crop = Literal["none", "head"]


@dataclass(frozen=True, slots=True)
class InputContract:
    """What the network expects; stored in the model card, so a file brings its own."""

    side_px: int = 299
    resize: Resize = "stretch-bilinear"
    crop: Crop = "none"  # "head": only the region of find_head() is looked at; files of before have none

    def __post_init__(self) -> None:
        """Raises ValueError for a way to resize or crop that is not known here, and for a side that is no image's."""
        if self.resize not in get_args(Resize):
            raise ValueError(f"unknown way to resize: {self.resize!r}")  # a later card may name one
        if self.crop not in get_args(Crop):
            raise ValueError(f"unknown way to crop: {self.crop!r}")
        if type(self.side_px) is not int or not 1 <= self.side_px <= MAX_NETWORK_SIDE_PX:
            raise ValueError(f"a side of {self.side_px!r} pixels")


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInput:
    """What the network is given of a scan."""

    tensor: FloatArray  # (1, side, side, 3), RGB, 0 to 1
    region: Box  # the part of the scan that the tensor shows and the network's maps cover


def to_input(scan: Scan, contract: InputContract) -> NetworkInput:
    """Crop a scan as the contract says and resize it to the network's input.

    The region is stretched to a square, as the training set's loaders do; bilinear with antialiasing (Pillow's resize,
    on float values). The three channels are equal.
    """
    region = find_head(scan.pixels) if contract.crop == "head" else Region.whole(scan.pixels)
    side = (contract.side_px, contract.side_px)
    # Cut first: Pillow's own box would mix pixels of a frame around the region into its border.
    head = np.ascontiguousarray(region.cut(scan.pixels))
    resized = Image.fromarray(head).resize(side, Image.Resampling.BILINEAR)
    grey = np.clip(np.asarray(resized, dtype=np.float32), 0.0, 1.0)
    tensor = np.empty((1, *grey.shape, 3), np.float32)
    for channel in range(3):  # one after the other, in half the time of np.repeat
        tensor[0, :, :, channel] = grey
    return NetworkInput(tensor, region.shares(scan.pixels))


def to_tensor(scan: Scan, contract: InputContract) -> FloatArray:
    """The tensor of to_input alone, shape (1, side, side, 3), float32, RGB, 0 to 1."""
    return to_input(scan, contract).tensor
