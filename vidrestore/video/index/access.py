"""Where decoding can begin, by what is in the packets of each codec; nothing is decoded.

What a codec keeps from one picture to the next is thrown away at a random access point, as its standard says. A packet
counts as one only if it also has the headers that a decoder needs, or the container gives them.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .bits import Bits
from .nal import Key, ParameterSets, avc_key, has_fields, hevc_key, length_size, stored_sets, units

ALONE = ("prores", "dnxhd", "rawvideo", "v210", "jpeg2000", "dvvideo", "utvideo", "huffyuv", "ffvhuff", "magicyuv")
"""Codecs whose pictures never refer to one another, and whose decoders keep nothing."""
HEAD = 2**12
"""Bytes at the beginning of a packet in which the headers of MPEG-1, MPEG-2, MPEG-4 and JPEG stand."""


class Look(NamedTuple):
    """What is in a packet."""

    start: bool = False
    """Decoding may begin with it: its picture, and all shown later, are as if decoded from the beginning."""
    single: bool = True
    """A decoder gives one picture for it."""
    whole: bool = True
    """Its structure is as it must be."""


Rule = Callable[[memoryview, bool], Look]
"""Looks at a packet, and whether its container calls it a key frame; the packets must come one after the other."""


def rule_of(codec: str, extradata: bytes) -> Rule | None:
    """How packets of a codec (FFmpeg's name) are looked at; None: no safe beginning is known for it."""
    if codec == "h264":
        return _Avc(extradata)
    if codec == "hevc":
        return _Hevc(extradata)
    if codec == "mpeg4":
        return _Mpeg4(extradata)
    if codec in ALONE:
        return _every
    return _RULES.get(codec)


def _every(content: memoryview, key: bool) -> Look:
    return Look(start=True)


def _said(content: memoryview, key: bool) -> Look:
    return Look(key)


def _jpeg(content: memoryview, key: bool) -> Look:
    """Without tables of its own a picture takes those of the one before (ITU-T T.81, B.5)."""
    head = bytes(content[:HEAD])
    return Look(b"\xff\xdb" in head and b"\xff\xc4" in head)


def _mpeg2(content: memoryview, key: bool) -> Look:
    """Key frames behind a sequence header, which sets all that outlives a picture (ISO/IEC 13818-2, 6.3.3)."""
    head = bytes(content[:HEAD])
    at = head.find(b"\0\0\1\xb5", max(0, head.find(b"\0\0\1\0")))  # after its start: the picture coding extension
    fields = 0 <= at < len(head) - 6 and head[at + 4] >> 4 == 8 and head[at + 6] & 3 != 3
    return Look(key and b"\0\0\1\xb3" in head, single=not fields)


def _vp8(content: memoryview, key: bool) -> Look:
    """RFC 6386, 9.1: the lowest bit of the first byte is 0 of key frames; bit 4 is 0 of pictures that are not shown."""
    first = content[0]
    return Look(key and not first & 1, single=bool(first & 16))


def _vp9(content: memoryview, key: bool) -> Look:
    """VP9 bitstream, 6.2: frame marker, profile, show_existing_frame, frame_type, show_frame; annex B: superframes."""
    first, last = content[0], content[-1]
    is_long = first & 0b110000 == 0b110000  # profile 3 has a bit more
    header = (first >> 1 if not is_long else first) & 0b111
    is_shown = bool(header & 1) or bool(header & 0b100)
    return Look(key and header == 0b001 and first >> 6 == 2, single=is_shown or last >> 5 == 0b110)


def _av1(content: memoryview, key: bool) -> Look:
    """AV1, 5.3 and 5.9: a temporal unit with a sequence header, whose first frame is a key frame that is shown."""
    at, sequence = 0, False
    while key and at < len(content):
        header = content[at]
        kind, at = (header >> 3) & 15, at + 1 + ((header >> 2) & 1)
        if not header & 2:  # without a size
            return Look()
        size, shift = 0, 0
        while shift < 56 and at < len(content):
            byte, at = content[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
        sequence |= kind == 1
        if kind in (3, 6):
            return Look(sequence and at < len(content) and content[at] >> 4 == 1)
        at += size
    return Look()


class _Mpeg4:
    """Key frames, where the headers that were seen last stand in the packet, or all are in the container.

    They also say which encoder it was, by which the decoder chooses its arithmetic.
    """

    def __init__(self, extradata: bytes) -> None:
        self._given = b"\0\0\1\xb6" not in extradata and len(extradata) > 4
        self._told: bytes | None = None

    def __call__(self, content: memoryview, key: bool) -> Look:
        head = bytes(content[:HEAD])
        headers = head[: max(0, head.find(b"\0\0\1\xb6"))]
        times = headers.find(b"\0\0\1\xb3")
        if times >= 0:  # a group of pictures has its time there
            headers = headers[:times] + headers[times + 7 :]
        is_told = len(headers) > 4
        self._told = headers if is_told else self._told
        # A picture that is not coded leaves no frame behind.
        return Look(key and (is_told or (self._told is None and self._given)), single=False)


class _Avc:
    """H.264: IDR pictures, and recovery points that are exact at once (7.4.1.2.1, D.2.8)."""

    def __init__(self, extradata: bytes) -> None:
        self._size = length_size(extradata, "h264")
        given = [unit for unit in stored_sets(extradata, "h264") if unit]
        self._sets = ParameterSets({avc_key(unit): unit for unit in given})
        self._fields = any(unit[0] & 31 == 7 and has_fields(unit) for unit in given)

    def __call__(self, content: memoryview, key: bool) -> Look:
        sent: dict[Key, bytes] = {}
        slices: int | None = None
        exact = False
        try:
            for unit in units(content, self._size):
                kind = unit[0] & 31
                if slices is None and kind in (1, 2, 5):
                    slices = kind
                elif slices is None and kind in (7, 8):
                    sent[avc_key(bytes(unit))] = bytes(unit)
                    self._fields |= kind == 7 and has_fields(bytes(unit))
                elif slices is None and kind == 6:
                    exact |= _is_exact(bytes(unit[1:]))
        except ValueError:
            return Look(whole=False)
        is_told = self._sets.see(sent)
        independent = slices == 5 or (slices == 1 and exact)
        return Look(independent and is_told, single=not self._fields, whole=slices is not None)


def _is_exact(message: bytes) -> bool:
    """Whether a unit with messages has a recovery point that makes all exact at once.

    Those that promise it for some pictures later, as intra refresh has them, do not keep it: x264 makes clips in which
    single samples differ.
    """
    at = 0
    while at + 2 < len(message):
        kind, at = _sum_up(message, at)
        size, at = _sum_up(message, at)
        if kind == 6:
            try:
                bits = Bits(message[at : at + size])
                return bits.golomb() == 0 and bits.take(1) == 1 and bits.take(1) == 0  # exact, and no broken link
            except ValueError:
                return False
        at += size
    return False


def _sum_up(message: bytes, at: int) -> tuple[int, int]:
    """A number as bytes that are added up to the first below 255, and where it is over (7.3.2.3.1)."""
    total = 0
    while at < len(message) and message[at] == 255:
        total, at = total + 255, at + 1
    return total + (message[at] if at < len(message) else 0), at + 1


class _Hevc:
    """HEVC: intra random access points (7.4.2.2, types 16 to 21)."""

    def __init__(self, extradata: bytes) -> None:
        self._size = length_size(extradata, "hevc")
        given = [unit for unit in stored_sets(extradata, "hevc") if len(unit) > 2]
        self._sets = ParameterSets({hevc_key(unit): unit for unit in given})

    def __call__(self, content: memoryview, key: bool) -> Look:
        sent: dict[Key, bytes] = {}
        first: int | None = None
        try:
            for unit in units(content, self._size):
                kind = (unit[0] >> 1) & 63
                if unit[0] & 1 or len(unit) < 3 or unit[1] >> 3:  # of another layer
                    continue
                if first is None and kind < 32:
                    first = kind
                elif first is None and kind in (32, 33, 34):
                    sent[hevc_key(bytes(unit))] = bytes(unit)
        except ValueError:
            return Look(whole=False)
        is_told = self._sets.see(sent)
        return Look(first is not None and 16 <= first <= 21 and is_told, whole=first is not None)


_RULES: Mapping[str, Rule] = {
    "mjpeg": _jpeg,
    "mpeg1video": _mpeg2,
    "mpeg2video": _mpeg2,
    "vp8": _vp8,
    "vp9": _vp9,
    "av1": _av1,
    "ffv1": _said,
}
