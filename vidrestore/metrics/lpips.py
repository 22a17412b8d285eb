"""LPIPS: how different two pictures look, by features of AlexNet (Zhang et al. 2018, version 0.1). Lower is closer.

The layers laid over the features are read from the package lpips (`pip install 'vidrestore[perceptual]'`), which is not
imported: it would need a torchvision that fits torch. AlexNet's weights are the user's file, or torch's own download.
"""

from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ModelError

ALEXNET = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
"""As torchvision publishes it; torch keeps it in its own cache and checks its hash."""
CONVOLUTIONS = {0: (3, 64, 11, 4, 2), 3: (64, 192, 5, 1, 2), 6: (192, 384, 3, 1, 1), 8: (384, 256, 3, 1, 1)}
CONVOLUTIONS[10] = (256, 256, 3, 1, 1)
"""Number among AlexNet's `features` -> channels in and out, kernel, stride, padding."""
POOLED = (3, 6)
"""Those with a maximum over 3x3, every second one, before them."""
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of red, green and blue from -1 to 1."""


class Lpips(nn.Module):
    """Distance of pictures; constant.

    Args:
        weights: a state dict of AlexNet as torchvision publishes it; None: torch's download.

    Raises:
        ModelError: the package lpips is not installed, or AlexNet's weights are missing or damaged.
    """

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__()
        self.features = nn.ModuleDict({str(n): nn.Conv2d(*sizes) for n, sizes in CONVOLUTIONS.items()})
        layers, found = _layers(), _alexnet(weights)
        try:
            self.features.load_state_dict(
                {key.removeprefix("features."): value for key, value in found.items() if key.startswith("features.")}
            )
        except (RuntimeError, AttributeError) as error:
            raise ModelError(f"{weights or ALEXNET} does not hold AlexNet as torchvision publishes it") from error
        self.layers = [layers[f"lin{n}.model.1.weight"] for n in range(len(CONVOLUTIONS))]
        self.requires_grad_(False)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] twice, at least 32x32 -> (B,), 0 and up."""
        total = one.new_zeros(len(one))
        for a, b, weight in zip(self._looks(one), self._looks(other), self.layers, strict=True):
            total = total + F.conv2d((a - b) ** 2, weight).mean((1, 2, 3))
        return total

    def _looks(self, picture: Tensor) -> list[Tensor]:
        """What each convolution gives, of length 1 at each place."""
        shift, scale = (picture.new_tensor(each).view(3, 1, 1) for each in (SHIFT, SCALE))
        x, looks = (2 * picture - 1 - shift) / scale, []
        for number in CONVOLUTIONS:
            if number in POOLED:
                x = F.max_pool2d(x, 3, 2)
            x = F.relu(self.features[str(number)](x))
            looks.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return looks


def _layers() -> dict[str, Tensor]:
    """The package's, by name."""
    spec = find_spec("lpips")
    if spec is None or spec.origin is None:
        raise ModelError("LPIPS needs the package lpips; pip install 'vidrestore[perceptual]'")
    return _read(Path(spec.origin).parent / "weights" / "v0.1" / "alex.pth")


def _alexnet(weights: Path | None) -> dict[str, Tensor]:
    if weights is not None:
        return _read(weights)
    try:
        found: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            ALEXNET, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"LPIPS needs AlexNet, and {ALEXNET} cannot be had ({reason}); give your file of it with --lpips FILE"
        ) from error
    return found


def _read(path: Path) -> dict[str, Tensor]:
    """A state dict. Nothing in the file is executed."""
    if not path.is_file():
        raise ModelError(f"no weights at {path}; give torchvision's file of AlexNet")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, LookupError, EOFError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as weights ({type(error).__name__}); it may be damaged") from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ModelError(f"{path} holds no state dict of AlexNet")
    return found
