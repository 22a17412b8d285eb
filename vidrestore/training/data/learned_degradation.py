"""LearnedDegradation: the way from large to small pictures as pairs show it, to make more pairs by.

Document 003, "Unknown degradation model": a network learns it from the pairs there are; pictures that are flipped and
turned then go through it. What it cannot foresee counts as noise, whose spread is measured on the pairs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from ...base.files import write_whole
from ...errors import InputError

REACH = 4
"""Small pixels beyond the one it makes, over whose large ones the kernel reaches."""
WIDTH = 16
"""Channels of the branch that is not linear."""
SIDE = 32
"""Of a patch to learn from, in small pixels."""
BATCH = 8
INSIDE = (..., slice(REACH, -REACH), slice(REACH, -REACH))
"""Of a small patch: what the end of the large one does not change."""
FIRST = 64
"""Batches for the kernel alone."""
Pair = tuple[Tensor, Tensor]
"""A large and a small picture: (C, scale*h, scale*w) and (C, h, w) in [0, 1]."""


class Reducer(nn.Module):
    """Each plane by itself: one kernel, for blur and sampling, and beside it what is not linear."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        size = (2 * REACH + 1) * scale
        self.linear = nn.Conv2d(1, 1, size, scale, bias=False)
        self.first = nn.Conv2d(1, WIDTH, size, scale)
        self.last = nn.Conv2d(WIDTH, 1, 3, padding=1, padding_mode="replicate")
        for begins_as_nothing in self.last.parameters():
            nn.init.zeros_(begins_as_nothing)

    def forward(self, large: Tensor) -> Tensor:
        """(B, C, scale*h, scale*w) -> (B, C, h, w)."""
        planes = self.padded(large)
        small: Tensor = self.linear(planes) + self.last(F.relu(self.first(planes)))
        return small.view(*large.shape[:2], *small.shape[2:])

    def padded(self, large: Tensor) -> Tensor:
        """Planes of (B, C, H, W) by themselves, (B*C, 1, H', W'), with what the kernels reach over around them."""
        return F.pad(large.flatten(0, 1)[:, None], (REACH * self.scale,) * 4, mode="replicate")

    def fit_kernel(self, patches: Iterable[Pair]) -> None:
        """Set the linear kernel to the least squares of (B, C, ...) patches, where descent would take long."""
        gram = torch.zeros(())
        wanted = torch.zeros(())
        for large, small in patches:
            seen = F.unfold(self.padded(large), self.linear.kernel_size, stride=self.scale)
            seen = seen.view(*seen.shape[:2], *small.shape[-2:])[INSIDE].transpose(0, 1).flatten(1).double()
            gram = gram + seen @ seen.T
            wanted = wanted + seen @ small[INSIDE].flatten().double()
        least = 1e-6 * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
        with torch.no_grad():
            self.linear.weight.copy_(torch.linalg.solve(gram + least, wanted).view_as(self.linear.weight))


@dataclass(frozen=True, slots=True)
class LearnedDegradation:
    """A reduction, as `Batches` takes it."""

    network: Reducer
    noise: float
    """Standard deviation of what the network does not foresee."""

    @property
    def scale(self) -> int:
        """Of the reduction."""
        return self.network.scale

    @property
    def margin(self) -> int:
        """As of Degradation."""
        return (REACH + 1) * self.scale

    def reduced(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, C, H / scale, W / scale), rounded to 8 bits."""
        with torch.no_grad():
            small: Tensor = self.network(x)
        small = small + self.noise * torch.randn(small.shape, generator=generator)
        return small.mul(255).round().clamp(0, 255) / 255

    def write(self, path: Path) -> None:
        """Keep it. ResourceError: the disk is full."""
        tensors = {**self.network.state_dict(), "noise": torch.tensor(self.noise)}
        write_whole(path, save(tensors), overwrite=True)


def read(path: Path, scale: int) -> LearnedDegradation:
    """What `write` kept. InputError: it is damaged, or of another scale."""
    network = Reducer(scale)
    try:
        tensors = load(path.read_bytes())
        noise = float(tensors.pop("noise"))
        network.load_state_dict(tensors)
    except (SafetensorError, LookupError, RuntimeError, ValueError) as error:
        raise InputError(f"{path} is damaged or of another scale; delete it, and it is learned anew") from error
    return LearnedDegradation(network.requires_grad_(False), noise)


def learn(pairs: Sequence[Pair], scale: int, *, steps: int, seed: int) -> LearnedDegradation:
    """Learn from pairs that are each at least SIDE small pixels wide and high, by mean square error."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Reducer(scale)
    network.fit_kernel(_patches(pairs, scale, generator) for _ in range(FIRST))
    optimizer = torch.optim.Adam(network.parameters(), 3e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        large, small = _patches(pairs, scale, generator)
        optimizer.zero_grad()
        loss = F.mse_loss(network(large)[INSIDE], small[INSIDE])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        rest = torch.cat([(network(large[None])[0] - small).flatten() for large, small in pairs])
    return LearnedDegradation(network.requires_grad_(False), float(rest.square().mean().sqrt()))


def _patches(pairs: Sequence[Pair], scale: int, generator: torch.Generator) -> Pair:
    """BATCH places, the same in both pictures."""
    drawn: list[Pair] = []
    for _ in range(BATCH):
        index, y, x = torch.randint(0, 1 << 30, (3,), generator=generator).tolist()
        large, small = pairs[index % len(pairs)]
        y, x = (place % (n - SIDE + 1) for place, n in zip((y, x), small.shape[1:], strict=True))
        of_large = (..., slice(y * scale, (y + SIDE) * scale), slice(x * scale, (x + SIDE) * scale))
        drawn.append((large[of_large], small[..., y : y + SIDE, x : x + SIDE]))
    larges, smalls = zip(*drawn, strict=True)
    return torch.stack(larges), torch.stack(smalls)
