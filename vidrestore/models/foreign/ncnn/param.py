"""The text of a .param file as layers: what each is called, which blobs it reads and writes, and its options.

A file is a magic number, a line with two counts, and one line a layer:
`kind name reads writes blob... option=value...`, where an array is `-23300-option=length,value,...`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....errors import ModelError

MAGIC = "7767517"
LARGEST = 16 << 20
"""Bytes that a text may have: the largest known are 200 KB."""
WHOLE = re.compile(r"[+-]?[0-9]{1,10}")
REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
ARRAY = -23300
SMALL = 4096
"""Options that count pixels, channels or copies are no larger, unless a layer says otherwise."""

Value = tuple[str, ...]


def shown(text: str) -> str:
    """A word of a file as a message may show it: short, and without control characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a .param file."""

    kind: str
    name: str
    reads: tuple[str, ...]
    """Names of blobs."""
    writes: tuple[str, ...]
    options: Mapping[int, Value]
    known: set[int] = field(default_factory=set)
    """The options that were asked for."""

    def error(self, problem: str) -> ModelError:
        """What to raise of this layer."""
        return ModelError(f"layer {shown(self.name)} ({shown(self.kind)}) {problem}")

    def whole(self, option: int, default: int = 0, *, least: int = 0, most: int = SMALL) -> int:
        """An option that is an integer within bounds. ModelError: it is not."""
        words = self._words(option, WHOLE, 1)
        value = default if words is None else int(words[0])
        if value != default and not least <= value <= most:
            raise self.error(f"has {option}={value}, which is not between {least} and {most}")
        return value

    def real(self, option: int, default: float = 0.0) -> float:
        """An option that is a number. ModelError: it is not."""
        words = self._words(option, REAL, 1)
        return default if words is None else float(words[0])

    def wholes(self, option: int) -> tuple[int, ...]:
        """An option that is an array of integers; empty where it is missing."""
        return tuple(int(word) for word in self._words(option, WHOLE) or ())

    def reals(self, option: int) -> tuple[float, ...]:
        """An option that is an array of numbers; empty where it is missing."""
        return tuple(float(word) for word in self._words(option, REAL) or ())

    def choice(self, option: int, names: tuple[str, ...], default: int = 0) -> str:
        """What an option's number means. ModelError: it has none."""
        number = self.whole(option, default)
        if not 0 <= number < len(names) or not names[number]:
            raise self.error(f"has {option}={number}, which is not supported")
        return names[number]

    def only(self, option: int, value: int) -> None:
        """ModelError: an option is there and is not `value`, the one that is supported."""
        if (found := self.whole(option, value, least=-(2**31), most=2**31)) != value:
            raise self.error(f"has {option}={found}, which is not supported")

    def finish(self) -> None:
        """ModelError: the line has an option that nobody asked for, so that the layer would not do what it says."""
        if unknown := sorted(self.options.keys() - self.known):
            raise self.error(f"has the option {unknown[0]}, which is not supported")

    def _words(self, option: int, form: re.Pattern[str], count: int | None = None) -> Value | None:
        """An option as it is written, each part of a form; None where it is missing."""
        self.known.add(option)
        words = self.options.get(option)
        if words is None:
            return None
        right = count is None or len(words) == count
        if not right or not all(form.fullmatch(word) and math.isfinite(float(word)) for word in words):
            raise self.error(f"has {option}={shown(','.join(words))}, which is not what such an option may be")
        return words


def read_layers(path: Path) -> list[Layer]:
    """The layers of a file, in its order; each reads only what an earlier one writes.

    Raises:
        ModelError: it is missing, or no such file.
    """
    lines = _text(path).split("\n")
    if lines[0].strip() != MAGIC:
        raise ModelError(f"{path} is not an ncnn .param file: it does not start with {MAGIC}")
    counts = lines[1].split() if len(lines) > 1 else []
    if len(counts) != 2 or not all(WHOLE.fullmatch(count) for count in counts):
        raise ModelError(f"{path} is damaged: its second line is not two counts")
    layers: list[Layer] = []
    written: set[str] = set()
    for number, line in enumerate(lines[2:], start=3):
        if not line.strip():
            continue
        try:
            layer = _layer(line.split())
            _check_blobs(layer, written)
        except ModelError as error:
            raise ModelError(f"{path}, line {number}: {error}") from None
        written.update(layer.writes)
        layers.append(layer)
    if len(layers) != int(counts[0]):
        raise ModelError(f"{path} is truncated or damaged: it has {len(layers)} layers, not {int(counts[0])}")
    return layers


def _text(path: Path) -> str:
    if not path.is_file():
        raise ModelError(f"no file {path}; a network of ncnn is two files, NAME.param and NAME.bin")
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{path} is larger than {LARGEST >> 20} MiB, which no .param file is")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ModelError(f"{path} is not text; of .param.bin files give the .param they were made of") from None


def _layer(words: list[str]) -> Layer:
    if len(words) < 4 or not all(word.isascii() and word.isdigit() and len(word) < 6 for word in words[2:4]):
        raise ModelError("not a layer: kind, name, and two counts of blobs")
    reads, writes = int(words[2]), int(words[3])
    if len(words) < 4 + reads + writes:
        raise ModelError(f"layer {shown(words[1])} names fewer blobs than it counts")
    blobs, rest = words[4 : 4 + reads + writes], words[4 + reads + writes :]
    return Layer(words[0], words[1], tuple(blobs[:reads]), tuple(blobs[reads:]), dict(map(_option, rest)))


def _option(word: str) -> tuple[int, Value]:
    key, equals, text = word.partition("=")
    if not equals or not WHOLE.fullmatch(key):
        raise ModelError(f"{shown(word)} is not an option")
    number, values = int(key), tuple(text.split(","))
    if number > ARRAY:
        return number, values
    if not WHOLE.fullmatch(values[0]) or int(values[0]) != len(values) - 1:
        raise ModelError(f"{shown(word)} is not an array of the length it says")
    return ARRAY - number, values[1:]


def _check_blobs(layer: Layer, written: set[str]) -> None:
    for name in layer.reads:
        if name not in written:
            raise layer.error(f"reads {shown(name)}, which no layer before it writes")
    for name in layer.writes:
        if name in written or layer.writes.count(name) > 1:
            raise layer.error(f"writes {shown(name)}, which is there already")
