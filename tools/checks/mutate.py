"""Damage to bytes: flips, zeros, cuts, splices, and numbers written over fields; of text, odd values and repeats."""

import re
from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[Random, bytearray, bytes], None]
"""Changes bytes in place; the other bytes are of another file of the kind."""

NUMBERS = (0, 1, -1, 2, 7, 2**7 - 1, 2**15 - 1, 2**16 - 1, 2**31 - 1, 2**31, -(2**31), 10**9, 2**62, -(2**63))
"""What fields are set to, cut to their width."""
VALUES = (
    *("0", "-1", "1e400", "-1e400", "nan", "1e-400", "9" * 30, "-" + "9" * 30, "1/0", "1/3", "0x10", "9" * 5000),
    *("null", "true", '""', "[]", "{}", "[[1]]", '{"a": 1}', '"../../x"', '"\\ud800"', '"\\u0000"', "\x1b[2J", "\x00"),
    *("[" * 5000, '{"a":' * 2000, "٣", "é", "\udcff", "a" * 100_000, "1_0", " 5", "5\u2028"),
)
"""What stands in the place of a word of a text."""


def flip(rng: Random, data: bytearray, _: bytes) -> None:
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def zero(rng: Random, data: bytearray, _: bytes) -> None:
    at, length = _part(rng, data)
    data[at : at + length] = bytes(length)


def noise(rng: Random, data: bytearray, _: bytes) -> None:
    at, length = _part(rng, data)
    data[at : at + length] = rng.randbytes(length)


def cut(rng: Random, data: bytearray, _: bytes) -> None:
    """The end, or a piece of the middle, is gone."""
    at, length = _part(rng, data)
    del data[at : rng.choice((len(data), at + length))]


def splice(rng: Random, data: bytearray, other: bytes) -> None:
    """A piece of another file, or of its own, is put in or over."""
    source = rng.choice((bytes(data), other)) or b"\0"
    at, length = _part(rng, source)
    into = rng.randrange(len(data) + 1)
    data[into : rng.choice((into, into + length))] = source[at : at + length]


def field(rng: Random, data: bytearray, _: bytes) -> None:
    """A number in a header, which stands at the beginning or at the end, becomes another."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        width = rng.choice((1, 2, 4, 8))
        at = rng.randrange(min(len(data), 4096))
        at = rng.choice((at, at, len(data) - 1 - at, rng.randrange(len(data))))
        number = rng.choice((*NUMBERS, len(data), rng.getrandbits(64))) % (1 << 8 * width)
        data[at : at + width] = number.to_bytes(width, rng.choice(("big", "little")))[: len(data) - at]


def word(rng: Random, data: bytearray, _: bytes) -> None:
    """A number or a quoted text becomes an odd value."""
    found = list(re.finditer(rb'"[^"]*"|[-+.\w/]+', data))
    if found:
        one = rng.choice(found)
        data[one.start() : one.end()] = rng.choice(VALUES).encode("utf-8", "surrogateescape")


def line(rng: Random, data: bytearray, _: bytes) -> None:
    """A line is gone, comes twice, or in another place."""
    lines = bytes(data).split(b"\n")
    one = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 2, 100))):
        lines.insert(rng.randrange(len(lines) + 1), one)
    data[:] = b"\n".join(lines)


BINARY: tuple[Mutation, ...] = (flip, zero, noise, cut, splice, field, field)
TEXT: tuple[Mutation, ...] = (flip, zero, cut, splice, word, word, word, word, line)


def mutant(rng: Random, data: bytes, *, other: bytes = b"", kinds: Sequence[Mutation] = BINARY) -> bytes:
    """`data` with one to three kinds of damage, the same for the same state of `rng`."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if changed:
            rng.choice(kinds)(rng, changed, other)
    return bytes(changed)


def _part(rng: Random, data: bytes | bytearray) -> tuple[int, int]:
    """Where a piece begins, and its length: most are short."""
    length = min(len(data), rng.choice((1, 4, 16, 100, 1000, 20_000)))
    return rng.randrange(len(data) - length + 1), length
