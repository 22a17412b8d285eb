"""Networks built and filled from weight files, whose hashes are checked. Nothing in a weight file is executed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as parse
from safetensors.torch import save as serialise
from torch import Tensor

from ...errors import ModelError
from ..foreign.between import NcnnBetween, open_between
from ..foreign.network import ForeignNetwork
from ..foreign.open import open_foreign
from ..networks import MODELS, Network
from .calibration import calibrate
from .manifest import ABOUT, UNREADABLE, Arguments, Entry, about_for, check_foreign, folder, foreign, is_foreign
from .state import misfit


def build(entry: Entry) -> Network:
    """The network of a row without its weights: enough to know its needs.

    Raises:
        ModelError: where the row names a network this version does not have.
    """
    return _network(entry.model, entry.args, f"model {entry.name}")


def _network(model: str, args: Arguments, what: str) -> Network:
    if model not in MODELS:
        raise ModelError(f"{what} needs the network {model!r}, which this version does not have")
    try:
        return MODELS[model](**args)
    except Exception as error:  # whatever a constructor makes of odd arguments
        reason = " ".join(str(error).split())
        raise ModelError(f"{what} asks for a network {model} that cannot be built: {reason}") from error


def load(entry: Entry, *, where: Path | None = None) -> Network:
    """The network of a row with its weights, checked against the manifest's sha256, in evaluation mode.

    Raises:
        ModelError: where the file is missing, has another hash, or does not fit the network.
    """
    path = (where or folder()) / entry.file
    if not path.is_file():
        raise ModelError(f"weights of {entry.name} are missing at {path}; reinstall vidrestore")
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != entry.sha256:
        raise ModelError(
            f"weights of {entry.name} at {path} are damaged: sha256 {found[:12]}, not {entry.sha256[:12]}; reinstall"
        )
    network = _filled(entry.model, entry.args, data, f"weights of {entry.name} at {path}")
    try:
        calibrate(network.core, entry.ranges)
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"the ranges of {entry.name} in the manifest do not fit the network: {error}") from error
    return network


def _filled(model: str, args: Arguments, data: bytes, what: str) -> Network:
    """A network with the tensors of a safetensors file, all of them and no others, in evaluation mode."""
    try:
        tensors = {name: tensor.float() for name, tensor in parse(data).items()}
    except UNREADABLE as error:
        raise ModelError(f"{what} are no safetensors file: {error}") from error
    with torch.device("meta"):  # what does not fit takes no memory
        wanted = _network(model, args, what).state_dict()
    if problem := misfit(wanted, tensors):
        raise ModelError(f"{what} do not fit the network: {problem}")
    network = _network(model, args, what)
    network.load_state_dict(tensors, strict=True)
    network.eval().requires_grad_(False)
    return network


def tensors(path: Path) -> dict[str, Tensor]:
    """What a safetensors file holds. ModelError: it is no such file."""
    try:
        found: dict[str, Tensor] = parse(path.read_bytes())
    except UNREADABLE as error:
        raise foreign(path, error) from error
    return found


def written(network: Network, *, task: str, model: str, args: Mapping[str, Any]) -> bytes:
    """A weight file that says itself which network it is for, for `open_file`.

    Args:
        task: the command it serves, as `Entry.task`.
        model, args: how to build it, as `Entry.model` and `Entry.args`.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    # One entry: several are written in an order that changes from run to run.
    said = json.dumps({"task": task, "model": model, "args": dict(args)})
    content: bytes = serialise(tensors, metadata={ABOUT: said})
    return content


def open_file(path: Path, *, task: str) -> Network | ForeignNetwork | NcnnBetween:
    """The network of a weight file that is not in the manifest, in evaluation mode: ours or another program's.

    Raises:
        ModelError: it is missing, no such file, of another task, or does not fit the network it names.
    """
    if not is_foreign(path):
        said = about_for(path, task=task)
        return _filled(said.model, said.args, path.read_bytes(), f"weights at {path}")
    check_foreign(path, task=task)
    if task == "interpolate":
        return open_between(path)
    network = open_foreign(path)
    if network.needs.scale == 1 and task == "upscale":
        raise ModelError(f"the network of {path} keeps the size of pictures; give it to `vidrestore clean` or deblur")
    if network.needs.scale > 1 and task != "upscale":
        raise ModelError(f"the network of {path} enlarges x{network.needs.scale}; give it to `vidrestore upscale`")
    return network
