"""Recipes of cleaning."""

from dataclasses import replace

from ..data.chain import Shares
from ..tasks.real_footage import RealFootageTask
from .recipe import Recipe

# The chain of degradations of robust-x2 at the same size: what is compressed, and told how far.
_SAME_SIZE = RealFootageTask(
    Shares(blurred=0, other_kernel=0, sharpened=0, noisy=0, compressed=0.94, twice=0.08, everyday=0.5),
    scale=1,
    patch=96,
    rounds=16,
    told=True,
    drawn=100,
    ends=0.1,
)
CLEAN = Recipe(
    "denoiser",
    {"width": 32, "blocks": 6, "fold": 1, "told": True},
    _SAME_SIZE,
    loss="log-mse",
    least=1e-5,
    steps=12_000,
    batch=16,
    learning_rate=1e-3,
)
# What is noisy, half of it compressed.
_NOISY = replace(_SAME_SIZE.shares, noisy=0.95, noisiest=55, only_noisy=0.5, compressed=0.8)
DENOISE = replace(CLEAN, args={}, least=4e-5, task=replace(_SAME_SIZE, shares=_NOISY, rounds=7, told=False, ends=0.2))

CLEANING: dict[str, Recipe] = {"clean": CLEAN, "denoise": DENOISE}
