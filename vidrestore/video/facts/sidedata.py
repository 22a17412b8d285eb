"""Side data of frames: display matrix, HDR10 numbers, and metadata that is lost."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, cast

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

from .info import Hdr10


def _without_name(_: type[Type], value: object) -> Type:
    """PyAV has no names for FFmpeg's newer kinds, such as EXIF, and gave up on all that lies beside such a one."""
    kind: Any = object.__new__(Type)
    kind._name_, kind._value_ = f"KIND_{value}", value
    return cast(Type, kind)


Type._missing_ = classmethod(_without_name)  # type: ignore[assignment]  # as enum asks for

LOST = {
    Type.DOVI_RPU_BUFFER: "Dolby Vision",
    Type.DOVI_METADATA: "Dolby Vision",
    Type.DYNAMIC_HDR_PLUS: "HDR10+",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid",
    Type.SPHERICAL: "360-degree",
    Type.STEREO3D: "stereoscopic",
    Type.A53_CC: "closed caption",
}


def _all(frame: VideoFrame) -> Iterator[SideData]:
    return iter(frame.side_data)  # type: ignore[arg-type]  # the stub has a dict of names


def _bytes_of(frame: VideoFrame, kind: Type) -> bytes | None:
    return next((bytes(data) for data in _all(frame) if data.type is kind), None)


def display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers that say how a player turns and mirrors the picture."""
    data = _bytes_of(frame, Type.DISPLAYMATRIX)
    return None if data is None else struct.unpack("=9i", data[:36])


def lost_metadata(frame: VideoFrame) -> list[str]:
    """One line on each kind of what lies beside a frame and cannot be carried through."""
    kinds = {data.type for data in _all(frame)}
    return [f"{name} metadata is dropped" for name in sorted({name for kind, name in LOST.items() if kind in kinds})]


def hdr10(frame: VideoFrame) -> Hdr10:
    """Mastering display and content light level, as x265 writes them."""
    mastering = _bytes_of(frame, Type.MASTERING_DISPLAY_METADATA)
    light = _bytes_of(frame, Type.CONTENT_LIGHT_LEVEL)
    return Hdr10(
        master_display="" if mastering is None else _master_display(mastering),
        max_cll="" if light is None else "{},{}".format(*struct.unpack("=2I", light[:8])),
    )


def _master_display(data: bytes) -> str:
    """AVMasteringDisplayMetadata: primaries R, G, B, white point (x, y each), luminance min, max; then two flags."""
    *numbers, has_primaries, has_luminance = struct.unpack("=22i", data[:88])
    if not (has_primaries and has_luminance):
        return ""

    def units(pairs: Sequence[int], unit: int) -> list[int]:
        return [round(unit * top / bottom) for top, bottom in zip(pairs[::2], pairs[1::2], strict=True)]

    red, green, blue, white = (units(numbers[at : at + 4], 50000) for at in (0, 4, 8, 12))
    low, high = units(numbers[16:], 10000)
    points = zip(("G", "B", "R", "WP"), (green, blue, red, white), strict=True)
    return "".join(f"{name}({x},{y})" for name, (x, y) in points) + f"L({high},{low})"
