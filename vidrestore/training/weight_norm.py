"""Weight normalisation (Salimans and Kingma 2016) while a network is trained; what is kept of it is plain weights."""

from collections.abc import Mapping
from operator import attrgetter

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm


def normalise_weights(model: nn.Module) -> None:
    """Let training see each convolution's weights as a direction and a length for each output channel; in place.

    A layer of zeros, which a skip begins with, stays as it is: it has no direction, and with a random one and a length
    of 0 it hardly learned.
    """
    for module in list(model.modules()):
        if isinstance(module, nn.Conv2d) and bool(module.weight.any()):
            weight_norm(module)


def plain(model: nn.Module, name: str) -> Tensor:
    """A parameter as the network without weight normalisation has it, by its name there."""
    found: Tensor = attrgetter(name)(model)
    return found


def take(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Set parameters and buffers by the names that they have without weight normalisation."""
    with torch.no_grad():
        for name, tensor in tensors.items():
            place, _, last = name.rpartition(".")
            module = attrgetter(place)(model) if place else model
            if parametrize.is_parametrized(module, last):
                setattr(module, last, tensor)
            else:
                getattr(module, last).copy_(tensor)
