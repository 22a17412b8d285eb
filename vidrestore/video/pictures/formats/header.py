"""read_header(): form, size, depth and tags of a picture file, read without decoding it."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ....errors import InputError
from ...container import MAX_PIXELS
from .. import still
from . import exif, png, tiff, webp
from .picture_header import Form, PictureHeader

PIXELS_PER_BYTE = 8500
"""More than this PNG (deflate, one bit a pixel), JPEG and BMP cannot hold: a file with fewer bytes is cut off."""


def read_header(path: Path) -> PictureHeader:
    """What the file at `path` says, by its content, whatever its name.

    Raises:
        InputError: it cannot be read, is damaged, no picture, of a kind that is not read, or too large.
    """
    try:
        with path.open("rb") as file:
            header, size = _header(file), file.seek(0, 2)
    except tiff.UnreadError as error:
        raise InputError(f"{path}: its {error}; save it as RGB with 8 or 16 bits") from error
    except (SyntaxError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.strerror:  # Pillow's own have none
            raise InputError(f"{path} cannot be read: {error.strerror}; make it readable or remove it") from error
        raise damaged(path) from error
    pixels = header.width * header.height
    most = webp.MOST_ANIMATED if header.form == "webp" and header.animated else MAX_PIXELS
    if pixels > most:
        raise InputError(f"{path}: {header.width}x{header.height} is too large; at most {most} pixels are read")
    if not pixels or (pixels > PIXELS_PER_BYTE * size and header.form in ("png", "jpeg", "bmp")):
        claim = f"it says {header.width}x{header.height} pixels, and has {size} bytes"
        raise InputError(f"{path} is damaged: {claim}; replace or remove it")
    return header


def damaged(path: Path) -> InputError:
    """The error of a picture that cannot be decoded."""
    return InputError(f"{path} is damaged or not a picture; replace or remove it")


def is_animated(path: Path) -> bool:
    """Whether there is a file at `path` whose content is an animated picture: to be read as a video."""
    return _animation(path) is not None


def is_animated_webp(path: Path) -> bool:
    """Whether it is one of the kind that FFmpeg does not read."""
    return _animation(path) == "webp"


def _animation(path: Path) -> Form | None:
    """What kind of animated picture there is; None: none."""
    try:
        header = read_header(path) if path.is_file() else None
    except InputError:  # which reading it will say
        return None
    return header.form if header is not None and header.animated else None


def _header(file: BinaryIO) -> PictureHeader:
    """ValueError, SyntaxError, OSError: damaged."""
    start = file.read(12)
    for mark, form_of in _FORMS.items():
        if start.startswith(mark):
            return form_of(file)
    raise ValueError("no picture of a known kind")


def _jpeg(file: BinaryIO) -> PictureHeader:
    from PIL.JpegImagePlugin import JpegImageFile

    file.seek(0)
    image = JpegImageFile(file)
    tags = exif.tags_of(image.info.get("exif", b""))
    per_inch = {1: 1.0, 2: 2.54}.get(image.info.get("jfif_unit", 0))
    x, y = image.info.get("jfif_density", (0, 0))
    return PictureHeader(
        "jpeg",
        *image.size,
        channels=len(image.getbands()),
        cmyk=image.mode == "CMYK",
        orientation=tags.orientation,
        profile=image.info.get("icc_profile") or b"",
        exif=tags.exif,
        dpi=(exif.plausible(x * per_inch, y * per_inch) if per_inch else None) or tags.dpi,
    )


def _bmp(file: BinaryIO) -> PictureHeader:
    from PIL.BmpImagePlugin import BmpImageFile

    file.seek(0)
    image = BmpImageFile(file)
    dpi = exif.plausible(*image.info.get("dpi", (0, 0)))
    return PictureHeader("bmp", *image.size, alpha=image.mode == "RGBA", dpi=dpi)


_FORMS: dict[bytes, Callable[[BinaryIO], PictureHeader]] = {
    png.SIGNATURE: png.read_header,
    still.JPEG: _jpeg,
    still.WEBP: webp.read_header,
    **dict.fromkeys(still.TIFF, tiff.read_header),
    still.BMP: _bmp,
}
