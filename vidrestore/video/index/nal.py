"""NAL units of H.264 and HEVC: taken out of packets, and which parameter sets a decoder has been told."""

from collections.abc import Iterator, Mapping

from .bits import Bits

HEAD = 2**16
"""Bytes of a packet with start codes that are searched: what stands before its first slice is shorter."""
_COLOURED = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
"""Profiles of H.264 that say more of their samples."""
Key = tuple[int, int | bytes]
"""Type and number of a parameter set; where the number cannot be read, its bytes."""


def length_size(extradata: bytes, codec: str) -> int:
    """Bytes of the length before each unit of a packet; 0: there are start codes (ISO/IEC 14496-15)."""
    at = 4 if codec == "h264" else 21
    return (extradata[at] & 3) + 1 if len(extradata) > at and extradata[0] == 1 else 0


def units(content: memoryview, size: int) -> Iterator[memoryview]:
    """The units of a packet; of those with start codes, as far as HEAD.

    Args:
        size: bytes of a length, as `length_size` has it.

    Raises:
        ValueError: the lengths are not those of this packet.
    """
    if not size:
        yield from (memoryview(unit) for unit in _after_start_codes(bytes(content[:HEAD])))
        return
    at, end = 0, len(content)
    while at < end:
        length = int.from_bytes(content[at : at + size])
        at += size
        if not 0 < length <= end - at:
            raise ValueError("a unit reaches beyond its packet")
        yield content[at : at + length]
        at += length


def _after_start_codes(content: bytes) -> Iterator[bytes]:
    at = content.find(b"\0\0\1")
    if at < 0:
        raise ValueError("there is no unit")
    while at >= 0:
        following = content.find(b"\0\0\1", at + 3)
        unit = content[at + 3 : None if following < 0 else following].rstrip(b"\0")
        if unit:
            yield unit
        at = following


def stored_sets(extradata: bytes, codec: str) -> list[bytes]:
    """The parameter sets that a container gives before the first packet."""
    if not length_size(extradata, codec):
        return list(_after_start_codes(extradata)) if b"\0\0\1" in extradata else []
    found: list[bytes] = []
    if codec == "h264":
        at = 5
        for mask in (31, 255):
            count, at = extradata[at] & mask, at + 1
            at = _take(extradata, at, count, found)
        return found
    at = 23
    for _ in range(extradata[22]):
        at = _take(extradata, at + 3, int.from_bytes(extradata[at + 1 : at + 3]), found)
    return found


def _take(extradata: bytes, at: int, count: int, found: list[bytes]) -> int:
    for _ in range(count):
        length = int.from_bytes(extradata[at : at + 2])
        found.append(extradata[at + 2 : at + 2 + length])
        at += 2 + length
    return at


class ParameterSets:
    """Which sets are in force that the container has not given: decoding can begin only where they are sent again."""

    def __init__(self, given: Mapping[Key, bytes]) -> None:
        self._given, self._told = given, dict[Key, bytes]()

    def see(self, sent: Mapping[Key, bytes]) -> bool:
        """Whether a decoder that begins with a packet has all that it needs; `sent`: the sets in that packet."""
        self._told.update(sent)
        return all(sent.get(key) == content for key, content in self._told.items() if self._given.get(key) != content)


def avc_key(unit: bytes) -> Key:
    """Of a sequence or picture parameter set of H.264 (7.3.2.1, 7.3.2.2)."""
    kind = unit[0] & 31
    return _key(kind, unit, unit[4:20] if kind == 7 else unit[1:20], skip=0)


def hevc_key(unit: bytes) -> Key:
    """Of a video, sequence or picture parameter set of HEVC (7.3.2.1 to 7.3.2.3)."""
    kind = (unit[0] >> 1) & 63
    if kind == 32:
        return kind, unit[2] >> 4 if len(unit) > 2 else unit
    # With several layers, their levels stand between: then its bytes are its name.
    layers = (unit[2] >> 1) & 7 if kind == 33 and len(unit) > 2 else 0
    if layers:
        return kind, unit
    return _key(kind, unit, unit[2:40], skip=8 + 96 if kind == 33 else 0)


def _key(kind: int, unit: bytes, header: bytes, *, skip: int) -> Key:
    try:
        bits = Bits(header)
        bits.take(skip)
        return kind, bits.golomb()
    except ValueError:
        return kind, unit


def has_fields(unit: bytes) -> bool:
    """Whether a sequence parameter set of H.264 lets pictures be single fields (7.3.2.1.1); True where unreadable."""
    try:
        bits = Bits(unit[1:])
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        if profile in _COLOURED and _skip_colour(bits):
            return True
        bits.golomb()
        order = bits.golomb()
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1)
            bits.golomb(), bits.golomb()
            for _ in range(min(255, bits.golomb())):
                bits.golomb()
        bits.golomb()
        bits.take(1)
        bits.golomb(), bits.golomb()
        return not bits.take(1)
    except ValueError:
        return True


def _skip_colour(bits: Bits) -> bool:
    """What the higher profiles have before; True where scaling lists follow, which are not read."""
    if bits.golomb() == 3:
        bits.take(1)
    bits.golomb(), bits.golomb()
    bits.take(1)
    return bool(bits.take(1))
