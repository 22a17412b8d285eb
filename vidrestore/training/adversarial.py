"""AdversarialTraining: a network trained against a discriminator, and ended by the perception-distortion plane.

Ledig et al. 2017, SRGAN: in each step the discriminator learns first, then the network, by
content + weight * -log D(made).
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..metrics.psnr import matlab_luma
from ..models.processor import apply
from .discriminator import Discriminator, real_or_made
from .evaluate.clips import Luma
from .evaluate.plane import Place, place
from .loop import Progress, Training, learning_rate
from .recipes import OPTIMISERS, Recipe


class AdversarialTraining(Training):
    """As Training, of a recipe with an `adversary`.

    Kept are the weights of the lowest NIQE among those whose RMSE on the held pictures is at most `allowed` times that
    of the weights which the run began with. The run ends early after `patience` validations without a better one.
    """

    def __init__(self, recipe: Recipe, data: Path, out: Path, **how: Any) -> None:  # noqa: ANN401 - as Training
        """As Training. UsageError: several processes train."""
        super().__init__(recipe, data, out, **how)
        assert recipe.adversary is not None
        if self.world > 1:
            raise UsageError("this recipe trains two networks, on one GPU; run it without torchrun")
        self.adversary = recipe.adversary
        _, target = self.material.batches(batch=1, seed=recipe.seed, steps=1)[0]
        self.discriminator = Discriminator(target.shape[-1], self.adversary.width).to(self.device)
        self.opponent = OPTIMISERS[recipe.optimiser](self.discriminator.parameters(), lr=recipe.learning_rate)
        self.began = math.nan
        """RMSE of the weights that the run began with."""
        self.stalled = 0
        """Validations since the last that was kept."""
        self.parts: dict[str, float] = {}
        """The losses of the last step, and the last place on the plane."""

    def run(self, on_progress: Callable[[Progress], None] = lambda _: None) -> Path:
        """As Training.run."""
        if not self.step:
            start = self._place()
            self.began = start.rmse
            self.out.mkdir(parents=True, exist_ok=True)
            self._keep(start)
        return super().run(on_progress)

    @property
    def ended(self) -> bool:
        """Whether nothing better has come for so long that nothing is likely to."""
        return self.stalled >= self.adversary.patience

    def state(self) -> dict[str, Any]:
        """As Training.state."""
        return super().state() | {
            "discriminator": self.discriminator.state_dict(),
            "opponent": self.opponent.state_dict(),
            "began": self.began,
            "stalled": self.stalled,
        }

    def take(self, state: dict[str, Any]) -> None:
        """As Training.take."""
        super().take(state)
        self.discriminator.load_state_dict(state["discriminator"])
        self.opponent.load_state_dict(state["opponent"])
        self.began, self.stalled = state["began"], state["stalled"]

    def _loss(self, network: nn.Module, window: Tensor, target: Tensor) -> Tensor:
        (made,) = network(window)
        real, fake = target[:, 0], made[:, 0]
        self.discriminator.requires_grad_(True)
        told = real_or_made(self.discriminator(real), real=True) + real_or_made(
            self.discriminator(fake.detach()), real=False
        )
        for group in self.opponent.param_groups:
            group["lr"] = learning_rate(self.recipe, self.step, self.steps)
        self.opponent.zero_grad(set_to_none=True)
        told.backward()  # type: ignore[no-untyped-call]
        self.opponent.step()
        self.discriminator.requires_grad_(False)
        content, adversarial = self.loss(made, target), real_or_made(self.discriminator(fake), real=True)
        self.parts |= {
            "content": float(content.detach()),
            "adversarial": float(adversarial.detach()),
            "discriminator": float(told.detach()),
        }
        total: Tensor = content + self.adversary.weight * adversarial
        return total

    def _is_best(self, psnr: float) -> bool:
        now = self._place()
        if _look(now) < -self.best and now.rmse <= self.adversary.allowed * self.began:
            self._keep(now)
            return True
        self.stalled += 1
        return False

    def _keep(self, now: Place) -> None:
        self.best, self.stalled = -_look(now), 0
        self._write_best()

    def _more(self) -> Mapping[str, float]:
        return dict(self.parts)

    def _place(self) -> Place:
        """Of the network as it is, on the held pictures."""
        scale = self.model.needs.scale
        with torch.inference_mode():
            pairs = [
                (_luma(target), _luma(apply(self.ema, window.to(self.device)).cpu()))
                for window, target in self.material.held.pairs
            ]
        found = place("network", pairs, border=scale)
        self.parts |= {"rmse": found.rmse, "niqe": _look(found)}
        return found


def _look(place: Place) -> float:
    """NIQE; infinite where no held picture is large enough for it."""
    return math.inf if place.niqe is None else place.niqe.mean


def _luma(rgb: Tensor) -> Luma:
    """(1, 1, 3, H, W) in [0, 1] -> rounded luma in video range."""
    codes = (rgb[0, 0].clamp(0, 1) * 255).round().permute(1, 2, 0).contiguous().numpy()
    return np.rint(matlab_luma(codes)).astype(np.float32)
