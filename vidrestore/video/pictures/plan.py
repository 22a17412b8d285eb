"""plan_pictures(): a target of pictures, checked before anything slow begins."""

from dataclasses import replace
from typing import Literal

from ...base.settings import JPEG_QUALITY, WRITTEN_PICTURES, Pictures
from ...errors import UsageError
from ..encode.destination import check_free
from ..encode.target import Target
from ..facts.info import VideoInfo
from .earlier import what_goes
from .formats.cicp import is_hdr

DEPTHS = {".png": (8, 16), ".tif": (8, 16, 32), ".tiff": (8, 16, 32)}
"""Bits per sample that a kind of pictures can have; the others have 8."""
LOSSY = (".jpg", ".jpeg", ".webp")


def plan_pictures(
    target: Target, info: VideoInfo, pictures: Pictures, *, overwrite: bool = False, resume: bool = False
) -> Target:
    """A target of kind folder or picture, completed and checked. A picture has the form that its suffix says.

    Raises:
        UsageError: whatever is wrong with the path or the pictures, in one line.
    """
    check_free(target.path, info.path, folder=target.kind == "folder", overwrite=overwrite, resume=resume)
    replaced = []
    if target.kind == "folder" and target.path.is_dir() and any(target.path.iterdir()):
        replaced = [f"{target.path} is not empty: {what_goes(target.path)}"]
    suffix = target.path.suffix.lower() if target.kind == "picture" else f".{pictures.form}"
    if suffix not in WRITTEN_PICTURES:
        raise UsageError(f"no pictures are written as {pictures.form!r}; use png, jpg, webp or tiff")
    decided = replace(pictures, depth=_depth(info, suffix, pictures), quality=_quality(suffix, pictures))
    return replace(
        target,
        overwrite=overwrite,
        suffix=suffix,
        pictures=decided,
        display_matrix=info.display_matrix,
        profile=info.profile,
        notes=(*_notes(info, suffix, decided), *replaced),
    )


def _depth(info: VideoInfo, suffix: str, pictures: Pictures) -> Literal[8, 16, 32]:
    possible = DEPTHS.get(suffix, (8,))
    if pictures.depth is not None and pictures.depth not in possible:
        there = "32 bits are floating point, for tiff" if pictures.depth == 32 else "png and tiff have 16"
        raise UsageError(f"--depth {pictures.depth}: {suffix} has {' or '.join(map(str, possible))} bits; {there}")
    return pictures.depth or (16 if info.colour.depth > 8 and 16 in possible else 8)


def _quality(suffix: str, pictures: Pictures) -> int | None:
    if pictures.quality is None:
        return JPEG_QUALITY if suffix in (".jpg", ".jpeg") else None
    if suffix not in LOSSY:
        raise UsageError(f"--quality {pictures.quality}: {suffix} is without loss; leave it out, or use jpg or webp")
    if not 1 <= pictures.quality <= 100:
        raise UsageError(f"--quality {pictures.quality} is not between 1 and 100")
    return pictures.quality


def _notes(info: VideoInfo, suffix: str, decided: Pictures) -> list[str]:
    notes = []
    if info.colour.depth > 8 and decided.depth == 8:
        way_out = "png and tiff hold 16" if suffix in LOSSY else "--depth 16 keeps them"
        notes.append(f"the pictures get 8 bits per sample, the source has {info.colour.depth}; {way_out}")
    if is_hdr(info.colour) and suffix != ".png":
        notes.append(f"{suffix} does not say that the colours are HDR's, as png does; join-frames --audio can")
    if info.sample_aspect_ratio not in (None, 1):
        notes.append(f"pictures have square pixels, the source's are {info.sample_aspect_ratio} times as wide as high")
    return notes
