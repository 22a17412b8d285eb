"""The table of open models of others that a user can get by name. torch is not loaded."""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...base.folders import user_folder
from ...base.schema import Count, Text, read_json
from ...errors import ModelError
from . import manifest


@dataclass(frozen=True, slots=True)
class Known:
    """One row of the catalogue: a model in a package of the Python index, and what is known about it."""

    name: str
    task: str
    """The command it serves, as `manifest.Entry.task`."""
    scale: Count
    package: str
    version: str
    files: Mapping[str, str]
    """Their paths in the package -> sha256; the first is given to what opens the network."""
    licence: str
    authors: str
    good_for: Text
    residual: bool = False
    """What it makes is added to the picture, each pixel repeated, as the program that it is from does."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """As tools/weights/measure_catalogue.py gives it: the set, and the scores."""

    @property
    def family(self) -> str:
        """The name without the scale."""
        return self.name.removesuffix(f"-x{self.scale}")

    @property
    def path(self) -> Path:
        """Where its first file lies, or would."""
        return self.folder / _name(next(iter(self.files)))

    @property
    def folder(self) -> Path:
        """Where its files lie, or would."""
        return folder() / self.name

    @property
    def digest(self) -> str:
        """As `manifest.digest`."""
        return "+".join(self.files.values())

    def is_here(self) -> bool:
        """Whether all its files are in their folder; what they hold is checked when they are opened."""
        return all((self.folder / _name(file)).is_file() for file in self.files)

    def is_whole(self) -> bool:
        """Whether they are there and as the catalogue says."""
        try:
            self.check()
        except ModelError:
            return False
        return True

    def check(self) -> None:
        """ModelError: it has not been got yet, or a file has changed since."""
        for file, expected in self.files.items():
            path = self.folder / _name(file)
            if not path.is_file():
                raise ModelError(f"{self.name} is not here yet; get it with `vidrestore models get {self.name}`")
            if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
                way_out = f"get it again with `vidrestore models get {self.name}`"
                raise ModelError(f"{path} is not what the catalogue says; {way_out}")


def folder() -> Path:
    """Where models lie that were got by name: $VIDRESTORE_MODELS, or a folder of the user's."""
    chosen = os.environ.get("VIDRESTORE_MODELS")
    return Path(chosen) if chosen else user_folder("data") / "models"


def rows(where: Path | None = None) -> dict[str, Known]:
    """Every row of catalogue.toml, by name; none where there is no such file.

    Raises:
        ModelError: it cannot be read.
    """
    path = (where or manifest.folder()) / "catalogue.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        named = {name: {**row, "name": name} if isinstance(row, dict) else row for name, row in found.items()}
        return read_json(dict[str, Known], json.dumps(named, default=str))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not a catalogue of models: {error}") from None


def here() -> dict[str, Known]:
    """Those that have been got."""
    return {name: row for name, row in rows().items() if row.is_here()}


def find(model: str, *, task: str, scale: int | None = None) -> Known | None:
    """The row a user means: by its own name, or by its family's name and the scale."""
    found = rows()
    row = found.get(model) or found.get(f"{model}-x{scale or 1}")
    return row if row is not None and row.task == task else None


def family(name: str) -> list[Known]:
    """The row of that name, or all of that family: the same at several scales.

    Raises:
        ModelError: there is none; says what there is.
    """
    found = rows()
    if name in found:
        return [found[name]]
    several = [row for row in found.values() if row.family == name]
    if not several:
        raise manifest.unknown(name, list(dict.fromkeys(row.family for row in found.values())))
    return several


def _name(file: str) -> str:
    return file.rpartition("/")[2]
