"""FFmpeg's motion interpolation of two pictures, for comparison: what users of `-vf minterpolate` get."""

from fractions import Fraction

import av
import numpy as np
import torch
import torch.nn.functional as F
from av.filter import Graph
from torch import Tensor

from ...frame.colour import quantise, to_planes, to_rgb
from ...frame.frame import Colour, Planes
from .graph import pull_all

OPTIONS = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"
"""Its best settings on the public triplets; scene detection off, which would repeat a picture where motion is large."""
LEAST = 32
"""Pixels a side that the filter needs: smaller pictures are continued by their edge."""
COLOUR = Colour("bt601", full_range=True)


def minterpolate(first: Tensor, second: Tensor, time: Fraction) -> Tensor:
    """The picture at `time` of the way between two, each seen twice, since the filter asks for one more on each side.

    Args:
        first, second: RGB, (3, H, W) float32 in [0, 1]; the filter sees them as 8-bit full-range 4:4:4.
        time: strictly between 0 and 1.

    Returns:
        RGB, (3, H, W) float32, nominally in [0, 1].
    """
    height, width = first.shape[-2:]
    graph = _graph(max(width, LEAST), max(height, LEAST), rate=time.denominator)
    beyond = (0, max(0, LEAST - width), 0, max(0, LEAST - height))
    first, second = (F.pad(picture[None], beyond, mode="replicate")[0] for picture in (first, second))
    for number, picture in enumerate((first, first, second, second)):
        graph.vpush(_frame(picture, number))
    graph.vpush(None)
    # The ticks of what comes out are the pictures of the new rate.
    wanted = time.denominator + time.numerator
    found = next(frame for frame in pull_all(graph.vpull) if frame.pts == wanted)
    y, u, v = (torch.from_numpy(plane) for plane in found.to_ndarray())
    return to_rgb(Planes(y, u, v, COLOUR, 0, 0))[:, :height, :width]


def _graph(width: int, height: int, *, rate: int) -> Graph:
    """One picture a second in, `rate` a second out."""
    graph = Graph()
    source = graph.add(
        "buffer",
        video_size=f"{width}x{height}",
        pix_fmt="yuvj444p",
        time_base="1/1",
        frame_rate="1/1",
        colorspace="smpte170m",
        range="pc",
    )
    graph.link_nodes(source, graph.add("minterpolate", f"fps={rate}:{OPTIONS}"), graph.add("buffersink"))
    graph.configure()
    return graph


def _frame(picture: Tensor, number: int) -> av.VideoFrame:
    planes = quantise(to_planes(picture, COLOUR, subsample_x=0, subsample_y=0))
    assert planes.u is not None and planes.v is not None
    frame = av.VideoFrame.from_ndarray(
        np.stack([plane.numpy() for plane in (planes.y, planes.u, planes.v)]), format="yuvj444p"
    )
    frame.pts = number
    return frame
