"""Inverse: frames whose blur is known or estimated, undone by a classical method, in their place."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

import torch
from torch import Tensor

from ...base.facts import Facts
from ...base.memory import is_out_of_memory
from ...engine import Keep
from ...engine.convert import from_network, to_network
from ...engine.precisely import precisely
from ...errors import ResourceError
from ...frame.frame import Frame
from ...models.processor import Needs
from .deconvolve import landweber, wiener
from .pocs import pocs
from .psf_choice import estimate
from .scene.moving import CameraMotion
from .sparse import sparse

BYTES = 280
"""Held at most for each pixel of a picture of 1280x720; the others take less."""
METHODS: dict[str, Callable[..., Tensor]] = {
    "wiener": wiener,
    "landweber": landweber,
    "pocs": pocs,
    "sparse": sparse,
}
MOVING = ("sparse",)
"""Those that undo a CameraMotion."""


@dataclass(slots=True)
class Inverse:
    """Restores frames in RGB, one by one; planes stay planes."""

    method: str
    """A key of METHODS."""
    psf: Tensor | None
    """See psf.py; None: each frame's own is estimated, for a hand shakes each frame differently."""
    noise: float
    """Standard deviation, white at 1."""
    strength: float
    """1 shows the restored frame, 0 the frame as it came."""
    device: torch.device
    seconds: float = 0.0
    """Spent so far."""
    frames: int = 0
    """Handed on so far."""
    unsure: int = 0
    """Frames so far without a blur that is sure, which stay as they were."""
    notes: list[str] = field(default_factory=list)
    """What was estimated first of each kind, and that frames stay as they were where some do."""

    @property
    def facts(self) -> Facts:
        return Facts(
            engine="torch",
            device=str(self.device),
            precision="fp32",
            seconds=self.seconds,
            frames=self.frames,
            untouched=self.unsure,
            notes=tuple(self.notes),
        )

    def run(self, frames: Iterable[Frame], keep: Keep | None = None) -> Iterator[Frame]:
        """Each frame restored, but for those to keep, which come out untouched, `native` included.

        So do those whose blur is to be estimated and is not sure.

        Raises:
            ResourceError: memory does not suffice for whole pictures, in which these methods compute.
        """
        for number, now in enumerate(to_network(frames, needs=Needs(space="rgb"), device=self.device)):
            self.frames += 1
            if keep is not None and keep(number, now.frame):
                yield now.frame
                continue
            start = perf_counter()
            with precisely(), _name_memory_errors(self.method, now.tensor):
                found = self._estimated(now.tensor) if self.psf is None else self.psf
                if found is not None:
                    sharp = METHODS[self.method](now.tensor, found, noise=self.noise)
                    out = now.tensor + self.strength * (sharp - now.tensor)
            self.seconds += perf_counter() - start
            if found is None:
                yield now.frame
            else:
                yield replace(now.frame, picture=from_network(now, out, space="rgb", scale=1), native=None)

    def _estimated(self, picture: Tensor) -> Tensor | CameraMotion | None:
        blur, note = estimate(picture, moving=self.method in MOVING)
        kind = note.split()[1:3]
        if all(said.split()[1:3] != kind for said in self.notes):
            self.notes.append(note)
        self.unsure += blur is None
        return blur


@contextmanager
def _name_memory_errors(method: str, picture: Tensor) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        height, width = picture.shape[-2:]
        raise ResourceError(
            f"out of memory: {method} computes whole pictures, of {width}x{height} here, some {BYTES} bytes a pixel; "
            "free memory, or take a network, which works in tiles"
        ) from error
