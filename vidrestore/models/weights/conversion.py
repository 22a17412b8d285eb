"""convert(): other people's checkpoints into weight files of ours, which say what network they are for."""

from __future__ import annotations  # torch is for type checkers only, until there is something to read

import pickle
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base.files import check_free, write_whole
from ...errors import ModelError, UsageError
from .conversion_residual import dbpn, dbpn_args, edsr, edsr_args, mdsr, mdsr_args, wdsr, wdsr_args

if TYPE_CHECKING:
    from torch import Tensor

    from ..networks import Network

    State = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Converter:
    """How the public checkpoints of one network become ours."""

    task: str
    model: str
    """A key of models.MODELS."""
    args: Mapping[str, Any] | Callable[[State], Mapping[str, Any]]
    """Of the network; a function where they are seen from the tensors."""
    adapt: Callable[[State], dict[str, Tensor]]
    """From their names and conventions to ours; names it does not know stay as they are, and are refused later."""
    inside: str = ""
    """The key of the network's state where the file holds several networks; empty where it is the state itself."""


def convert(source: Path, target: Path, *, model: str, overwrite: bool = False) -> Network:
    """Read a checkpoint without executing anything in it, and write it as a safetensors file with its network's name.

    Returns:
        the network, with the weights.

    Raises:
        UsageError: no converter of that name, or the target cannot be written to or is there already.
        ModelError: the source is missing, is not plain weights, or does not hold this network's.
    """
    if model not in CONVERTERS:
        raise UsageError(f"nothing converts to {model!r}; there are: {', '.join(CONVERTERS)}")
    if target.suffix != ".safetensors":
        raise UsageError(f"{target}: weights are written as .safetensors")
    check_free(target, overwrite=overwrite)
    if not source.is_file():
        raise ModelError(f"no checkpoint at {source}")
    from . import files

    converter = CONVERTERS[model]
    found = _read(source, converter.inside)
    args = converter.args(found) if callable(converter.args) else converter.args
    network, state = _built(source, model, args), converter.adapt(found)
    _check(source, state, network, model)
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
    content = files.written(network, task=converter.task, model=converter.model, args=args)
    write_whole(target, content, overwrite=overwrite)
    return network


def _built(path: Path, model: str, args: Mapping[str, Any]) -> Network:
    """ModelError: what a damaged or hostile file says of its size is none of this network's."""
    from ..networks import MODELS

    if any(isinstance(value, int) and value > LARGEST for value in args.values()):
        raise ModelError(f"{path} is not a public checkpoint of {model}: it would be a network of {args}")
    return MODELS[CONVERTERS[model].model](**args)


def _read(path: Path, inside: str) -> State:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path} holds more than weights, or is damaged; nothing in it was executed") from error
    except (RuntimeError, LookupError, EOFError, ValueError, OSError, AssertionError) as error:
        raise ModelError(f"{path} cannot be read as a checkpoint of PyTorch; it may be damaged") from error
    if inside and isinstance(found, dict):
        found = found.get(inside)
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in found.items()
    ):
        where = f" under {inside!r}" if inside else ""
        raise ModelError(f"{path} is not a plain state dict{where}: names and their tensors")
    return found


def _check(path: Path, state: State, network: Network, model: str) -> None:
    """ModelError: names the first tensor that is missing, unknown, or of another shape."""
    from .state import misfit

    if problem := misfit(network.state_dict(), state):
        raise ModelError(f"{path} is not a public checkpoint of {model}: {problem}")


def _sepconv(state: State) -> dict[str, Tensor]:
    """network-l1.pytorch and network-lf.pytorch of sepconv-slomo: `moduleConv1.0.weight`, in newer code `netConv1`.

    Its frames are BGR. What leaves the network is kernels, one for all channels, so only its first layer knows.
    """
    public = re.compile(r"(?:module|net)(?P<block>[A-Z][a-z]+\d)(?P<rest>\.\d+\.(?:weight|bias))")
    named = {
        f"core.{match['block'].lower()}{match['rest']}" if (match := public.fullmatch(name)) else name: tensor
        for name, tensor in state.items()
    }
    first = "core.conv1.0.weight"
    if first in named and named[first].shape[1:2] == (6,):
        named[first] = named[first][:, [2, 1, 0, 5, 4, 3]]
    return named


def _msresnet(state: State) -> dict[str, Tensor]:
    """model-N.pt of DeepDeblur-PyTorch: `body_models.0.body.1.body.0.weight`, `conv_end_models.1.uppath.0.weight`.

    Its values are 255 times ours. Convolutions and ReLU scale with their input, so only the biases know.
    """
    named: dict[str, Tensor] = {}
    for name, tensor in state.items():
        name = re.sub(r"^body_models\.(\d)\.body\.", r"core.levels.\1.", name)
        name = re.sub(r"^conv_end_models\.([12])\.uppath\.", lambda m: f"core.ups.{int(m[1]) - 1}.", name)
        named[name] = tensor / 255 if name.endswith(".bias") else tensor
    return named


def _five_parallel(state: State) -> dict[str, Tensor]:
    """xsede_saved_veryDeep2.pth of 3DCNN-SUPER-2021-pytorch: `first2dConv1.weight`, `twodConvBlock33.5.bias`.

    It also holds layers that never run. Its values are 255 times ours, see `_msresnet`; before its sigmoid it divides
    by 100, which here is in the last layer.
    """
    from ..networks.vsr import FiveParallel

    layers = [
        f"{layer}.{kind}" for layer in (*_frames_of_five_parallel(), *_volume_of_five_parallel()) for kind in KINDS
    ]
    own = FiveParallel().state_dict()
    unused = re.compile(r"twodConvBlock[125]2\.[02]\.(?:weight|bias)|output2dlayer2\.(?:weight|bias)")
    public = dict(zip(layers, own, strict=True))
    named = {public.get(name, name): tensor for name, tensor in state.items() if not unused.fullmatch(name)}
    scaled = {name: tensor / 255 if name.endswith(".bias") else tensor for name, tensor in named.items()}
    last = ("core.volume.out.weight", "core.volume.out.bias")
    return scaled | {name: scaled[name] * 2.55 for name in last if name in scaled}


LARGEST = 1024
"""Channels or blocks of a network: a mistake beyond."""
KINDS = ("weight", "bias")


def _frames_of_five_parallel() -> Iterator[str]:
    for number in range(1, 6):
        yield f"first2dConv{number}"
        yield f"twodConvBlock{number}1.1"
        if number in (3, 4):
            yield from (f"twodConvBlock{number}2.{n}" for n in (0, 2))
        yield from (f"twodConvBlock{number}3.{n}" for n in (1, 3, 5))


def _volume_of_five_parallel() -> Iterator[str]:
    for block in range(1, 5):
        yield from (f"threedConvBlock{block}.{n}" for n in (0, 2))
    yield from (f"threedConvBlock5.{n}" for n in (1, 3, 5, 7, 9, 11))
    yield "output2dlayer"


def _rife(state: State) -> dict[str, Tensor]:
    """flownet.pkl of Practical-RIFE and vs-rife, version 4.0."""
    from ..foreign.between import from_public

    return from_public(state)


def _mdsr(scale: int) -> Converter:
    return Converter("upscale", "mdsr", lambda state: {"scale": scale, **mdsr_args(state)}, mdsr)


CONVERTERS: dict[str, Converter] = {
    "dbpn": Converter("upscale", "dbpn", dbpn_args, dbpn),
    "edsr": Converter("upscale", "edsr", edsr_args, edsr),
    "five-parallel": Converter("upscale", "five-parallel", {}, _five_parallel),
    "mdsr-x2": _mdsr(2),
    "mdsr-x3": _mdsr(3),
    "mdsr-x4": _mdsr(4),
    "msresnet": Converter("deblur", "msresnet", {"blocks": 19, "pyramid": "gaussian"}, _msresnet, inside="G"),
    "rife": Converter("interpolate", "rife", {}, _rife),
    "sepconv": Converter("interpolate", "sepconv", {"local_conv": "outer", "align_corners": True}, _sepconv),
    "wdsr": Converter("upscale", "wdsr", wdsr_args, wdsr),
}
"""By the name that `--model` takes."""
