"""Small files a command writes beside its result: refused before it starts, written whole after it."""

from pathlib import Path

from .errors import ResourceError, UsageError


def check_free(path: Path, *, overwrite: bool) -> None:
    """UsageError: there is something of that name (for a folder: in it), or no folder to write it to."""
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: its folder does not exist; make it first")
    taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if taken and not overwrite:
        raise UsageError(f"{path} exists; use -y to overwrite it")


def write_whole(path: Path, content: bytes) -> None:
    """Under a name of its own first, so that `path` holds all of it or is not touched.

    Raises:
        ResourceError: the disk is full, or nothing can be written there.
    """
    part = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ResourceError(f"{path} cannot be written: {error.strerror}") from None
