"""Checkpoints of PyTorch as a Processor, where spandrel knows the network. Nothing in them is executed."""

import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ...errors import ModelError
from ..weights.manifest import UNREADABLE, digest
from .library import spandrel
from .network import ForeignNetwork
from .probe import Sizes, as_processor

SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")
PURPOSES = {"FaceSR": "faces cut out of pictures", "Inpainting": "pictures with holes"}
"""What spandrel calls networks that are not for whole pictures."""
PROGRAM = ("Unsupported global", "is blocked", "Unsupported class", "reduce for", "build for", "TorchScript")
"""What torch says of a pickle that holds anything but tensors, numbers and words."""
WRONG = (*UNREADABLE, pickle.UnpicklingError, EOFError, AttributeError, AssertionError, zipfile.BadZipFile)


class Called(nn.Module):
    """A network that is run in a way of its own, or changes the picture that it is given."""

    def __init__(self, model: nn.Module, call: Any) -> None:  # noqa: ANN401
        super().__init__()
        self.model, self.call = model, call

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, scale*H, scale*W)."""
        out: Tensor = self.call(self.model, x.clone())
        return out


def open_checkpoint(path: Path) -> ForeignNetwork:
    """The network of a .pth, .pt, .ckpt or .safetensors file.

    Raises:
        ModelError: it is missing, damaged, holds other things than weights, or is of no network that is known and
            makes one RGB picture of one; spandrel is not installed.
    """
    tensors = read_tensors(path)
    try:
        model = _described(spandrel(), tensors)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            needs = model.size_requirements
            if needs.square:
                raise ModelError("takes square pictures only")
            return as_processor(
                _core(model),
                _sizes(model),
                file=digest(path),
                multiple=needs.multiple_of,
                minimum=needs.minimum,
            )
    except ModelError as error:
        raise ModelError(f"{path}: the network {error}") from error


def read_tensors(path: Path) -> Mapping[str, object]:
    """What a file holds: tensors by name, perhaps with others inside."""
    try:
        found = load_file(path) if path.suffix.lower() == ".safetensors" else _unpickled(path)
    except WRONG as error:
        if any(word in str(error) for word in PROGRAM):
            raise ModelError(f"{path} holds more than weights, which could be any program, and is not read") from error
        raise ModelError(f"{path} is damaged, or no checkpoint of PyTorch") from error
    if not isinstance(found, Mapping):
        raise ModelError(f"{path} holds no tensors by name")
    # A few bytes can stand for a tensor of any size: all rows the same, or zeros that were compressed.
    size, file = sum(tensor.numel() * tensor.element_size() for tensor in _all(found)), path.stat().st_size
    if size > 2 * file + 65536:
        raise ModelError(f"{path} has {file} bytes, but says that it holds {size} of weights: it is damaged")
    return found


def _unpickled(path: Path) -> object:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as parts:
            if any(part.compress_type != zipfile.ZIP_STORED for part in parts.infolist()):
                raise ModelError(f"{path} is compressed, as programs of TorchScript are, but no checkpoint is")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the form of pickle, of which an error says what matters
        return torch.load(path, map_location="cpu", weights_only=True)


def _all(found: Mapping[str, object]) -> Iterator[Tensor]:
    for value in found.values():
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, Mapping):
            yield from _all(value)


def _described(library: Any, tensors: Mapping[str, object]) -> Any:  # noqa: ANN401
    """spandrel's description of a network that sees and makes RGB pictures."""
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():  # networks start at random before they are filled
            warnings.simplefilter("ignore")  # of its own use of torch
            model = library.ModelLoader().load_from_state_dict(library.canonicalize_state_dict(dict(tensors)))
    except library.UnsupportedModelError as error:
        raise ModelError(
            "is none that spandrel knows; for one of ours, see `vidrestore models convert --help`"
        ) from error
    except Exception as error:  # whatever it makes of odd shapes and names
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"is not what its weights look like ({type(error).__name__}: {reason})") from error
    if model.purpose in PURPOSES:
        raise ModelError(f"is for another task: {PURPOSES[model.purpose]}")
    for does, channels in (("sees", model.input_channels), ("makes", model.output_channels)):
        if channels != 3:
            plural = "s" * (channels > 1)
            raise ModelError(f"{does} {channels} channel{plural}; networks of RGB pictures run here")
    model.eval().float()
    return model


def _core(model: Any) -> nn.Module:  # noqa: ANN401
    """The module itself where it alone does what spandrel does with it: what engines keep is told by its parts."""
    module: nn.Module = model.model
    needs = model.size_requirements
    side = -(-max(needs.minimum, 32) // needs.multiple_of) * needs.multiple_of
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    try:
        with torch.inference_mode():
            given = picture.clone()
            made = module(given)
            plain = torch.equal(given, picture) and torch.equal(made.clamp(0, 1), model(given))
    except (RuntimeError, TypeError, ValueError):
        plain = False
    return module if plain else Called(module, model._call_fn)


def _sizes(model: Any) -> Sizes:  # noqa: ANN401
    """As spandrel says; the picture of a trial shows whether it is so."""

    def sizes(height: int, width: int) -> tuple[int, ...]:
        if height % model.size_requirements.multiple_of or width % model.size_requirements.multiple_of:
            raise ModelError("takes other sizes")
        return 1, model.output_channels, model.scale * height, model.scale * width

    return sizes
