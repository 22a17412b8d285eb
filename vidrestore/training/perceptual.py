"""The perceptual loss: features of VGG-19, whose weights are the user's own file.

Simonyan and Zisserman 2014: up to relu4_4 as document 000 and Niklaus et al. 2017 use them (networks.md A.4), up to
relu5_4 as SRGAN does (Ledig et al. 2017).
"""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import ModelError

Scale = Literal["caffe", "torchvision"]

WIDTHS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512))
"""Channels of the convolutions between poolings."""
SRGAN = 0.006
"""What features weigh in Ledig et al. 2017, where they alone are the content's loss."""
DOCUMENT = 1e-4
"""What the features weigh beside L1: fits the size that Caffe's weights give them."""
SHARE = 8.5
"""How large the feature term then is, in terms of L1, at the end of training."""


@dataclass(frozen=True, slots=True)
class Vgg:
    """A file of VGG-19 weights (a state dict or safetensors, tensors named `features.0.weight` and so on)."""

    path: Path
    scale: Scale = "torchvision"
    """caffe: the original weights, which see blue first and 0 to 255; torchvision: red first, normalised."""


class Features(nn.Module):
    """Pictures to activations of the network; constant.

    Args:
        blocks: 4: relu4_4; 5: relu5_4.

    Raises:
        ModelError: the file is missing, or does not hold the weights.
    """

    def __init__(self, vgg: Vgg, blocks: int = 4) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for widths in WIDTHS[:blocks]:
            layers += [nn.MaxPool2d(2)] if layers else []
            for width in widths:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
        self.layers = nn.Sequential(*layers)  # numbered as torchvision's `features`
        self.layers.load_state_dict(_weights(vgg.path, self.layers.state_dict()))
        self.layers.requires_grad_(False)
        self._scale = vgg.scale

    def forward(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> (N, 512, H // 8, W // 8), or // 16, at least 0."""
        if self._scale == "caffe":
            x = (rgb * 255 - _per_channel(rgb, 123.68, 116.779, 103.939)).flip(1)
        else:
            x = (rgb - _per_channel(rgb, 0.485, 0.456, 0.406)) / _per_channel(rgb, 0.229, 0.224, 0.225)
        out: Tensor = self.layers(x)
        return out


class L1AndFeatures(nn.Module):
    """L1 + weight * mean squared difference of relu4_4.

    `weight` is the document's with Caffe's weights. Others give features of another size: with them the first batch
    sets it, so that the two terms are to each other as in the document. So begin from weights trained with L1.
    """

    weight: Tensor

    def __init__(self, vgg: Vgg, device: torch.device) -> None:
        super().__init__()
        self._features = [Features(vgg).to(device)]  # in a list, so that no checkpoint has it
        self.register_buffer("weight", torch.tensor(DOCUMENT if vgg.scale == "caffe" else torch.nan, device=device))

    def forward(self, out: Tensor, target: Tensor) -> Tensor:
        """Any (..., 3, H, W) in [0, 1] -> a scalar."""
        (features,) = self._features
        with torch.no_grad():
            wanted = features(target.flatten(0, -4))
        l1, difference = F.l1_loss(out, target), F.mse_loss(features(out.flatten(0, -4)), wanted)
        if self.weight.isnan():
            self.weight.copy_(SHARE * l1.detach() / difference.detach())
        return l1 + self.weight * difference


class FeaturesOnly(nn.Module):
    """Mean squared difference of relu5_4, times SRGAN: the content's loss of Ledig et al. 2017."""

    def __init__(self, vgg: Vgg, device: torch.device) -> None:
        super().__init__()
        self._features = [Features(vgg, 5).to(device)]  # as above

    def forward(self, out: Tensor, target: Tensor) -> Tensor:
        """Any (..., 3, H, W) in [0, 1] -> a scalar."""
        (features,) = self._features
        with torch.no_grad():
            wanted = features(target.flatten(0, -4))
        return SRGAN * F.mse_loss(features(out.flatten(0, -4)), wanted)


def _per_channel(like: Tensor, *values: float) -> Tensor:
    return like.new_tensor(values).view(3, 1, 1)


def _weights(path: Path, own: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `own` asks for, from the file; ModelError where it is not there in these shapes."""
    found = _read(path)
    for name, tensor in own.items():
        theirs = found.get(f"features.{name}")
        if theirs is None or theirs.shape != tensor.shape:
            has = "is missing" if theirs is None else f"is {tuple(theirs.shape)}, not {tuple(tensor.shape)}"
            raise ModelError(f"{path} does not hold VGG-19: features.{name} {has}")
    return {name: found[f"features.{name}"].float() for name in own}


def _read(path: Path) -> dict[str, Tensor]:
    """Nothing in the file is executed."""
    if not path.is_file():
        raise ModelError(f"no VGG-19 weights at {path}; name the file you have, of torchvision or converted from Caffe")
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, LookupError, EOFError) as error:
        raise ModelError(f"{path} cannot be read as weights ({type(error).__name__}); it may be damaged") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} holds a {type(found).__name__}, not a state dict of VGG-19")
    return {name: tensor for name, tensor in found.items() if isinstance(tensor, Tensor)}
