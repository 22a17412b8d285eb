"""Colour tags and HDR10 metadata of a result."""

import re
from dataclasses import replace

from ...frame.frame import Colour, Matrix
from ..decode.colour_tags import guessed_matrix
from ..decode.pixel_format import planar_format
from ..facts.info import VideoInfo

_AV_MATRIX: dict[Matrix, int] = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "ycgco": 8, "bt2020": 9}
"""AVColorSpace of each matrix."""


def output_colour(info: VideoInfo, height: int, *, rgb: bool) -> Colour:
    """The source's colour, with tags where the result would be misread without."""
    colour = info.colour
    if rgb:
        return replace(colour, full_range=True, tagged_matrix=0, tagged_range=2, tagged_siting=0)
    if planar_format(info.pix_fmt).startswith("gbr"):
        return _yuv_of(colour)
    if colour.tagged_matrix == 2 and guessed_matrix(height) != colour.matrix:
        colour = replace(colour, tagged_matrix=_AV_MATRIX[colour.matrix])
    return replace(colour, tagged_range=2) if colour.full_range else colour


def _yuv_of(rgb: Colour) -> Colour:
    """What RGB becomes: BT.709 but for what its pictures say, BT.2020 where they have those primaries."""
    matrix: Matrix = "bt2020" if rgb.primaries == 9 else "bt709"
    return Colour(
        matrix,
        primaries=1 if rgb.primaries == 2 else rgb.primaries,
        transfer=1 if rgb.transfer == 2 else rgb.transfer,
        tagged_matrix=_AV_MATRIX[matrix],
        tagged_range=1,
        tagged_siting=1,
    )


def with_hdr(options: dict[str, str], codec: str, info: VideoInfo) -> tuple[dict[str, str], list[str]]:
    """Static HDR metadata in the encoder's own words: FFmpeg's encoders take none from the pictures."""
    hdr = info.hdr10
    if not (hdr.master_display or hdr.max_cll):
        return options, []
    numbers = {"display": hdr.master_display, "light": hdr.max_cll}
    if codec == "libx265":
        words, key = {"display": "hdr10=1:master-display", "light": "max-cll"}, "x265-params"
    elif codec == "libx264":
        words, key = {"display": "mastering-display", "light": "cll"}, "x264-params"
    elif codec == "libsvtav1":
        words, key = {"display": "mastering-display", "light": "content-light"}, "svtav1-params"
        numbers["display"] = _in_nits(hdr.master_display)
    else:
        return options, [f"{codec} cannot hold the source's HDR10 metadata; libx265 and libsvtav1 can"]
    ours = ":".join(f"{words[what]}={value}" for what, value in numbers.items() if value)
    # A user's own parameters come last, so that they win.
    return options | {key: ":".join(filter(None, (ours, options.get(key))))}, []


def _in_nits(master_display: str) -> str:
    """x265's whole units as the fractions that SVT-AV1 reads: chromaticities in 1/50000, luminance in 1/10000."""

    def pair(found: re.Match[str]) -> str:
        unit = 10_000 if found[1] == "L" else 50_000
        return f"{found[1]}({int(found[2]) / unit:.6g},{int(found[3]) / unit:.6g})"

    return re.sub(r"(\w+)\((\d+),(\d+)\)", pair, master_display)
