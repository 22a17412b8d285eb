"""EXIF of a picture: its orientation and resolution, and what a changed copy of the picture gets of it."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image

Resolution = tuple[float, float]
"""Dots per inch, across and down."""
ORIENTATION, _EXIF, _GPS = 0x112, 0x8769, 0x8825
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 0x11A, 0x11B, 0x128
_INCH, _CENTIMETRE = 2, 3
_WIDTH, _HEIGHT = 0xA002, 0xA003
STRUCTURE = {
    *(0xFE, 0xFF, 0x100, 0x101, 0x102, 0x103, 0x106, 0x10A, 0x111, ORIENTATION, 0x115, 0x116, 0x117, 0x11C, 0x11D),
    *(0x13D, 0x140, 0x142, 0x143, 0x144, 0x145, 0x14A, 0x14C, 0x152, 0x153, 0x154, 0x155, 0x15B),
    *(0x201, 0x202, 0x211, 0x212, 0x213, 0x214),
}
"""Tags of TIFF that say how samples are stored; a copy stores them its own way."""
_LARGEST = 1e6
"""Dots per inch that are believed."""

warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged tags, which are left out


@contextmanager
def damage() -> Iterator[None]:
    """ValueError, whatever Pillow meets in damaged tags."""
    try:
        yield
    except (SyntaxError, OSError, EOFError, TypeError, LookupError, ArithmeticError, struct.error) as error:
        raise ValueError(str(error)) from error


def read(exif: bytes) -> Image.Exif:
    """The tags of an EXIF block, with or without its mark. ValueError: it is damaged."""
    tags = Image.Exif()
    with damage():
        tags.load(exif)
    return tags


def directories(tags: Image.Exif) -> dict[int, Any]:
    """Every tag and what it says, a directory as a dict of its own. ValueError: one is damaged."""
    with damage():
        inner = {tag: tags.get_ifd(tag) for tag in (_EXIF, _GPS)}
        return {**tags, **{tag: found for tag, found in inner.items() if found}}


def orientation(tags: Image.Exif) -> int:
    """1 to 8: how the stored picture lies; 1 is upright, and what is taken where it is not said."""
    value = tags.get(ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def resolution(tags: Image.Exif) -> Resolution | None:
    """What the tags say of it; None: nothing that can be believed."""
    per_inch = {_INCH: 1.0, _CENTIMETRE: 2.54}.get(tags.get(_UNIT, _INCH))
    try:
        return None if per_inch is None else plausible(tags[_X_RESOLUTION] * per_inch, tags[_Y_RESOLUTION] * per_inch)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def plausible(x: float, y: float) -> Resolution | None:
    """A resolution in dots per inch, unless it is absurd."""
    return (float(x), float(y)) if 0 < x <= _LARGEST and 0 < y <= _LARGEST else None


@dataclass(frozen=True, slots=True)
class Tags:
    """What the picture itself needs of an EXIF block."""

    exif: bytes = b""
    """The block; empty where it is damaged."""
    orientation: int = 1
    dpi: Resolution | None = None


def tags_of(block: bytes) -> Tags:
    """What an EXIF block says; nothing where it is damaged, since the picture is whole without."""
    try:
        tags = read(block)
    except ValueError:
        return Tags()
    return Tags(block, orientation(tags), resolution(tags)) if block else Tags()


def of_tiff(file: BinaryIO, offset: int) -> bytes:
    """As an EXIF block, what a TIFF file says beside its samples; its first directory lies at `offset`.

    ValueError: it is damaged.
    """
    tags = Image.Exif()
    with damage():
        file.seek(0)
        tags.endian = "<" if file.read(2) == b"II" else ">"
        tags.load_from_fp(file, offset)
        kept = Image.Exif()
        kept.endian = tags.endian
        for tag in _OF_TIFF & set(tags):
            kept[tag] = tags[tag]
        for tag in (_EXIF, _GPS):
            if inner := tags.get_ifd(tag):
                kept.get_ifd(tag).update(inner)
                kept[tag] = inner
        return kept.tobytes()


_OF_TIFF = {0x10F, 0x110, 0x131, 0x132, 0x13B, 0x13C, 0x8298}
"""Make, model, software, date, artist, computer, copyright. A description is not among them: programs store there how
the samples of this very file lie."""


def for_copy(exif: bytes, *, width: int, height: int, dpi: Resolution | None) -> bytes:
    """The EXIF of an upright copy of a picture, without the mark "Exif"; empty where there is nothing to say.

    Width and height are the copy's; its thumbnail is left out. ValueError: the EXIF is damaged.
    """
    tags = read(exif)
    for tag in STRUCTURE & set(tags):
        del tags[tag]
    with damage():
        details: dict[int, Any] = tags.get_ifd(_EXIF)
        for tag, value in ((_WIDTH, width), (_HEIGHT, height)):
            if tag in details:
                details[tag] = value
        if details:
            tags[_EXIF] = details
        if dpi is not None:
            tags[_X_RESOLUTION], tags[_Y_RESOLUTION], tags[_UNIT] = *dpi, _INCH
        return tags.tobytes().removeprefix(b"Exif\0\0") if len(tags) else b""
