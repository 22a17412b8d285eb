"""inverse(): frames whose blur is known or estimated, undone by a classical method, in their place."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import torch
from torch import Tensor

from ...base.memory import is_out_of_memory
from ...engine import Keep, Ran
from ...engine.convert import restored, see
from ...engine.precisely import precisely
from ...errors import ResourceError
from ...frame.frame import Frame
from .deconvolve import landweber, wiener
from .psf_choice import estimate

BYTES = 280
"""Held at most for each pixel of a picture of 1280x720; `landweber` takes less."""
METHODS: dict[str, Callable[..., Tensor]] = {"wiener": wiener, "landweber": landweber}


def inverse(
    frames: Iterable[Frame],
    method: str,
    psf: Tensor | None,
    *,
    noise: float,
    strength: float,
    device: torch.device,
    ran: Ran,
    keep: Keep,
) -> Iterator[Frame]:
    """Each frame restored in RGB; planes stay planes.

    Args:
        psf: see `ops.psf`; None: that of the first frame that is restored is estimated, and is that of all.
        noise: standard deviation, white at 1.
        strength: 1 shows the restored frame, 0 the frame as it came.
        keep: these frames come out untouched, `native` included.

    Raises:
        VidrestoreError: nothing can be estimated from that frame.
        ResourceError: memory does not suffice for whole pictures, in which these methods compute.
    """
    ran.engine, ran.device, ran.precision = "torch", str(device), "fp32"
    for seen in see(frames, space="rgb", device=device):
        if keep(seen.frame):
            yield seen.frame
            continue
        start = perf_counter()
        with precisely(), _memory_told(method, seen.tensor):
            if psf is None:
                psf, note = estimate(seen.tensor)
                ran.notes.append(note)
            sharp = METHODS[method](seen.tensor, psf, noise=noise)
            out = seen.tensor + strength * (sharp - seen.tensor)
        ran.seconds += perf_counter() - start
        yield replace(seen.frame, picture=restored(seen, out, space="rgb", scale=1), native=None)


@contextmanager
def _memory_told(method: str, picture: Tensor) -> Iterator[None]:
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
