"""TIFF files: what they say of themselves, their samples, and tags put in. Samples are tifffile's to read.

OpenCV multiplies colours by an opacity, and takes planes that follow each other for pixels.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from .exif import STRUCTURE, Resolution, damage, directories, of_tiff, plausible, read
from .picture_header import PictureHeader

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_STRIPS, _STRIP_BYTES, _PROFILE = 273, 279, 34675
_JPEG = (6, 7)
_PER_INCH = {2: 1.0, 3: 2.54}
_READ = ("MINISWHITE", "MINISBLACK", "RGB", "PALETTE", "SEPARATED", "YCBCR")
_NO_PAGE = 0b101
"""Of the kind of a page: a smaller copy, or a mask."""
_LOOKED_AT = 10_000
"""Pages at most that are counted."""


class UnreadError(ValueError):
    """A TIFF that is whole, but of a kind that is not read; said as "its ... "."""


def read_header(file: BinaryIO) -> PictureHeader:
    """Without decoding anything. ValueError: damaged; UnreadError."""
    with _opened(file) as tif:
        page = tif.pages.first
        _check(page, file.seek(0, 2))
        pages = sum(not getattr(each, "subfiletype", 0) & _NO_PAGE for each in islice(tif.pages, _LOOKED_AT))
        tags = page.tags
        profile, turned = tags.valueof(_PROFILE, b""), tags.valueof(274, 1)
        return PictureHeader(
            "tiff",
            page.imagewidth,
            page.imagelength,
            samples=_samples(page),
            channels=page.samplesperpixel,
            alpha=any(extra in (1, 2) for extra in page.extrasamples),
            cmyk=_photometric(page) == "SEPARATED",
            pages=max(1, pages),
            orientation=turned if turned in range(1, 9) else 1,
            profile=profile if isinstance(profile, bytes) else b"",
            exif=_exif(file, page.offset),
            dpi=_resolution(page),
        )


@contextmanager
def _opened(file: BinaryIO) -> "Iterator[TiffFile]":
    """Whatever tifffile meets in it ends as ValueError: damaged tags lead it to errors of many types."""
    from tifffile import TiffFile  # takes a quarter of a second, which only TIFF is worth

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # what is wrong is said by the error raised
    file.seek(0)
    try:
        with TiffFile(file) as tif:
            yield tif
    except (MemoryError, ValueError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:  # the disk's
            raise
        raise ValueError(str(error)) from error


def _photometric(page: "TiffPage") -> str:
    """How colours are stored, by TIFF's name."""
    return str(getattr(page.photometric, "name", page.photometric))


def _check(page: "TiffPage", size: int) -> None:
    photometric = _photometric(page)
    if photometric not in _READ:
        raise UnreadError(f"colours are stored as {photometric}")
    if photometric == "SEPARATED" and page.samplesperpixel < 4:
        raise UnreadError(f"colours are {page.samplesperpixel} inks")
    if page.imagedepth != 1:
        raise UnreadError(f"samples are a volume of {page.imagedepth} layers")
    ends = (start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=True))
    if max(ends, default=size + 1) > size:
        raise ValueError("it is cut off")


def _samples(page: "TiffPage") -> str:
    kind, bits = page.dtype, page.bitspersample
    if kind is not None and kind.kind in "bu" and bits <= 16 and _photometric(page) != "PALETTE":
        return "uint8" if bits <= 8 else "uint16"
    if kind is not None and kind.kind == "u" and bits <= 16:
        return "uint8"
    if kind == np.float32:
        return "float32"
    raise UnreadError(f"samples are {kind}; read are uint8, uint16, float32")


def _exif(file: BinaryIO, offset: int) -> bytes:
    try:
        return of_tiff(file, offset)
    except ValueError:  # the picture is whole without
        return b""


def _resolution(page: "TiffPage") -> Resolution | None:
    try:
        factor = _PER_INCH[int(page.tags.valueof(296, 2))]
        (x, of_x), (y, of_y) = (page.tags.valueof(tag) for tag in (282, 283))
        return plausible(x / of_x * factor, y / of_y * factor)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def read_samples(file: BinaryIO) -> NDArray[Any]:
    """The first page: (H, W), or (H, W, 3) red first; opacity left out, 10 to 14 bits made 16, 1 to 4 made 8.

    Raises:
        ValueError: it is damaged, or of a kind that is not read (UnreadError).
    """
    with _opened(file) as tif:
        page = tif.pages.first
        _check(page, file.seek(0, 2))
        dtype = _samples(page)
        stored = page.asarray(maxworkers=1)
        if page.axes == "SYX":
            stored = np.moveaxis(stored, 0, -1)
        name = _photometric(page)
        if name == "PALETTE":
            return _by_palette(page, stored[..., 0] if stored.ndim == 3 else stored)
        whole = _full_range(stored, page.bitspersample, dtype)
        if name == "MINISWHITE" and dtype != "float32":
            whole = np.iinfo(dtype).max - whole
        if name == "SEPARATED":
            return _from_inks(whole)
        if name == "YCBCR" and page.compression not in _JPEG:
            return _from_ycbcr(whole)
        return whole if whole.ndim == 2 else whole[..., 0] if whole.shape[2] < 3 else whole[..., :3]


def _full_range(stored: NDArray[Any], bits: int, dtype: str) -> NDArray[Any]:
    """Codes of fewer bits than their type holds spread over all of it."""
    if dtype == "float32" or bits == np.iinfo(dtype).bits:
        return stored
    top, white = (1 << bits) - 1, np.iinfo(dtype).max
    return ((stored.astype(np.uint32) * white + top // 2) // top).astype(dtype)


def _by_palette(page: "TiffPage", stored: NDArray[Any]) -> NDArray[Any]:
    colours = np.asarray(page.colormap).T  # (2 ** bits, 3), 16 bits
    if colours.max() > 255:
        colours = colours >> 8
    return np.asarray(colours.astype(np.uint8)[stored.astype(np.intp)])


def _from_inks(stored: NDArray[Any]) -> NDArray[Any]:
    """CMYK by the plain formula, as other readers do without the printer's profile."""
    if stored.dtype.kind == "f":
        raise UnreadError("inks are floating point")
    white = np.uint64(np.iinfo(stored.dtype).max)
    paper = white - stored[..., :4].astype(np.uint64)
    return np.asarray((paper[..., :3] * paper[..., 3:] + white // 2) // white).astype(stored.dtype)


def _from_ycbcr(stored: NDArray[Any]) -> NDArray[Any]:
    """BT.601 in full range, TIFF's default."""
    if stored.dtype != np.uint8:
        raise UnreadError("YCbCr samples have more than 8 bits")
    y, blue, red = (stored[..., channel].astype(np.float32) for channel in range(3))
    blue, red = blue - 128, red - 128
    rgb = np.stack((y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue), axis=-1)
    return np.asarray(np.rint(rgb).clip(0, 255).astype(np.uint8))


def with_tags(tiff: bytes, *, exif: bytes, profile: bytes, dpi: Resolution | None) -> bytes:
    """A TIFF of one page in strips with EXIF, an ICC profile and a resolution: its directory made anew.

    ValueError: the EXIF is damaged.
    """
    old, new = _directory(tiff), ImageFileDirectory_v2(tiff[:8])
    strips = [tiff[at : at + length] for at, length in zip(old[_STRIPS], old[_STRIP_BYTES], strict=True)]
    for tag, value in old.items():
        new.tagtype[tag] = old.tagtype[tag]
        new[tag] = value
    with damage():
        for tag, value in directories(read(exif)).items():
            if tag not in STRUCTURE and tag not in new:
                new[tag] = value
        if profile:
            new.tagtype[_PROFILE] = 7  # bytes as they are
            new[_PROFILE] = profile
        if dpi is not None:
            new[282], new[283], new[296] = *dpi, 2
        new[_STRIPS] = tuple(accumulate((len(strip) for strip in strips[:-1]), initial=0))  # from the directory's end
        made = BytesIO()
        new.save(made)
    return made.getvalue() + b"".join(strips)


def _directory(tiff: bytes) -> ImageFileDirectory_v2:
    """The tags of its first page."""
    tags, file = ImageFileDirectory_v2(tiff[:8]), BytesIO(tiff)
    file.seek(tags.next)
    tags.load(file)
    return tags
