"""vidrestore evaluate: the tables, with the baselines beside every number."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .errors import shows_errors
from .interpolate import RETIMING, QualityOption

if TYPE_CHECKING:
    from rich.table import Table

    from ..between import Interpolator
    from ..settings import Settings
    from ..train.evaluate_interpolation import Row
    from ..weights import Entry


@shows_errors
def evaluate(
    model: Annotated[
        str, typer.Argument(help="As for upscale or interpolate -m; or a baseline: average, dis, minterpolate.")
    ],
    data: Annotated[Path, typer.Option("--data", help="Folder of pictures, triplets or clips, searched to any depth.")],
    device: options.Device = options.SETTINGS.device,
    engine: options.Engine = options.EngineName.AUTO,
    precision: options.Precision = options.PrecisionName.AUTO,
    quality: Annotated[QualityOption, typer.Option("--quality", help="Of flow interpolation.")] = QualityOption(
        RETIMING.quality
    ),
    as_json: options.Json = False,
) -> None:
    """Make again what is known, and compare: pictures that were shrunk, or frames that were left out.

    Enlarging: luma PSNR and SSIM (Wang) with `scale` pixels of border left out, 8-bit video-range luma, beside bicubic.

    Frames between: RGB PSNR and SSIM (Wang), 8 bits, and milliseconds per frame, on the middle pictures of triplets
    and every second frame of clips; beside the average of both frames, DIS optical flow and FFmpeg's minterpolate.

    Example: vidrestore evaluate espcn-x2 --data pictures/
    """
    from .. import interpolators, weights
    from ..engine import Ran
    from ..errors import UsageError
    from ..train.baselines import BASELINES

    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    settings = options.settings(device=device, engine=engine, precision=precision)
    entry = weights.manifest().get(model)
    if entry is not None and entry.task == "upscale":
        tables, found = _upscaling(entry, data, settings)
    elif model in BASELINES:
        tables, found = _interpolation(BASELINES, data)
    else:
        own = interpolators.find(model, quality.value, settings).start(Ran())
        tables, found = _interpolation({model: own, **BASELINES}, data)
    if as_json:
        print(json.dumps({"model": model, "data": str(data), **found}, allow_nan=False))
        return
    from rich.console import Console

    Console().print(*tables, sep="\n")


def _upscaling(entry: "Entry", data: Path, settings: "Settings") -> tuple[list["Table"], dict[str, object]]:
    from rich.table import Table

    from .. import weights
    from ..train.enlarging import Enlarging
    from ..train.evaluate_upscaling import evaluate_upscale, mean
    from ..train.recipes import RECIPES

    task = RECIPES[entry.recipe].task
    assert isinstance(task, Enlarging)
    scores = list(evaluate_upscale(weights.load(entry), task.degradation, data, settings=settings))
    average = mean(scores)
    table = Table("picture", "PSNR", "SSIM", "bicubic PSNR", "bicubic SSIM", "gain", box=None)
    for score in [*scores, average]:
        table.add_row(
            score.name,
            f"{score.psnr_y:.2f}",
            f"{score.ssim_y:.4f}",
            f"{score.bicubic_psnr_y:.2f}",
            f"{score.bicubic_ssim_y:.4f}",
            f"{score.psnr_y - score.bicubic_psnr_y:+.2f}",
        )
    return [table], {"mean": asdict(average), "pictures": [asdict(s) for s in scores]}


def _interpolation(methods: Mapping[str, "Interpolator"], data: Path) -> tuple[list["Table"], dict[str, object]]:
    from ..train.evaluate_interpolation import evaluate_interpolation, means
    from ..train.evaluation_sets import triplets

    rows = list(evaluate_interpolation(methods, triplets(data)))
    sets = means(rows)
    return [_pictures(rows), _means(sets)], {
        "sets": {row.set: {name: asdict(score) for name, score in row.scores.items()} for row in sets},
        "pictures": [asdict(row) for row in rows],
    }


def _pictures(rows: Sequence["Row"]) -> "Table":
    from rich.table import Table

    table = Table("set", "picture", *rows[0].scores, box=None, title="PSNR and SSIM", title_justify="left")
    for row in rows:
        table.add_row(row.set, row.name, *(f"{score.psnr:.2f} {score.ssim:.4f}" for score in row.scores.values()))
    return table


def _means(sets: Sequence["Row"]) -> "Table":
    from rich.table import Table

    table = Table("mean of", "method", "PSNR", "SSIM", "ms", box=None)
    for row in sets:
        for name, score in row.scores.items():
            table.add_row(row.set, name, f"{score.psnr:.2f}", f"{score.ssim:.4f}", f"{score.ms:.1f}")
    return table
