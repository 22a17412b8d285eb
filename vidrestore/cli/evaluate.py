"""vidrestore evaluate: the tables, with the baseline beside every number."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .errors import shows_errors


@shows_errors
def evaluate(
    model: Annotated[str, typer.Argument(help="A name from `models list`.")],
    data: Annotated[Path, typer.Option("--data", help="Folder of sharp pictures, searched to any depth.")],
    device: options.Device = options.SETTINGS.device,
    engine: options.Engine = options.EngineName.AUTO,
    precision: options.Precision = options.PrecisionName.AUTO,
    as_json: options.Json = False,
) -> None:
    """Shrink every picture as in training, enlarge it again, and compare with the original.

    Luma PSNR and SSIM (Wang) with `scale` pixels of border left out, 8-bit video-range luma, beside bicubic.

    Example: vidrestore evaluate espcn-x2 --data pictures/
    """
    from rich.console import Console
    from rich.table import Table

    from .. import weights
    from ..errors import ModelError, UsageError
    from ..train.evaluate import evaluate_upscale, mean
    from ..train.recipes import RECIPES

    rows = weights.manifest()
    if model not in rows:
        raise ModelError(f"no model {model!r}; there are: {', '.join(rows)}")
    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    settings = options.settings(device=device, engine=engine, precision=precision)
    entry = rows[model]
    scores = list(evaluate_upscale(weights.load(entry), RECIPES[entry.recipe].degradation, data, settings=settings))
    average = mean(scores)
    if as_json:
        print(
            json.dumps(
                {"model": model, "data": str(data), "mean": asdict(average), "pictures": [asdict(s) for s in scores]}
            )
        )
        return
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
    Console().print(table)
