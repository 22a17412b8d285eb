"""Pictures that earlier runs have left in a folder, by the lists that they wrote there."""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ...base.settings import READ_PICTURES
from ...errors import UsageError
from .times import TIMES

_OURS = re.compile(r"frame_\d{8}\.(png|jpe?g|webp|tiff?)")
SCENE = "scene_{:03d}"
"""The folder of one scene, by its number from 1."""
_SCENES = re.compile(r"scene_\d{3,}")


def earlier(folder: Path) -> Iterator[str]:
    """The pictures of our names that a frames.csv of ours names, and that list, relative to `folder`; also of scenes.

    A list cannot name what lies elsewhere, or under a name that no run of ours gives.
    """
    if not folder.is_dir():
        return
    listed = _listed(folder)
    if listed:
        yield TIMES
    yield from sorted(name for name in listed if (folder / name).is_file())
    for scene in _scenes(folder):
        yield from (f"{scene.name}/{name}" for name in earlier(scene))


def check_no_strangers(folder: Path) -> None:
    """UsageError: pictures or a list lie there, or in its folders of scenes, that are no earlier run's."""
    for place in (folder, *_scenes(folder)):
        listed = _listed(place)
        strange = sorted(
            path.name
            for path in place.iterdir()
            if path.suffix.lower() in READ_PICTURES and not path.name.startswith(".") and path.name not in listed
        )
        if os.path.lexists(place / TIMES) and not listed:
            strange.insert(0, TIMES)
        if strange:
            others = f" and {len(strange) - 1} others" if len(strange) > 1 else ""
            raise UsageError(
                f"{place} holds pictures that no list of an earlier run names ({strange[0]}{others}); "
                "name another folder, or move them"
            )


def what_goes(folder: Path) -> str:
    """What a run that writes to a folder removes there, in words."""
    there, going = sum(1 for _ in folder.iterdir()), list(earlier(folder))
    pictures = sum(1 for name in going if not name.endswith(TIMES))
    staying = there - len({name.partition("/")[0] for name in going})
    removed = f"{pictures} pictures of an earlier run are replaced" if going else "nothing in it is removed"
    return f"{removed}{f'; {staying} other files stay' if staying else ''}"


def _listed(folder: Path) -> set[str]:
    if not (folder / TIMES).is_file():
        return set()
    try:
        rows = list(csv.DictReader((folder / TIMES).read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return set()
    return {name for row in rows if (name := row.get("file")) and _OURS.fullmatch(name)}


def _scenes(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if _SCENES.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    )
