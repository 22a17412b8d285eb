"""How much halo a network needs in truth: what its pixels far away change is often less than a code value."""

from collections.abc import Iterable

import torch
from torch import Tensor

from tests.frames import FP32
from vidrestore.engine import Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.engine.memory import Plan
from vidrestore.models.processor import Processor, apply

HALF_A_CODE = 0.5 / 255


def reach(processor: Processor, window: Tensor, *, at: Iterable[float], error: float = HALF_A_CODE) -> int:
    """The halo that keeps every seam below `error`, as far as this picture shows it.

    The picture is cut through, as a tile cuts it, and each half restored alone: this is how many pixels from the cut
    what comes out still differs by more than `error` from the whole picture's. Take the largest of several pictures,
    blurred and sharp, and round up to the network's multiple.

    Args:
        window: (B, T, C, H, W) in [0, 1], H and W multiples of the network's.
        at: where to cut, as shares of the height and of the width; on the network's multiples, as tiles lie.
    """
    shares, farthest = tuple(at), 0
    for turned in (False, True):
        # Cuts are always across the rows; the second time the axes change places around the network.
        def restored(rows: Tensor, turned: bool = turned) -> Tensor:
            with torch.no_grad():
                return apply(processor, rows.mT).mT if turned else apply(processor, rows)

        picture = window.mT if turned else window
        whole, multiple = restored(picture), processor.needs.multiple
        for share in shares:
            cut = round(share * picture.shape[-2] / multiple) * multiple
            above, below = restored(picture[..., :cut, :]), restored(picture[..., cut:, :])
            for part, there in ((above.flip(-2), whole[..., :cut, :].flip(-2)), (below, whole[..., cut:, :])):
                wrong = ((part - there).abs() > error).flatten(0, -3).any(0).any(-1).nonzero()
                farthest = max(farthest, 1 + int(wrong.max()) if len(wrong) else 0)
    return farthest


def seam(processor: Processor, window: Tensor, *, tile: int, settings: Settings = FP32) -> float:
    """The largest difference between the picture in tiles and the picture as a whole, as an engine computes them."""
    inference = Inference(processor, choose(settings), settings)
    pictures = [tuple(each) for each in window]
    inference.plan = Plan(0, len(window))
    whole = inference(pictures)
    inference.plan = Plan(tile, len(window))
    return float((inference(pictures) - whole).abs().max())
