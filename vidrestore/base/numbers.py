"""Exact numbers from text, of bounded size."""

import re
from fractions import Fraction

# 1e999999999 is short and fills the memory as a Fraction.
_FRACTION = re.compile(
    r"[-+]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})(e[-+]?\d{1,2}|/(?=0*[1-9])\d{1,40})?", re.ASCII | re.IGNORECASE
)
_WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)


def fraction(text: str) -> Fraction:
    """25, 12.5, 1e-3 or 60000/1001, exactly.

    Raises:
        ValueError: it is no such number, or longer than any that is meant.
    """
    if not _FRACTION.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is not a number")
    return Fraction(text)


def fraction_or_zero(text: str) -> Fraction:
    """The same; 0 where it is no such number."""
    try:
        return fraction(text)
    except ValueError:
        return Fraction(0)


def whole(text: str) -> int:
    """A whole number of at most 18 digits. ValueError: it is none."""
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(text)
