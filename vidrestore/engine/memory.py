"""How much memory a network takes, and the tile and batch that follow."""

import math
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..base.settings import Settings
from ..errors import ResourceError
from ..models.processor import Needs
from .tile import good_tile

SHARE = 0.5
"""Of the free memory, what one batch may take: the rest is for frames in flight, the encoder, and others."""

OUTSIDE = {"luma": (64 << 20, 62), "rgb": (128 << 20, 96), "yuv": (128 << 20, 96)}
"""Bytes that a run holds outside the network, and of each output pixel beside that: pictures in flight, on their way to
8 bits and in an encoder that does not look ahead. Measured from 480x270 and 960x540 to 3840x2160; luma is of decoded
planes: RGB pictures whose luma alone a network sees took a fifth more memory in all than was planned so."""

BATCH_PIXELS = {"cpu": 1 << 17, "cuda": 1 << 22}
"""Input pixels of a batch beyond which larger batches were not faster; the figure for GPUs is not measured."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a picture goes through a network."""

    tile: int
    """Input pixels a side; 0 is the whole picture."""
    batch: int
    """Windows at once."""


def plan(
    needs: Needs,
    *,
    size: tuple[int, int],
    cost: float,
    free: int,
    device: str,
    settings: Settings,
    used: int = 0,
    ways: int = 1,
) -> Plan:
    """The largest tile that fits, and then as many windows at once as still make it faster.

    Args:
        size: of the frames, (H, W).
        cost: bytes per input pixel, see `bytes_per_pixel`.
        free: bytes.
        device: cpu or cuda.
        settings: what it says of tile and batch is kept.
        used: bytes that count towards `settings.max_memory` already.
        ways: devices that a batch is dealt among.

    Raises:
        ResourceError: `settings.max_memory` does not suffice.
    """
    if settings.max_memory is None:
        return _plan(needs, size, SHARE * free / cost, ways * BATCH_PIXELS[device], settings)
    beside = 0 if device == "cuda" else outside(needs, size)  # which is main memory
    free = max(0, min(free, settings.max_memory - used - beside))
    made = _plan(needs, size, SHARE * free / cost, ways * BATCH_PIXELS[device], settings)
    least = used + beside + int(cost * made.batch * math.prod(min(n, made.tile or n) for n in size) / SHARE)
    if least > settings.max_memory:
        tile = made.tile or max(size)
        if settings.tile == "auto":  # the smallest would work, but for hours
            tile = min(max(tile, good_tile(needs.halo, needs.multiple)), max(size))
        good = used + beside + int(cost * made.batch * math.prod(min(n, tile) for n in size) / SHARE)
        enough = _mib(good * 21 // 20)  # what is taken before differs from start to start
        raise ResourceError(
            f"--max-memory {_exactly(settings.max_memory)} is too little: {_mib(used)} are taken before the first "
            f"frame, and pictures in tiles of {tile} pixels need {enough} in all; give that much"
            + ("" if (settings.tile, settings.batch) == ("auto", "auto") else ", or leave --tile and --batch to auto")
        )
    return made


def outside(needs: Needs, size: tuple[int, int]) -> int:
    """Bytes that a run takes beside its tiles, the pictures of a window, (H, W), among them."""
    always, of_a_pixel = OUTSIDE[needs.space]
    window = 4 * (needs.before + 1 + needs.after) * needs.channels
    return always + (window + of_a_pixel * needs.scale**2) * math.prod(size)


def _exactly(amount: int) -> str:
    return f"{amount} B" if amount % (1 << 20) else _mib(amount)


def _mib(amount: int) -> str:
    return f"{-(-amount >> 20)}M"


def _plan(needs: Needs, size: tuple[int, int], pixels: float, enough: int, settings: Settings) -> Plan:
    """With room for so many input pixels at once, of which `enough` make a batch."""
    asked = 1 if settings.batch == "auto" else settings.batch
    if settings.tile != "auto":
        tile = settings.tile
    elif math.prod(size) * asked <= pixels:
        tile = 0
    else:
        tile = max(math.isqrt(int(pixels / asked)), least_tile(needs))
    if settings.batch != "auto":
        return Plan(tile, settings.batch)
    once = math.prod(min(n, tile or n) for n in size)
    return Plan(tile, max(1, int(min(pixels, enough) // once)))


def least_tile(needs: Needs) -> int:
    """The smallest tile worth computing: at least 16 pixels a side inside the halo."""
    margin = -(-needs.halo // needs.multiple) * needs.multiple
    return 2 * margin + -(-16 // needs.multiple) * needs.multiple


Kwargs = dict[str, object] | None


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that live, and the most there were at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        self.known: set[int] = set()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True, the default, loads all of torch's compiler to keep it away from here: a second

    def __torch_dispatch__(
        self, func: Callable[..., object], types: object, args: tuple[object, ...] = (), kwargs: Kwargs = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._born(tensor.untyped_storage())
        return out

    def _born(self, storage: torch.UntypedStorage) -> None:
        key, size = storage.data_ptr(), storage.nbytes()
        if key in self.known:
            return
        self.known.add(key)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.now -= size


def bytes_per_pixel(fn: Callable[[Tensor], Tensor], window: Tensor) -> float:
    """What `fn` takes at most, its output and the window included, per pixel of `window` (1, T, C, H, W), measured."""
    with torch.no_grad(), _Live() as live:
        fn(window)
    pixels: int = window.shape[-2] * window.shape[-1]
    cost: float = (live.most + window.nbytes) / pixels
    return cost
