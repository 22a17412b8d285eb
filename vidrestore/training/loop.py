"""The training loop: one CPU, one GPU, or several under torchrun."""

import math
import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol, runtime_checkable

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..base.files import write_whole
from ..base.stop import check
from ..errors import ModelError, UsageError, VidrestoreError
from ..models.networks import MODELS, Network
from ..models.weights import files
from .loader import batches
from .losses import make_loss
from .perceptual import Vgg
from .recipes import OPTIMISERS, Recipe
from .weight_norm import normalise_weights, plain, take


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
    more: Mapping[str, float] = field(default_factory=dict)
    """What else there is to say, by name."""


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to `final_share`, multiplied by `drop` at each of `drops`."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    share = (step - recipe.warmup) / max(1, steps - recipe.warmup)
    dropped = recipe.drop ** sum(step >= part * steps for part in recipe.drops)
    return (
        recipe.learning_rate
        * dropped
        * (recipe.final_share + (1 - recipe.final_share) * 0.5 * (1 + math.cos(math.pi * share)))
    )


@runtime_checkable
class Calibrated(Protocol):
    """A network that sets the scale of its first outputs by what it is to learn from."""

    def calibrate(self, window: Tensor) -> None: ...


@runtime_checkable
class ManyScales(Protocol):
    """A network that enlarges by several factors, learned in turn."""

    def choose(self, scale: int) -> None: ...


@runtime_checkable
class Staged(Protocol):
    """A network whose core gives several pictures while it is trained, each of which is to be the target."""

    def stages(self, window: Tensor, *core_out: Tensor) -> tuple[Tensor, ...]: ...


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
        self._asked, self.steps = steps, steps or recipe.steps
        self.checkpoint = out / "last.pt"
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)  # else every rank's loader would take memory of the first
        torch.manual_seed(recipe.seed)
        self.model = MODELS[recipe.model](**recipe.args).to(self.device)
        self.loss = make_loss(recipe.loss, least=recipe.least, harm=recipe.harm, vgg=vgg, device=self.device)
        self.material = recipe.task.open(data, out / "unpacked")
        if isinstance(self.model, Calibrated):
            window, _ = self.material.batches(batch=recipe.batch, seed=recipe.seed, steps=1)[0]
            self.model.calibrate(window.to(self.device))
        self.ema = deepcopy(self.model).requires_grad_(False).eval()
        if recipe.normalise_weights:
            normalise_weights(self.model)
        self.optimizer = OPTIMISERS[recipe.optimiser](self.model.parameters(), lr=recipe.learning_rate)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        self.step, self.best = 0, -math.inf

    def save(self) -> None:
        """Write the checkpoint, whole or not at all. ResourceError: the disk is full."""
        content = BytesIO()
        torch.save(self.state(), content)
        write_whole(self.checkpoint, content.getbuffer(), overwrite=True)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            "model": self.model.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "loss": self.loss.state_dict(),
            "step": self.step,
            "steps": self.steps,
            "best": self.best,
        }

    def take(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; what is missing or does not fit raises as torch does."""
        self.model.load_state_dict(state["model"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.loss.load_state_dict(state.get("loss", {}))  # runs of earlier versions have none, nor steps
        self.step, self.best = state["step"], state["best"]
        self.steps = self._asked or state.get("steps", self.steps)

    def resume(self) -> None:
        """Go on from the checkpoint, to the step that run was to end at unless another was asked for.

        Raises:
            UsageError: where there is none.
            ModelError: it is damaged, or of another recipe.
        """
        path = self.checkpoint
        if not path.is_file():
            raise UsageError(f"nothing to resume at {path}; start the run without --resume")
        try:
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            self.take(state)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, LookupError, TypeError, EOFError, AssertionError, UnpicklingError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"{path} is damaged or another recipe's: {reason}; begin anew in another --out") from error

    def warm_start(self, path: Path) -> None:
        """Take every tensor of a weight file that fits, of a network of another scale, say; the rest stays as it is.

        A convolution that sees more planes than that of the file sees nothing in them at first.

        Raises:
            ModelError: it is no weight file, or nothing of it fits.
        """
        own = self.ema.state_dict()
        read = {k: _widened(v, own[k]) for k, v in files.tensors(path).items() if k in own}
        fits = {k: v for k, v in read.items() if own[k].shape == v.shape}
        if not fits:
            raise ModelError(f"no tensor of {path} fits the network {self.recipe.model}; give weights of its kind")
        for model in (self.model, self.ema):
            take(model, fits)

    def run(self, on_progress: Callable[[Progress], None] = lambda _: None) -> Path:
        """Train to the last step; the path of the best weights (safetensors).

        Raises:
            VidrestoreError: the network has come to give NaN; what was written before stays.
            InputError: a file of the data cannot be read. ResourceError: the disk is full.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.recipe.precision]
        autocast = torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32)
        network: nn.Module = _Network(self.model, autocast, unfinished=self.recipe.each_level)
        if self.world > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
            network = DistributedDataParallel(network, find_unused_parameters=isinstance(self.model, ManyScales))
        total = torch.zeros((), device=self.device)
        since = 0
        dataset = self.material.batches(
            batch=self.recipe.batch, seed=self.recipe.seed * self.world + self.rank, steps=self.steps
        )
        left = range(self.step, self.steps)
        for window, target in batches(dataset, left, workers=self.workers, pinned=self.device.type == "cuda"):
            check()
            total += self._update(network, window.to(self.device), target.to(self.device))
            since += 1
            self.step += 1
            if self.step % self.recipe.validate_every == 0 or self.step == self.steps:
                self._report(float(total) / since, on_progress)
                total.zero_()
                since = 0
                if self.ended:
                    break
        if self.world > 1:
            dist.destroy_process_group()
        return self.out / "best.safetensors"

    @property
    def ended(self) -> bool:
        """Whether the run is over before its last step."""
        return False

    def _loss(self, network: nn.Module, window: Tensor, target: Tensor) -> Tensor:
        """A scalar to descend."""
        outputs = network(window)
        if self.recipe.harm:
            before = self.model.needs.before
            return torch.as_tensor(self.loss(outputs[0], target, window[:, before : before + 1]))
        targets = self.model.prepare(target) if self.recipe.each_level else (target,) * len(outputs)
        return sum((self.loss(*pair) for pair in zip(outputs, targets, strict=True)), torch.zeros(()))

    def _update(self, network: nn.Module, window: Tensor, target: Tensor) -> Tensor:
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, self.step, self.steps)
        if isinstance(self.model, ManyScales):
            self.model.choose(target.shape[-1] // window.shape[-1])
        loss = self._loss(network, window, target)
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
            for name, kept in self.ema.named_parameters():
                kept.lerp_(plain(self.model, name), 1 - decay)
            for name, average in self.ema.named_buffers():  # of batch normalisation
                average.copy_(plain(self.model, name))
        return loss.detach()

    def _report(self, loss: float, on_progress: Callable[[Progress], None]) -> None:
        if self.rank:
            return
        psnr = self.material.held.psnr(self.ema)
        if math.isnan(psnr):
            raise VidrestoreError(
                f"training went astray: by step {self.step} the network gives no numbers any more; "
                f"{self.out} holds the weights and the checkpoint of before"
            )
        if self._is_best(psnr):
            self._write_best()
        # Last what says that this step is done: a run that goes on from the one before makes the others again.
        on_progress(Progress(self.step, self.steps, loss, psnr, self.material.held.baseline, self._more()))
        self.save()

    def _is_best(self, psnr: float) -> bool:
        """Whether the network is better than all before; what is remembered of the best is renewed."""
        if psnr <= self.best:
            return False
        self.best = psnr
        return True

    def _write_best(self) -> None:
        best = files.written(self.ema, task=self.recipe.task.command, model=self.recipe.model, args=self.recipe.args)
        write_whole(self.out / "best.safetensors", best, overwrite=True)

    def _more(self) -> Mapping[str, float]:
        return {}


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
        if self.unfinished:
            return outputs
        if isinstance(self.processor, Staged):
            return self.processor.stages(window, *outputs)
        return (self.processor.finish(window, *outputs),)


def _widened(tensor: Tensor, own: Tensor) -> Tensor:
    """A convolution's weights with zeros for inputs that only `own` has; any other tensor as it is."""
    more = own.shape[1] - tensor.shape[1] if tensor.ndim == own.ndim == 4 else 0
    return F.pad(tensor, (0, 0, 0, 0, 0, more)) if more > 0 else tensor
