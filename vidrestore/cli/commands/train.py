"""vidrestore train: trains a network by its recipe."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ... import __version__
from ..errors import shows_errors
from ..show import tell

if TYPE_CHECKING:
    from ...training.loop import Progress, Training


@shows_errors
def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A recipe's name; an unknown one is answered with the list.")
    ],
    data: Annotated[Path, typer.Option(help="Folder of pictures and clips, searched to any depth.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for checkpoints, logs and weights.", show_default="runs/RECIPE")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Cut the recipe to this many steps.")] = None,
    init: Annotated[Path | None, typer.Option(help="Weights to start from; every tensor that fits is taken.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in the folder.")] = False,
    vgg: Annotated[
        Path | None, typer.Option(help="Your file of VGG-19 weights, for recipes that compare features.")
    ] = None,
    vgg_scale: Annotated[
        Literal["torchvision", "caffe"],
        typer.Option(help="What those weights expect; torchvision's, or the original's."),
    ] = "torchvision",
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare batches.")] = 1,
) -> None:
    """Train a network by its recipe; interrupted runs go on with --resume.

    One CPU or GPU as it is; several GPUs under `torchrun --nproc-per-node N -m vidrestore train ...`.

    Example: vidrestore train espcn-x2 --data pictures/ --steps 2000
    """
    folder = out or Path("runs") / recipe
    _check(recipe, data, folder, init=init, resume=resume, vgg=vgg)

    import torch  # here, since refusals need not load it

    from ...engine.allocator import keep_memory
    from ...training.adversarial import AdversarialTraining
    from ...training.log import write_settings
    from ...training.loop import Training
    from ...training.perceptual import Vgg
    from ...training.recipes import RECIPES

    keep_memory()
    features = None if vgg is None else Vgg(vgg, vgg_scale)
    kind = AdversarialTraining if RECIPES[recipe].adversary else Training
    training = kind(RECIPES[recipe], data, folder, steps=steps, workers=workers, vgg=features)
    if init is not None:
        training.warm_start(init)
    if resume:
        training.resume()
    if training.rank == 0:
        run = {"name": recipe, "data": data.resolve(), "steps": training.steps, "began_with": init, "vgg": vgg}
        more = {"vgg_scale": vgg_scale, "workers": workers, "vidrestore": __version__, "torch": torch.__version__}
        write_settings(folder, RECIPES[recipe], run | more)
    best = _run(training, folder)
    if training.rank == 0:
        tell(f"best weights: {best}")


def _check(recipe: str, data: Path, folder: Path, *, init: Path | None, resume: bool, vgg: Path | None) -> None:
    from ...base.names import check_name
    from ...errors import UsageError
    from ...training.names import FEATURES, NAMES

    if recipe not in NAMES:
        raise UsageError(f"no recipe {recipe!r}; there are: {', '.join(NAMES)}")
    if vgg is not None and recipe not in FEATURES:
        raise UsageError(f"--vgg is for recipes that compare features; {recipe} does not")
    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    check_name(folder)
    if not resume and (folder / "last.pt").exists():
        raise UsageError(f"{folder} holds a run already; go on with --resume or choose another --out")
    if init is not None and not init.is_file():
        raise UsageError(f"--init {init}: no such file")
    if init is not None and resume:
        raise UsageError("--init is where a run begins; leave it out with --resume")


def _run(training: "Training", folder: Path) -> Path:
    """Train to the end, with a bar on stderr and a line for each validation; the path of the best weights."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    from ...training.log import Log

    log = Log(folder, step=training.step, rank=training.rank)
    console, here = Console(stderr=True), sys.stderr.isatty()
    with Bar(console=console, disable=not here, redirect_stdout=here and sys.stdout.isatty()) as bar:
        task = bar.add_task("steps", total=training.steps, completed=training.step)

        def show(progress: "Progress") -> None:
            log.write(progress)
            bar.update(task, completed=progress.step)
            tell(
                f"step {progress.step}/{progress.steps}  loss {progress.loss:.5f}  "
                f"held {progress.psnr:.2f} dB (baseline {progress.baseline:.2f})"
                + "".join(f"  {name} {value:.4g}" for name, value in progress.more.items())
            )

        try:
            return training.run(show)
        except KeyboardInterrupt:
            kept = training.checkpoint.is_file()
            way = f"go on from {training.checkpoint} with --resume" if kept else "no checkpoint was reached"
            raise KeyboardInterrupt(way) from None
