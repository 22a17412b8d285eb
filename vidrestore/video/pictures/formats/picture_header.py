"""PictureHeader: what a picture file says of itself."""

from dataclasses import dataclass
from typing import Literal

from .exif import Resolution

Form = Literal["png", "jpeg", "webp", "tiff", "bmp"]


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
    def opacity(self) -> bool:
        """Whether it says how opaque its pixels are in a way that is read here."""
        return self.alpha and self.form in ("png", "webp") and self.pages == 1

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
