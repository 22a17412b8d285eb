"""vidrestore evaluate: scores of networks, beside the baselines."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from ... import options, show
from ...errors import shows_errors
from ..interpolate import RETIMING

AnyQuality = Literal["auto", "fast", "balanced", "best"]
BASELINES = ("average", "dis", "minterpolate")
"""What makes frames between without a network, as train.baselines has it."""
EVERY = 2
QUALITIES: dict[str, tuple[str, ...]] = {
    "upscale": ("auto", "balanced", "best"),
    "clean": ("auto",),
    "deblur": ("auto", "balanced", "best"),
    "interpolate": ("auto", "fast", "balanced", "best"),
}


@shows_errors
def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A network's name (see `models list`), two as A+B, or a weight file; or average, dis or minterpolate.",
        ),
    ],
    others: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="More networks for upscale, with --table.")
    ] = None,
    *,
    data: Annotated[Path, typer.Option(help="Folder of pictures, triplets, pairs or clips, searched to any depth.")],
    device: options.Device = options.SETTINGS.device,
    engine: options.Engine = options.SETTINGS.engine,
    precision: options.Precision = options.SETTINGS.precision,
    quality: Annotated[
        AnyQuality, typer.Option(help="As interpolate (fast, balanced, best), deblur and upscale take it.")
    ] = "auto",
    every: Annotated[
        int, typer.Option(min=2, max=16, metavar="N", help="Of interpolate: one frame of a clip in N is kept.")
    ] = EVERY,
    table: Annotated[
        bool, typer.Option("--table", help="Of upscale: one row a network, beside bicubic, all on the same frames.")
    ] = False,
    compress: Annotated[
        str | None,
        typer.Option(
            metavar="CODEC:QUALITY",
            help="Of upscale and clean: through an encoder first: x264:28; also x265, vp9, mpeg4, mpeg2, mjpeg.",
        ),
    ] = None,
    noise: Annotated[
        float, typer.Option(min=0, max=100, help="Of upscale and clean: and noise, its sigma in 8-bit steps.")
    ] = 0.0,
    plane: Annotated[
        Path | None,
        typer.Option(
            metavar="P.png", help="Of upscale: RMSE and NIQE of every network and of bicubic, also drawn here."
        ),
    ] = None,
    lpips: Annotated[
        str | None,
        typer.Option(
            metavar="auto|FILE",
            help="With --plane: LPIPS, too, by your file of AlexNet, or torch's download. "
            "pip install 'vidrestore\\[perceptual]'.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Make again what is known, and compare: pictures that were shrunk or blurred, or frames that were left out.

    Enlarging: luma PSNR and SSIM (Wang) with `scale` pixels of border left out, 8-bit video-range luma, beside bicubic;
    of networks that look at several frames in clips and folders of numbered pictures, where all of them are there.
    Pictures are shrunk as a network's recipe has it; for other programs' networks by MATLAB's bicubic. Those that see
    RGB get the luma as grey.

    Frames between: RGB PSNR and SSIM (Wang), 8 bits, and milliseconds per frame, on the middle pictures of triplets
    and on every second frame of clips (--every 3: on two of three); beside the average of both frames, DIS optical flow
    and FFmpeg's minterpolate.

    Cleaning: luma PSNR, SSIM (Wang) and flicker of clips and folders of numbered pictures, else of pictures, beside
    the input; of noise alone also beside OpenCV's non-local means and BM3D, where that package is installed.

    Deblurring: RGB PSNR and SSIM (Wang), 8 bits, beside the blurred picture; on pairs of pictures (x_blur.png and
    x_sharp.png, or blur/x.png and sharp/x.png), and on every fourth frame of clips, blurred by the motion around it:
    5, 7 and 9 moments of eight from frame to frame are averaged, where that gives 22 to 32 dB. As in `deblur`, single
    pictures are looked at four times, and frames once, unless --quality says otherwise.

    Example: vidrestore evaluate espcn-x2 --data pictures/
    """
    from ....errors import UsageError

    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    settings = options.Compute(device=device, engine=engine, precision=precision).settings()
    if others and not (table or plane):
        raise UsageError(f"{model} and {' and '.join(others)}: several networks are compared with --table or --plane")
    if lpips is not None and plane is None:
        raise UsageError(f"--lpips {lpips} is measured with --plane")
    task = "upscale" if table or plane else _task(model)
    if quality not in QUALITIES[task]:
        raise UsageError(f"--quality {quality} is not for {task}; it takes {', '.join(QUALITIES[task])}")
    if task not in ("upscale", "clean") and (compress or noise):
        raise UsageError("--compress and --noise are for networks that enlarge or clean")
    if task != "interpolate" and every != EVERY:
        raise UsageError(f"--every {every} is for what makes frames between, and {model} is for {task}")
    from .enlarging import Course, beside, on_plane, one
    from .others import cleaning, deblurring, interpolation

    if task in ("upscale", "clean"):
        from ....training.evaluate.upscaling import Harm
        from ....video.encode.round_trip import parse

        harm = Harm(noise, parse(compress) if compress else None)
        course = Course(data, settings, harm, "best" if quality == "best" else "balanced")
    if plane:
        tables, found = on_plane([model, *(others or [])], course, plane, overwrite=overwrite, lpips=lpips)
    elif table:
        tables, found = beside([model, *(others or [])], course)
    elif task == "upscale":
        tables, found = one(model, course)
    elif task == "clean":
        tables, found = cleaning(model, data, settings, harm)
    elif task == "deblur" and quality != "fast":
        tables, found = deblurring(model, quality, data, settings)
    else:
        searched = RETIMING.quality if quality == "auto" else quality
        tables, found = interpolation(model, searched, data, every, settings)
    if as_json:
        print(json.dumps({"model": model, "data": str(data), **found}, allow_nan=False))
        return
    show.tell_tables(*tables)


def _task(model: str) -> str:
    """The command that a network or a weight file is for; A+B enlarge, and baselines make frames between.

    The family of some that enlarge is refused there, with their names.
    """
    from ....models.weights import manifest
    from ....restoration.chain import parts
    from ....restoration.network import task_of

    if len(parts(model)) > 1:
        return "upscale"
    if task := task_of(model):
        return task
    if model not in (*BASELINES, "auto"):
        raise manifest.unknown(model, [*manifest.rows(), *BASELINES])
    return "interpolate"
