"""PictureHeader: form, size, depth and tags of a picture file, read without decoding it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ....errors import InputError
from ...container import MAX_PIXELS
from .. import still
from . import exif, png, tiff, webp
from .cicp import CICP, primaries_and_transfer
from .exif import Resolution

Form = Literal["png", "jpeg", "webp", "tiff", "bmp"]
Samples = Literal["uint8", "uint16", "float32"]
PIXELS_PER_BYTE = 8500
"""More than this PNG (deflate, one bit a pixel), JPEG and BMP cannot hold: a file with fewer bytes is cut off."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """One picture file."""

    form: Form
    width: int
    """As stored, before it is turned upright; in pixels."""
    height: int
    samples: str = "uint8"
    """As they are decoded: uint8, uint16 or float32."""
    channels: int = 3
    alpha: bool = False
    cmyk: bool = False
    """Its colours are inks."""
    pages: int = 1
    """Pictures in the file: frames of an animation, or pages."""
    durations: tuple[int, ...] = ()
    """Milliseconds that each picture of an animated WebP is shown."""
    orientation: int = 1
    """How it is turned to be seen, 1 to 8 as in EXIF."""
    profile: bytes = b""
    """Its ICC profile, whatever it is of."""
    exif: bytes = b""
    dpi: Resolution | None = None
    primaries: int = 2
    """Code points of H.273; 2 is unspecified."""
    transfer: int = 2

    @property
    def animated(self) -> bool:
        """Whether it is a video in truth."""
        return self.pages > 1 and self.form != "tiff"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)

    @property
    def bytes_decoded(self) -> int:
        """What its samples take as they are stored, in memory."""
        return self.width * self.height * self.channels * {"uint8": 1, "uint16": 2, "float32": 4}[self.samples]


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


def _png(file: BinaryIO) -> PictureHeader:
    chunks = png.read_chunks(file)
    head, density = chunks.get(b"IHDR", b""), chunks.get(b"pHYs", b"")
    if len(head) != 13:
        raise ValueError("it has no header")
    kind = head[9]
    tags = _tags(chunks.get(b"eXIf", b""))
    dpi = None
    if len(density) == 9 and density[8] == 1:  # per metre
        dpi = exif.believed(*(int.from_bytes(density[at : at + 4]) * 0.0254 for at in (0, 4)))
    primaries, transfer = primaries_and_transfer(chunks.get(CICP, b""))
    return PictureHeader(
        "png",
        int.from_bytes(head[:4]),
        int.from_bytes(head[4:8]),
        samples="uint16" if head[8] == 16 else "uint8",
        channels={0: 1, 4: 2, 6: 4}.get(kind, 3),
        alpha=kind in (4, 6) or b"tRNS" in chunks,
        pages=max(1, int.from_bytes(chunks.get(b"acTL", b"")[:4])),
        orientation=tags.orientation,
        profile=png.unpacked_profile(chunks[b"iCCP"]) if b"iCCP" in chunks else b"",
        exif=tags.exif,
        dpi=dpi or tags.dpi,
        primaries=primaries,
        transfer=transfer,
    )


def _jpeg(file: BinaryIO) -> PictureHeader:
    from PIL.JpegImagePlugin import JpegImageFile

    file.seek(0)
    image = JpegImageFile(file)
    tags = _tags(image.info.get("exif", b""))
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
        dpi=(exif.believed(x * per_inch, y * per_inch) if per_inch else None) or tags.dpi,
    )


def _webp(file: BinaryIO) -> PictureHeader:
    facts = webp.read_facts(file)
    tags = _tags(facts.exif)
    return PictureHeader(
        "webp",
        facts.width,
        facts.height,
        channels=4 if facts.alpha else 3,
        alpha=facts.alpha,
        pages=max(1, len(facts.durations)),
        durations=tuple(facts.durations),
        orientation=1 if facts.durations else tags.orientation,
        profile=facts.profile,
        exif=tags.exif,
        dpi=tags.dpi,
    )


def _tiff(file: BinaryIO) -> PictureHeader:
    facts = tiff.read_facts(file)
    return PictureHeader(
        "tiff",
        facts.width,
        facts.height,
        samples=facts.samples,
        channels=facts.channels,
        alpha=facts.alpha,
        cmyk=facts.cmyk,
        pages=facts.pages,
        orientation=facts.orientation,
        profile=facts.profile,
        exif=facts.exif,
        dpi=facts.dpi,
    )


def _bmp(file: BinaryIO) -> PictureHeader:
    from PIL.BmpImagePlugin import BmpImageFile

    file.seek(0)
    image = BmpImageFile(file)
    dpi = exif.believed(*image.info.get("dpi", (0, 0)))
    return PictureHeader("bmp", *image.size, alpha=image.mode == "RGBA", dpi=dpi)


_FORMS: dict[bytes, Callable[[BinaryIO], PictureHeader]] = {
    png.SIGNATURE: _png,
    still.JPEG: _jpeg,
    still.WEBP: _webp,
    **dict.fromkeys(still.TIFF, _tiff),
    still.BMP: _bmp,
}


@dataclass(frozen=True, slots=True)
class _Tags:
    exif: bytes = b""
    orientation: int = 1
    dpi: Resolution | None = None


def _tags(block: bytes) -> _Tags:
    """What an EXIF block says; nothing where it is damaged, since the picture is whole without."""
    try:
        tags = exif.read(block)
    except ValueError:
        return _Tags()
    return _Tags(block, exif.orientation(tags), exif.resolution(tags)) if block else _Tags()
