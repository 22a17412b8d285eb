"""The training loop: one CPU, one GPU, or several under torchrun; interrupted and resumed without a difference."""

import math
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Subset

from .. import weights
from ..errors import UsageError
from ..models import MODELS, Network
from .losses import make_loss
from .perceptual import Vgg
from .recipes import OPTIMISERS, Recipe
from .validate import Pair


@dataclass(frozen=True, slots=True)
class Progress:
    """What the loop tells whoever watches it."""

    step: int
    steps: int
    loss: float
    """Mean since the last report."""
    psnr: float | None = None
    """dB on the held pictures, on the steps that validate."""
    baseline: float | None = None


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to `final_share`, halved at each of `halvings`."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    share = (step - recipe.warmup) / max(1, steps - recipe.warmup)
    halved = 0.5 ** sum(step >= part * steps for part in recipe.halvings)
    return (
        recipe.learning_rate
        * halved
        * (recipe.final_share + (1 - recipe.final_share) * 0.5 * (1 + math.cos(math.pi * share)))
    )


@runtime_checkable
class Calibrated(Protocol):
    """A network that sets the scale of its first outputs by what it is to learn from."""

    def calibrate(self, window: Tensor) -> None: ...


class Training:
    """One run of a recipe: state that is saved and resumed, and `run`."""

    def __init__(
        self,
        recipe: Recipe,
        data: Path,
        out: Path,
        *,
        steps: int | None = None,
        workers: int = 1,
        vgg: Vgg | None = None,
    ) -> None:
        """Opens the data.

        Raises:
            InputError: there is nothing to learn from.
            UsageError, ModelError: the loss needs VGG-19 weights, which are not named or not readable.
        """
        self.recipe, self.out, self.workers = recipe, out, workers
        self.steps = steps or recipe.steps
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
        torch.manual_seed(recipe.seed)
        self.model = MODELS[recipe.model](**recipe.args).to(self.device)
        self.loss = make_loss(recipe.loss, least=recipe.least, vgg=vgg, device=self.device)
        self.material = recipe.task.open(data, out / "unpacked")
        if isinstance(self.model, Calibrated):
            window, _ = self.material.batches(batch=recipe.batch, seed=recipe.seed, steps=1)[0]
            self.model.calibrate(window.to(self.device))
        self.ema = deepcopy(self.model).requires_grad_(False)
        self.optimizer = OPTIMISERS[recipe.optimiser](self.model.parameters(), lr=recipe.learning_rate)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        self.step, self.best = 0, -math.inf

    def save(self) -> None:
        """Write `last.pt`, whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "loss": self.loss.state_dict(),
            "step": self.step,
            "best": self.best,
        }
        torch.save(state, self.out / "last.pt.part")
        os.replace(self.out / "last.pt.part", self.out / "last.pt")

    def resume(self) -> None:
        """Go on from `last.pt`.

        Raises:
            UsageError: where there is none.
        """
        path = self.out / "last.pt"
        if not path.is_file():
            raise UsageError(f"nothing to resume at {path}; start the run without --resume")
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.loss.load_state_dict(state.get("loss", {}))  # runs of earlier versions have none
        self.step, self.best = state["step"], state["best"]

    def warm_start(self, weights: dict[str, Tensor]) -> None:
        """Take every tensor of `weights` that fits, from a network of another scale, say; the rest stays as it is."""
        own = self.model.state_dict()
        fits = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
        for model in (self.model, self.ema):
            model.load_state_dict(fits, strict=False)

    def run(self, on_progress: Callable[[Progress], None] = lambda _: None) -> Path:
        """Train to the last step; the path of the best weights (safetensors)."""
        self.out.mkdir(parents=True, exist_ok=True)
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.recipe.precision]
        autocast = torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32)
        network: nn.Module = _Network(self.model, autocast, unfinished=self.recipe.each_level)
        if self.world > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
            network = DistributedDataParallel(network)
        total = torch.zeros((), device=self.device)
        since = 0
        for window, target in self._batches():
            total += self._update(network, window.to(self.device), target.to(self.device))
            since += 1
            self.step += 1
            if self.step % self.recipe.validate_every == 0 or self.step == self.steps:
                self._report(float(total) / since, on_progress)
                total.zero_()
                since = 0
        if self.world > 1:
            dist.destroy_process_group()
        return self.out / "best.safetensors"

    def _batches(self) -> DataLoader[Pair]:
        recipe = self.recipe
        dataset = self.material.batches(batch=recipe.batch, seed=recipe.seed * self.world + self.rank, steps=self.steps)
        left = Subset(dataset, range(self.step, self.steps))
        return DataLoader(left, batch_size=None, num_workers=self.workers, pin_memory=self.device.type == "cuda")

    def _update(self, network: nn.Module, window: Tensor, target: Tensor) -> Tensor:
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, self.step, self.steps)
        targets = self.model.prepare(target) if recipe.each_level else (target,)
        outputs = network(window)
        loss: Tensor = sum((self.loss(*pair) for pair in zip(outputs, targets, strict=True)), torch.zeros(()))
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimizer)
        if recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip_norm)
        if recipe.clip_value:
            nn.utils.clip_grad_value_(self.model.parameters(), recipe.clip_value)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        # Early on an average over thousands of steps would lag behind; let it grow with the steps taken.
        decay = min(recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for kept, new in zip(self.ema.parameters(), self.model.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        return loss.detach()

    def _report(self, loss: float, on_progress: Callable[[Progress], None]) -> None:
        if self.rank:
            return
        psnr = self.material.held.psnr(self.ema)
        if psnr > self.best:
            self.best = psnr
            best = weights.written(
                self.ema, task=self.recipe.task.command, model=self.recipe.model, args=self.recipe.args
            )
            (self.out / "best.safetensors").write_bytes(best)
        self.save()
        on_progress(Progress(self.step, self.steps, loss, psnr, self.material.held.baseline))


class _Network(nn.Module):
    """prepare, core and finish as one forward, for autograd and DistributedDataParallel; only core runs in half.

    Args:
        unfinished: give the core's outputs as they are.
    """

    def __init__(self, processor: Network, autocast: torch.autocast, *, unfinished: bool) -> None:
        super().__init__()
        self.processor, self.autocast, self.unfinished = processor, autocast, unfinished

    def forward(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, T, C, H, W) -> (B, K, C, H', W'), float32; or the core's outputs, float32."""
        inputs = (x.contiguous(memory_format=torch.channels_last) for x in self.processor.prepare(window))
        with self.autocast:
            core = self.processor.core(*inputs)
        outputs = tuple(x.float() for x in (core if isinstance(core, tuple) else (core,)))
        return outputs if self.unfinished else (self.processor.finish(window, *outputs),)
