"""The cICP chunk of PNG: whose primaries and transfer a picture's samples have. PNG third edition, 11.3.2.6."""

from ....frame.frame import Colour

CICP = b"cICP"
_BT2020, _PQ, _HLG = 9, 16, 18
"""Code points of ITU-T H.273."""


def is_hdr(colour: Colour) -> bool:
    """Whether colours look wrong where they are taken for those of ordinary pictures."""
    return colour.primaries == _BT2020 or colour.transfer in (_PQ, _HLG)


def cicp(colour: Colour) -> bytes:
    """What such a chunk holds: whose its colours are; RGB in full range, as all pictures."""
    return bytes((colour.primaries, colour.transfer, 0, 1))


def primaries_and_transfer(content: bytes) -> tuple[int, int]:
    """What such a chunk says, in code points of H.273; 2 is unspecified."""
    return (content[0], content[1]) if len(content) == 4 else (2, 2)
