"""precisely(): no gradients, and full precision in fp32."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def precisely() -> Iterator[None]:
    """No gradients, and fp32 that is fp32: cuDNN would round the inputs of convolutions to ten bits (TF32).

    Never to be held across a yield of frames: torch's modes belong to the thread, and would leak to the consumer.
    """
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield
