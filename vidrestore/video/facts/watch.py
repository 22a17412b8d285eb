"""Changes later in a file that its first frames did not show: rotation, HDR10, aspect, transparency, interlacing."""

from collections.abc import Iterator
from fractions import Fraction

from av.video.frame import VideoFrame

from ..decode.pixel_format import has_alpha
from .info import Hdr10, VideoInfo
from .sidedata import display_matrix, hdr10, lost_metadata


class Watch:
    """Looks at every frame that is read, and has its warnings in the end.

    interlaced  frames flagged as interlaced
    """

    def __init__(self, info: VideoInfo) -> None:
        self.interlaced = 0
        self._info = info
        self._since: dict[str, Fraction] = {}

    def see(self, frame: VideoFrame, seconds: Fraction, *, aspect: Fraction | None, header: Fraction | None) -> None:
        """A decoded frame, shown at `seconds`.

        Args:
            aspect: of its pixels, as the stream says by now.
            header: as the stream said before its first frame.
        """
        self.interlaced += frame.interlaced_frame
        if frame.side_data or has_alpha(frame.format.name):
            for line in self._lines(frame):
                if line not in self._info.warnings:
                    self._since.setdefault(line, seconds)
        if aspect and header and aspect != header:
            shown = self._info.sample_aspect_ratio or Fraction(1)
            self._since.setdefault(f"the aspect of the pixels changes to {aspect}; the result keeps {shown}", seconds)
        if frame.interlaced_frame and not self._info.interlaced and self._info.deinterlacing.each == "none":
            self._since.setdefault(
                "frames are flagged as interlaced; --deinterlace auto makes whole frames of them", seconds
            )

    def _lines(self, frame: VideoFrame) -> Iterator[str]:
        info = self._info
        yield from lost_metadata(frame)
        if has_alpha(frame.format.name):
            yield "transparency is dropped"
        if display_matrix(frame) not in (None, info.display_matrix):
            yield "the picture is turned or mirrored otherwise; the result is as at the beginning"
        light = hdr10(frame)
        if _other(light.master_display, info.hdr10.master_display) or _other(light.max_cll, info.hdr10.max_cll):
            yield f"the HDR10 metadata changes; the result {'has none' if info.hdr10 == Hdr10() else 'keeps the first'}"

    @property
    def warnings(self) -> list[str]:
        """One line each."""
        return [f"{line} (from {float(seconds):.3f} s on)" for line, seconds in self._since.items()]


def _other(now: str, first: str) -> bool:
    return now not in ("", first)
