"""Where a result may be written."""

from pathlib import Path
from tempfile import TemporaryFile

from ..errors import UsageError
from .codecs import CONTAINERS
from .target import TargetKind

PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp")


def kind_of(path: Path) -> TargetKind:
    """A path without a suffix is a folder of pictures, a picture's suffix one picture, else a video."""
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix:
        return "folder"
    if suffix in PICTURES:
        return "picture"
    if suffix not in CONTAINERS:
        known = ", ".join([*CONTAINERS, *PICTURES])
        raise UsageError(f"{path}: nothing is written as {suffix}; use one of {known}, or a folder for pictures")
    return "video"


def check_free(path: Path, *sources: Path, folder: bool, overwrite: bool) -> None:
    """UsageError: nothing can be written there; it is one of the sources; it exists (a folder: and is not empty)."""
    parent = path.absolute().parent
    if not parent.is_dir():
        raise UsageError(f"{path}: there is no folder {parent}; create it first")
    try:
        with TemporaryFile(dir=parent):  # asking for permission is not enough: /proc grants it and refuses
            pass
    except OSError as error:
        raise UsageError(f"{path}: the folder {parent} cannot be written to ({error.strerror})") from error
    if not path.exists():
        return
    if any(source.exists() and path.samefile(source) for source in sources):
        raise UsageError(f"{path} is the input itself; give the result another name")
    if folder and not path.is_dir():
        raise UsageError(f"{path} is a file; name a folder for the pictures")
    if not overwrite and (not folder or any(path.iterdir())):
        raise UsageError(f"{path} exists; use -y to overwrite it")
