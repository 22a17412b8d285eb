"""The shipped weights: manifest, hash check, and load(entry) -> Processor. Nothing in a weight file is executed."""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load as parse
from safetensors.torch import save as serialise
from torch import Tensor

from .calibration import Range, calibrate
from .errors import ModelError
from .models import MODELS, Network


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the manifest: a weight file and everything that is known about it."""

    name: str
    task: str
    """The command it serves: upscale, interpolate, deblur."""
    model: str
    """A key of models.MODELS."""
    args: Mapping[str, Any]
    file: str
    sha256: str
    licence: str
    recipe: str
    data: str
    steps: int
    note: str = ""
    """What a user should know before choosing it; empty for the ordinary choice."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """What `vidrestore evaluate` gives: the set, the score, and the baseline's score beside it."""
    on_video: Mapping[str, Any] = field(default_factory=dict)
    """Of upscale: the same on clips, over the frames that have a full window of five, for all networks alike."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Of the convolutions that may be computed in int8; see calibration.py."""


def folder() -> Path:
    """Where manifest.toml and its files lie: $VIDRESTORE_WEIGHTS, inside an installed package, or in the repository."""
    if chosen := os.environ.get("VIDRESTORE_WEIGHTS"):
        return Path(chosen)
    here = Path(__file__).resolve().parent
    installed = here / "weights_data"
    return installed if installed.is_dir() else here.parent / "weights"


def manifest(where: Path | None = None) -> dict[str, Entry]:
    """Every row of manifest.toml, by name.

    Raises:
        ModelError: where the manifest is missing or cannot be read.
    """
    path = (where or folder()) / "manifest.toml"
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: Entry(name=name, **row) for name, row in rows.items()}
    except FileNotFoundError:
        raise ModelError(f"no weights manifest at {path}; reinstall vidrestore or set VIDRESTORE_WEIGHTS") from None
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ModelError(f"{path} is not a weights manifest: {error}") from None


def find(model: str, *, task: str, scale: int | None = None, where: Path | None = None) -> Entry:
    """The row a user means: by its own name, or by its family's name and the scale.

    Raises:
        ModelError: for an unknown name, or one that does not do `scale`; says what there is.
    """
    rows = {name: entry for name, entry in manifest(where).items() if entry.task == task}
    entry = rows.get(model) or rows.get(f"{model}-x{scale}")
    if entry is None:
        raise ModelError(f"no model {model!r} for {task}{f' x{scale}' if scale else ''}; there are: {', '.join(rows)}")
    if scale is not None and (own := build(entry).needs.scale) != scale:
        raise ModelError(f"model {entry.name} enlarges x{own}, not x{scale}")
    return entry


def best(*, scale: int, still: bool = False, where: Path | None = None) -> Entry:
    """The row for `upscale` by `scale` that does best on clips, of those a user need not be told anything about.

    Args:
        still: of those that see one frame alone.

    Raises:
        ModelError: there is none.
    """
    rows = [row for row in manifest(where).values() if row.task == "upscale" and not row.note]
    needs = [build(row).needs for row in rows]
    seen = [(row, each) for row, each in zip(rows, needs, strict=True) if each.scale == scale]
    fit = [row for row, each in seen if not (still and (each.before or each.after))]
    if not fit:
        raise ModelError(f"no network for upscale x{scale} is shipped; give a file of your own with -m")
    return max(fit, key=lambda row: float(row.on_video.get("psnr_y", 0)))


def digest(name: str) -> str:
    """Which weights a name stands for: the sha256 of a file or of a row, or of the two of A+B; empty of what has none.

    Raises:
        ModelError: the manifest cannot be read.
    """
    if Path(name).suffix == ".safetensors":
        return hashlib.sha256(Path(name).read_bytes()).hexdigest()
    rows = manifest()
    return "+".join(rows[part].sha256 for part in name.split("+") if part in rows)


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
        raise _foreign(path, error) from error
    return found


def _foreign(path: Path, error: SafetensorError) -> ModelError:
    way_out = "foreign checkpoints go through `vidrestore models convert`"
    return ModelError(f"{path} is not a safetensors file ({error}); {way_out}")


ABOUT = "vidrestore"
"""The entry of a weight file's metadata in which it says what it is, as JSON."""


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


def about(path: Path) -> Mapping[str, Any]:
    """What a weight file says of itself: task, model and args, as `written` has them.

    Raises:
        ModelError: it is missing, no such file, or does not say.
    """
    if not path.is_file():
        raise ModelError(f"no weights at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            said = _said((file.metadata() or {}).get(ABOUT, ""))
    except SafetensorError as error:
        raise _foreign(path, error) from error
    if not {"task", "model", "args"} <= said.keys():
        raise ModelError(f"{path} does not say which network it is for; write it with `vidrestore models convert`")
    return said


def _said(text: str) -> Mapping[str, Any]:
    """What a file says of itself; nothing where that cannot be read."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def parameters(entry: Entry) -> int:
    """Trainable numbers of a row's network."""
    return sum(p.numel() for p in build(entry).parameters())
