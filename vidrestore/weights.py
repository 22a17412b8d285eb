"""Networks built and filled from weight files, whose hashes are checked. Nothing in a weight file is executed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as parse
from safetensors.torch import save as serialise
from torch import Tensor

from .calibration import calibrate
from .errors import ModelError
from .manifest import ABOUT, Entry, about, folder, foreign
from .models import MODELS, Network


def build(entry: Entry) -> Network:
    """The network of a row without its weights: enough to know its needs.

    Raises:
        ModelError: where the row names a network this version does not have.
    """
    if entry.model not in MODELS:
        raise ModelError(f"model {entry.name} needs the network {entry.model!r}, which this version does not have")
    return MODELS[entry.model](**entry.args)


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
    network = _filled(build(entry), data, f"weights of {entry.name} at {path}")
    try:
        calibrate(network.core, entry.ranges)
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"the ranges of {entry.name} in the manifest do not fit the network: {error}") from error
    return network


def _filled(network: Network, data: bytes, what: str) -> Network:
    """`network` with the tensors of a safetensors file, all of them and no others."""
    try:
        network.load_state_dict({k: v.float() for k, v in parse(data).items()}, strict=True)
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise ModelError(f"{what} do not fit the network: {reason}") from error
    network.eval().requires_grad_(False)
    return network


def tensors(path: Path) -> dict[str, Tensor]:
    """What a safetensors file holds. ModelError: it is no such file."""
    try:
        found: dict[str, Tensor] = parse(path.read_bytes())
    except SafetensorError as error:
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


def open_file(path: Path, *, task: str) -> Network:
    """The network of a weight file that is not in the manifest but says itself what it is, in evaluation mode.

    Raises:
        ModelError: it is missing, no such file, of another task, or does not fit the network it names.
    """
    said = about(path)
    if said["task"] != task:
        raise ModelError(f"{path} is for the command {said['task']}, not for {task}")
    if said["model"] not in MODELS:
        raise ModelError(f"{path} needs the network {said['model']!r}, which this version does not have")
    try:
        network = MODELS[said["model"]](**said["args"])
    except (TypeError, ValueError) as error:
        raise ModelError(f"{path} asks for a network {said['model']} that cannot be built: {error}") from error
    return _filled(network, path.read_bytes(), f"weights at {path}")
