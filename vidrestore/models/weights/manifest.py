"""The table of networks, and what weight files say of themselves. torch is not loaded."""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Interval
from safetensors import SafetensorError, safe_open

from ...base.schema import Count, Text, read_json
from ...errors import ModelError
from ..processor import Needs

PAIR = (".param", ".bin")
"""Suffixes of ncnn's two files, which are one network."""
ONNX = ".onnx"
PICKLE = ".pkl"
"""Suffix of RIFE's networks."""
FOREIGN = (".pth", ".pt", ".ckpt", ONNX, PICKLE, *PAIR)
"""Suffixes of other programs' networks that run as they are; see models/foreign/."""
CHECKPOINTS = (*FOREIGN, ".pytorch", ".tar", ".h5")
"""Suffixes of other programs' weights."""
OWN = ".safetensors"
"""Suffix of our weight files, and of some others'."""
ABOUT = "vidrestore"
"""The entry of a weight file's metadata in which it says what it is, as JSON."""
Argument = bool | Annotated[int, Interval(ge=-4096, le=4096)] | Annotated[float, Interval(ge=-4096, le=4096)] | Text
"""Of a network's constructor. Any number in it is small: a large one would ask for more memory than there is."""
Arguments = Mapping[str, Argument | list[Argument]]


CONVERTED = ("dbpn", "edsr", "mdsr", "msresnet", "wdsr")
"""Networks without weights of ours, whose public checkpoints are converted."""
TRAINED = ("refinement", "residual", "selu", "srresnet")
"""And those without such checkpoints, too."""
LARGE = ("residual",)
"""Families that `best` passes over: they take several times as long, and the user asks for them."""
UNREADABLE = (SafetensorError, LookupError, TypeError, ValueError, RuntimeError, OSError)
"""What safetensors raises of files that are none."""


@dataclass(frozen=True, slots=True)
class About:
    """What a weight file says of itself."""

    task: Text
    """As `Entry.task`, and so on."""
    model: Text
    args: Arguments


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the manifest: a weight file and everything that is known about it."""

    name: str
    task: str
    """The command it serves: upscale, interpolate, deblur, clean."""
    model: str
    """A key of models.MODELS."""
    args: Arguments
    file: str
    sha256: str
    licence: str
    recipe: str
    data: str
    steps: Count
    parameters: Count
    """Trainable numbers of the network."""
    needs: Needs
    """What the network needs, so that a run is planned before it is built."""
    note: str = ""
    """What a user should know before choosing it; empty for the ordinary choice."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """What `vidrestore evaluate` gives: the set, the score, and the baseline's score beside it."""
    on_video: Mapping[str, float | Text] = field(default_factory=dict)
    """Of upscale: the same on clips, over the frames that have a full window of five, for all networks alike."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Of the convolutions that may be computed in int8; see calibration.py."""

    @property
    def family(self) -> str:
        """The name without the scale."""
        return self.name.removesuffix(f"-x{self.needs.scale}")


def folder() -> Path:
    """Where manifest.toml and its files lie: $VIDRESTORE_WEIGHTS, inside an installed package, or in the repository."""
    if chosen := os.environ.get("VIDRESTORE_WEIGHTS"):
        return Path(chosen)
    here = Path(__file__).resolve().parents[2]
    installed = here / "weights_data"
    return installed if installed.is_dir() else here.parent / "weights"


def rows(where: Path | None = None) -> dict[str, Entry]:
    """Every row of manifest.toml, by name.

    Raises:
        ModelError: where the manifest is missing or cannot be read.
    """
    path = (where or folder()) / "manifest.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        named = {name: {**row, "name": name} if isinstance(row, dict) else row for name, row in found.items()}
        return read_json(dict[str, Entry], json.dumps(named, default=str))
    except OSError as error:
        way_out = "reinstall vidrestore or set VIDRESTORE_WEIGHTS to a folder that has one"
        raise ModelError(f"no weights manifest at {path} ({error.strerror}); {way_out}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not a weights manifest: {error}") from None


def find(model: str, *, task: str, scale: int | None = None, where: Path | None = None) -> Entry:
    """The row a user means: by its own name, or by its family's name and the scale.

    Raises:
        ModelError: for an unknown name, or one that does not do `scale`; says what there is.
    """
    fit = {name: entry for name, entry in rows(where).items() if entry.task == task}
    entry = fit.get(model) or fit.get(f"{model}-x{scale}")
    if entry is None:
        raise unknown(
            model,
            [name for name, row in fit.items() if scale in (None, row.needs.scale)],
            f" for {task}{f' x{scale}' if scale else ''}",
        )
    if scale is not None and (own := entry.needs.scale) != scale:
        raise ModelError(f"model {entry.name} enlarges x{own}, not x{scale}")
    return entry


def best(*, scale: int, still: bool = False, where: Path | None = None) -> Entry:
    """The row for `upscale` by `scale` that does best on clips, of those a user need not be told anything about.

    Args:
        still: of those that see one frame alone.

    Raises:
        ModelError: there is none.
    """
    plain = [row for row in rows(where).values() if row.task == "upscale" and not (row.note or row.family in LARGE)]
    fit = [row for row in plain if row.needs.scale == scale and not (still and (row.needs.before or row.needs.after))]
    if not fit:
        raise ModelError(f"no network for upscale x{scale} is shipped; give a file of your own with -m")
    return max(fit, key=_psnr)


def _psnr(row: Entry) -> float:
    found = row.on_video.get("psnr_y", 0)
    return found if isinstance(found, float | int) else 0


def size(entry: Entry) -> int:
    """Bytes of a row's file; 0 where it is missing."""
    path = folder() / entry.file
    return path.stat().st_size if path.is_file() else 0


def unknown(model: str, names: Sequence[str], purpose: str = "") -> ModelError:
    """What to say of a word that names no model: those it may mean, or the way for another program's file."""
    if Path(model).suffix.lower() in CHECKPOINTS:
        if not Path(model).is_file():
            return ModelError(f"{model}: no such file; check the name")
        return ModelError(
            f"{model} is a checkpoint of another program; make a weight file of it with "
            "`vidrestore models convert FILE OUT.safetensors --model NETWORK`, and give that"
        )
    if Path(model).is_file():
        return ModelError(
            f"{model} is no file of a network; give a name of `models list`, or {', '.join((OWN, *FOREIGN))}"
        )
    family = re.sub(r"-x\d$", "", model)
    if family in (*CONVERTED, *TRAINED):
        way_out = (
            "convert a copy of your own with `vidrestore models convert`"
            if family in CONVERTED
            else "train them with a recipe (`vidrestore train`)"
        )
        return ModelError(f"no trained weights of {family} are shipped; {way_out} and give the file with -m")
    alike = get_close_matches(model, names, n=1)
    meant = f"; did you mean {alike[0]}?" if alike else ""
    return ModelError(f"no model {model!r}{purpose}{meant or ';'} there are: {', '.join(names)}")


def is_file(name: str) -> bool:
    """Whether a model's name is that of a file with a network, ours or another program's."""
    return Path(name).suffix.lower() in (OWN, *FOREIGN)


def is_foreign(path: Path) -> bool:
    """Whether a file is another program's.

    Raises:
        ModelError: it is missing, or of our form but damaged.
    """
    return path.suffix.lower() in FOREIGN or not _said(path)


def check_file(path: Path, *, task: str) -> None:
    """ModelError: a file with a network cannot serve a command, as far as is seen without building the network."""
    if is_foreign(path):
        check_foreign(path, task=task)
    else:
        about_for(path, task=task)


def check_foreign(path: Path, *, task: str) -> None:
    """ModelError: another program's file is missing, or the command runs no such networks."""
    if not path.is_file():
        raise ModelError(f"{path}: no such file; check the name")
    if task == "interpolate" and path.suffix.lower() in (PICKLE, *PAIR):
        return
    if path.suffix.lower() == PICKLE:
        raise ModelError(f"{path}: such files hold networks of RIFE; give it to `vidrestore interpolate -m`")
    if task not in ("upscale", "deblur", "clean"):
        raise ModelError(
            f"{path} is another program's, which {task} does not run; give flownet.pkl or .param of RIFE, or a "
            "weight file of `vidrestore models convert FILE OUT.safetensors --model NETWORK`"
        )


def parts(path: Path) -> list[Path]:
    """The file with a network, or both where it is two."""
    return [path.with_suffix(suffix) for suffix in PAIR] if path.suffix.lower() in PAIR else [path]


def digest(path: Path) -> str:
    """The sha256 of a file with a network, of both where it is two."""
    return "+".join(hashlib.sha256(part.read_bytes()).hexdigest() for part in parts(path))


def about(path: Path) -> About:
    """What a weight file says of itself, as `weights.written` has it.

    Raises:
        ModelError: it is missing, no such file, or does not say.
    """
    try:
        return read_json(About, _said(path))
    except ValueError as error:
        way_out = "write it with `vidrestore models convert`"
        raise ModelError(f"{path} does not say which network it is for ({error}); {way_out}") from None


def _said(path: Path) -> str:
    """What stands in a weight file's metadata; empty in other programs'."""
    if not path.is_file():
        raise ModelError(f"no weights at {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            return str((file.metadata() or {}).get(ABOUT, ""))
    except UNREADABLE as error:
        raise foreign(path, error) from error


def about_for(path: Path, *, task: str) -> About:
    """What a weight file says of itself that is to serve a command.

    Raises:
        ModelError: as `about`; it is for another command.
    """
    said = about(path)
    if said.task != task:
        raise ModelError(f"{path} is for the command {said.task}, not for {task}")
    return said


def foreign(path: Path, error: Exception) -> ModelError:
    """What to say of a file that is no weight file of ours."""
    other = "a checkpoint in another form: give it its own suffix, or see `vidrestore models convert`"
    return ModelError(f"{path} is not a safetensors file ({error}): it is damaged, or {other}")
