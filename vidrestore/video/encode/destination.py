"""Where a result may be written."""

import os
from pathlib import Path
from tempfile import TemporaryFile

from ...base.files import address_of, is_one_of
from ...base.names import check_name
from ...base.settings import WRITTEN_PICTURES
from ...errors import UsageError
from ..codecs import CONTAINERS
from ..pictures.earlier import check_no_strangers, what_goes
from ..pictures.folder import is_pictures
from ..pictures.formats.header import is_animated
from ..resume.swap import is_pending
from ..resume.unfinished import NOT_KEPT, check_same, folder_of
from .target import TargetKind


def kind_of(path: Path) -> TargetKind:
    """A path without a suffix is a folder of pictures, a picture's suffix one picture, else a video."""
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix:
        return "folder"
    if suffix in WRITTEN_PICTURES:
        return "picture"
    if suffix not in CONTAINERS:
        known = ", ".join([*CONTAINERS, *WRITTEN_PICTURES])
        raise UsageError(f"{path}: nothing is written as {suffix}; use one of {known}, or a folder for pictures")
    return "video"


def beside(source: Path, ending: str) -> Path:
    """A name for a result of the same kind: in_ENDING.mp4 beside in.mp4, or beside in.png where that is animated.

    A folder's holds no dot, so that it is one.
    """
    named = source if source.name not in ("", "..") else source.resolve()
    if source.is_dir():
        return named.with_name(f"{named.name}_{ending}".replace(".", "_"))
    suffix = ".mp4" if is_animated(source) else named.suffix
    return named.with_name(f"{named.stem}_{ending}{suffix}")


def check_free(path: Path, *sources: Path, folder: bool, overwrite: bool, resume: bool = False) -> None:
    """Whether a result may have this name; for a folder, also the name it grows under unless that is for `resume`.

    Raises:
        UsageError: nothing can be written there; it is one of the sources, or a folder with pictures that are one, or
            that no run of ours has written; it exists (a folder: and is not empty).
    """
    if address := address_of(path):
        raise UsageError(f"{address} is an address, and results are files; name one")
    check_name(path)
    if folder and path.resolve() == Path(path.resolve().anchor):
        raise UsageError(f"{path} is the root of all folders; name a folder of its own for the pictures")
    parent = (path.resolve() if folder else path.absolute()).parent
    if not parent.is_dir():
        raise UsageError(f"{path}: there is no folder {parent}; create it first")
    try:
        with TemporaryFile(dir=parent):  # asking for permission is not enough: /proc grants it and refuses
            pass
    except OSError as error:
        raise UsageError(f"{path}: the folder {parent} cannot be written to ({error.strerror})") from error
    if folder and not resume:
        check_same(path, NOT_KEPT)
    if not os.path.lexists(path):
        return
    if is_one_of(path, sources):
        raise UsageError(f"{path} is the input itself; give the result another name")
    if folder and not path.is_dir():
        raise UsageError(f"{path} is a file; name a folder for the pictures")
    for source in sources:
        # Pictures of an earlier run are deleted there.
        if folder and is_pictures(source) and source.resolve().is_relative_to(path.resolve()):
            raise UsageError(f"{source}, the input, lies in {path}; name another folder for the pictures")
    if folder and any(path.iterdir()):
        if is_pending(folder_of(path)):
            what = "it holds a part of what a killed run was putting there, and the next run finishes that first"
        else:
            check_no_strangers(path)
            what = what_goes(path)
        if not overwrite:
            raise UsageError(f"{path} is not empty; use -y to write there all the same: {what}")
    elif not folder and not overwrite:
        raise UsageError(f"{path} exists; use -y to overwrite it")
