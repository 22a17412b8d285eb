"""What tests of foreign networks share: pictures, a run through an engine, and what is said of a file."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.engine import Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.engine.memory import Plan
from vidrestore.errors import ModelError
from vidrestore.models.foreign.network import ForeignNetwork
from vidrestore.models.foreign.open import open_foreign


def refusal(path: Path) -> str:
    """What is said of a file: one line that names it."""
    with pytest.raises(ModelError) as caught:
        open_foreign(path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400 and path.stem in message
    return message


def pictures(batch: int, height: int, width: int) -> Tensor:
    soft = F.interpolate(torch.rand(batch, 3, height // 8 + 1, width // 8 + 1), size=(height, width), mode="bicubic")
    return (soft + 0.02 * torch.randn_like(soft)).clamp(0, 1)[:, None]


def inferred(network: ForeignNetwork, engine: str, precision: str, window: Tensor, tile: int = 0) -> Tensor:
    settings = Settings(device="cpu", engine=engine, precision=precision)
    inference = Inference(network, choose(settings), settings)
    inference.plan = Plan(tile, len(window))
    return inference([tuple(each) for each in window])
