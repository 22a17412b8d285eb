"""at_quality(): how a deblurring network is used at a quality."""

from ...base.settings import DeblurringQuality
from ...models.ensemble import Mirrored
from ...models.processor import Processor


def at_quality(quality: DeblurringQuality, network: Processor, *, still: bool) -> Processor:
    """The network as it is used on one picture (`still`) or on the frames of a video."""
    best = quality == "best" or (quality == "auto" and still)
    return Mirrored(network) if best else network
