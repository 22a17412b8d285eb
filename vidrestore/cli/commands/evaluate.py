"""vidrestore evaluate: scores of networks, beside the baselines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .. import options, show
from ..errors import shows_errors
from .interpolate import RETIMING

if TYPE_CHECKING:
    from rich.table import Table

    from ...base.settings import DeblurringQuality, Quality, Settings
    from ...models.foreign.between import NcnnBetween
    from ...models.foreign.network import ForeignNetwork
    from ...models.networks import Network
    from ...training.data.degrade import Degradation
    from ...training.evaluate.interpolation import Row
    from ...training.evaluate.upscaling import Harm

    Found = tuple[list[Table], dict[str, object]]
    """Tables for people, and the same as data."""


AnyQuality = Literal["auto", "fast", "balanced", "best"]
BASELINES = ("average", "dis", "minterpolate")
"""What makes frames between without a network, as train.baselines has it."""
QUALITIES: dict[str, tuple[str, ...]] = {
    "upscale": ("auto",),
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
        AnyQuality, typer.Option(help="As interpolate (fast, balanced, best) and deblur (balanced, best) take it.")
    ] = "auto",
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
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Make again what is known, and compare: pictures that were shrunk or blurred, or frames that were left out.

    Enlarging: luma PSNR and SSIM (Wang) with `scale` pixels of border left out, 8-bit video-range luma, beside bicubic;
    of networks that look at several frames in clips and folders of numbered pictures, where all of them are there.
    Pictures are shrunk as a network's recipe has it; for other programs' networks by MATLAB's bicubic. Those that see
    RGB get the luma as grey.

    Frames between: RGB PSNR and SSIM (Wang), 8 bits, and milliseconds per frame, on the middle pictures of triplets
    and every second frame of clips; beside the average of both frames, DIS optical flow and FFmpeg's minterpolate.

    Cleaning: luma PSNR, SSIM (Wang) and flicker of clips and folders of numbered pictures, else of pictures, beside
    the input; of noise alone also beside OpenCV's non-local means and BM3D, where that package is installed.

    Deblurring: RGB PSNR and SSIM (Wang), 8 bits, beside the blurred picture; on pairs of pictures (x_blur.png and
    x_sharp.png, or blur/x.png and sharp/x.png), and on every fourth frame of clips, blurred by the motion around it:
    5, 7 and 9 moments of eight from frame to frame are averaged, where that gives 22 to 32 dB. As in `deblur`, single
    pictures are looked at four times, and frames once, unless --quality says otherwise.

    Example: vidrestore evaluate espcn-x2 --data pictures/
    """
    from ...errors import UsageError

    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    settings = options.Compute(device=device, engine=engine, precision=precision).settings()
    if others and not (table or plane):
        raise UsageError(f"{model} and {' and '.join(others)}: several networks are compared with --table or --plane")
    task = "upscale" if table or plane else _task(model)
    if quality not in QUALITIES[task]:
        raise UsageError(f"--quality {quality} is not for {task}; it takes {', '.join(QUALITIES[task])}")
    if task not in ("upscale", "clean") and (compress or noise):
        raise UsageError("--compress and --noise are for networks that enlarge or clean")
    if task in ("upscale", "clean"):
        from ...training.evaluate.upscaling import Harm
        from ...video.encode.round_trip import parse

        harm = Harm(noise, parse(compress) if compress else None)
    if plane:
        tables, found = _plane([model, *(others or [])], data, settings, harm, plane, overwrite=overwrite)
    elif table:
        tables, found = _compared([model, *(others or [])], data, settings, harm)
    elif task == "upscale":
        tables, found = _upscaling(model, data, settings, harm)
    elif task == "clean":
        tables, found = _cleaning(model, data, settings, harm)
    elif task == "deblur" and quality != "fast":
        tables, found = _deblurring(model, quality, data, settings)
    else:
        searched = RETIMING.quality if quality == "auto" else quality
        tables, found = _interpolation(model, searched, data, settings)
    if as_json:
        print(json.dumps({"model": model, "data": str(data), **found}, allow_nan=False))
        return
    show.tell_tables(*tables)


def _task(model: str) -> str:
    """The command that a network or a weight file is for; A+B enlarge, and baselines make frames between.

    The family of some that enlarge is refused there, with their names.
    """
    from ...models.weights import manifest
    from ...restoration.chain import parts
    from ...restoration.network import task_of

    if len(parts(model)) > 1:
        return "upscale"
    if task := task_of(model):
        return task
    if model not in (*BASELINES, "auto"):
        raise manifest.unknown(model, [*manifest.rows(), *BASELINES])
    return "interpolate"


def _upscaling(name: str, data: Path, settings: "Settings", harm: "Harm") -> "Found":
    from ...training.evaluate.clips import clips, stills
    from ...training.evaluate.upscaling import evaluate_upscale, full, mean

    networks, degradation = _enlarging(name)
    ends = full(networks)
    material = clips(data) if ends else stills(data)
    scores = list(evaluate_upscale(networks, degradation, material, settings=settings, ends=ends, harm=harm))
    average = mean(scores)
    header = ("picture", "PSNR", "SSIM", "bicubic PSNR", "bicubic SSIM", "gain")
    cells = (
        (
            *(score.name, f"{score.psnr_y:.2f}", f"{score.ssim_y:.4f}"),
            *(f"{score.bicubic_psnr_y:.2f}", f"{score.bicubic_ssim_y:.4f}"),
            f"{score.psnr_y - score.bicubic_psnr_y:+.2f}",
        )
        for score in [*scores, average]
    )
    return [show.table(header, cells)], {"mean": asdict(average), "pictures": [asdict(s) for s in scores]}


def _compared(names: Sequence[str], data: Path, settings: "Settings", harm: "Harm") -> "Found":
    """Networks that undo the same reduction, on frames of clips whose window is full for each of them."""
    from ...training.evaluate.clips import clips, stills
    from ...training.evaluate.upscaling import average_row, evaluate_upscale

    found, ends = _alike(names)
    rows = {}
    for name, (networks, degradation) in found.items():
        material = clips(data) if ends else stills(data)
        scores = list(evaluate_upscale(networks, degradation, material, settings=settings, ends=ends, harm=harm))
        rows[name], bicubic = average_row(scores)
    rows = {"bicubic": bicubic, **rows}
    cells = ((name, f"{row['mse']:.2f}", f"{row['ssim']:.4f}", f"{row['psnr']:.2f}") for name, row in rows.items())
    return [show.table((f"{len(scores)} frames", "MSE", "SSIM", "PSNR"), cells)], {
        "frames": len(scores),
        "methods": rows,
    }


def _alike(
    names: Sequence[str],
) -> tuple[dict[str, tuple[list["Network | ForeignNetwork | NcnnBetween"], "Degradation"]], int]:
    """Networks that undo the same reduction, and how many frames at a clip's ends have no full window for all."""
    from ...errors import UsageError
    from ...training.evaluate.upscaling import full

    found = {name: _enlarging(name) for name in names}
    if len({degradation for _, degradation in found.values()}) > 1:
        raise UsageError(f"{' and '.join(names)} were trained to undo different reductions; compare them one by one")
    return found, max(full(networks) for networks, _ in found.values())


def _plane(
    names: Sequence[str], data: Path, settings: "Settings", harm: "Harm", target: Path, *, overwrite: bool
) -> "Found":
    """Each network's place on the perception-distortion plane, and bicubic's; drawn as a PNG."""
    from ...base.files import check_free, write_whole
    from ...errors import UsageError
    from ...metrics.report.plane import draw
    from ...training.evaluate.clips import clips, stills
    from ...training.evaluate.plane import REGIONS, Place, Spread, place
    from ...training.evaluate.upscaling import enlarged, rounded

    if target.suffix.lower() != ".png":
        raise UsageError(f"--plane {target}: the plane is drawn as .png")
    check_free(target, overwrite=overwrite)
    found, ends = _alike(names)
    places: list[Place] = []
    for name, (networks, degradation) in found.items():
        material = clips(data) if ends else stills(data)
        frames = list(enlarged(networks, degradation, material, settings=settings, ends=ends, harm=harm))
        if not places:
            pairs = [(frame.reference, rounded(frame.bicubic)) for frame in frames]
            places.append(place("bicubic", pairs, border=degradation.scale))
        pairs = [(frame.reference, rounded(frame.made)) for frame in frames]
        places.append(place(name, pairs, border=degradation.scale))
    shown = [(each.method, each.rmse, each.niqe.mean) for each in places if each.niqe is not None]
    write_whole(target, draw(shown, REGIONS), overwrite=overwrite)

    def cell(spread: Spread | None, digits: int) -> str:
        if spread is None:
            return "-"
        beside = "" if spread.deviation is None else f" ± {spread.deviation:.{digits}f}"
        return f"{spread.mean:.{digits}f}{beside}"

    header = (f"{places[0].pictures} frames", "PSNR", "SSIM", "RMSE", "region", "NIQE")
    cells = (
        (
            *(each.method, cell(each.psnr, 2), cell(each.ssim, 4)),
            *(f"{each.rmse:.2f}", str(each.region or "-"), cell(each.niqe, 2)),
        )
        for each in places
    )
    return [show.table(header, cells)], {"plane": [asdict(each) | {"region": each.region} for each in places]}


def _cleaning(name: str, data: Path, settings: "Settings", harm: "Harm") -> "Found":
    from ...restoration.network import find, network_of
    from ...training.data.encoded_scenes import as_420
    from ...training.evaluate.cleaning import evaluate_clean, mean
    from ...training.evaluate.clips import clips_or_stills

    network = network_of(find(name, task="clean"), task="clean")
    rows = list(evaluate_clean(network, clips_or_stills(data, as_420), settings=settings, harm=harm))
    average = mean(rows)
    header = ("picture", *(f"{method} PSNR, SSIM, flicker" for method in average.scores), "gain")
    cells = (
        (
            row.name,
            *(
                f"{each.psnr_y:.2f} {each.ssim_y:.4f} {'-' if each.flicker is None else f'{each.flicker:.3f}'}"
                for each in row.scores.values()
            ),
            f"{row.scores['network'].psnr_y - row.scores['input'].psnr_y:+.2f}",
        )
        for row in [*rows, average]
    )
    return [show.table(header, cells)], {"mean": asdict(average), "pictures": [asdict(row) for row in rows]}


def _enlarging(name: str) -> tuple[list["Network | ForeignNetwork | NcnnBetween"], "Degradation"]:
    """The networks of a name, a file or A+B, and what all of them together undo."""
    from dataclasses import replace
    from math import prod

    from ...models.weights import manifest
    from ...restoration.chain import parts
    from ...restoration.network import find, network_of
    from ...training.data.degrade import Degradation
    from ...training.recipes import RECIPES
    from ...training.tasks.upscaling import UpscalingTask
    from ...training.tasks.video_upscaling import VideoUpscalingTask

    found = [find(part, task="upscale") for part in parts(name)]
    networks = [network_of(each, task="upscale") for each in found]
    task = RECIPES[found[-1].recipe].task if isinstance(found[-1], manifest.Entry) else None
    # A file does not say what it was trained to undo; what is trained for any reduction is measured on the
    # literature's.
    undone = task.degradation if isinstance(task, UpscalingTask | VideoUpscalingTask) else Degradation()
    return networks, replace(undone, scale=prod(network.needs.scale for network in networks))


def _deblurring(name: str, quality: "DeblurringQuality", data: Path, settings: "Settings") -> "Found":
    from itertools import groupby

    from ...restoration.deblurring.quality import at_quality
    from ...restoration.deblurring.stage import find
    from ...restoration.network import network_of
    from ...training.evaluate.blurred_pairs import blurred_pairs
    from ...training.evaluate.deblurring import Score, evaluate_deblurring, mean, means

    network = network_of(find(name), task="deblur")
    scores: list[Score] = []
    for still, pairs in groupby(blurred_pairs(data), key=lambda pair: pair.still):
        scores += evaluate_deblurring(at_quality(quality, network, still=still), pairs, settings=settings)
    sets, average = means(scores), mean("all", scores)
    header = ("set", "picture", "PSNR", "SSIM", "blurred PSNR", "blurred SSIM", "gain")
    cells = (
        (
            *(score.set, score.name, f"{score.psnr:.2f}", f"{score.ssim:.4f}"),
            *(f"{score.blurred_psnr:.2f}", f"{score.blurred_ssim:.4f}"),
            f"{score.psnr - score.blurred_psnr:+.2f}",
        )
        for score in [*scores, *sets, average]
    )
    rows = {"sets": [asdict(score) for score in sets], "pictures": [asdict(score) for score in scores]}
    return [show.table(header, cells)], {"mean": asdict(average), **rows}


def _interpolation(name: str, quality: "Quality", data: Path, settings: "Settings") -> "Found":
    from ...restoration.interpolation import choose
    from ...training.evaluate.baselines import BASELINES
    from ...training.evaluate.interpolation import evaluate_interpolation, means
    from ...training.evaluate.triplets import triplets

    methods = dict(BASELINES)
    if name not in methods:
        methods = {name: choose.find(name, quality, settings).load(), **methods}
    rows = list(evaluate_interpolation(methods, triplets(data)))
    sets = means(rows)
    return [_pictures(rows), _means(sets)], {
        "sets": {row.set: {name: asdict(score) for name, score in row.scores.items()} for row in sets},
        "pictures": [asdict(row) for row in rows],
    }


def _pictures(rows: Sequence["Row"]) -> "Table":
    cells = (
        (row.set, row.name, *(f"{score.psnr:.2f} {score.ssim:.4f}" for score in row.scores.values())) for row in rows
    )
    return show.table(("set", "picture", *rows[0].scores), cells, title="PSNR and SSIM")


def _means(sets: Sequence["Row"]) -> "Table":
    cells = (
        (row.set, name, f"{score.psnr:.2f}", f"{score.ssim:.4f}", f"{score.ms:.1f}")
        for row in sets
        for name, score in row.scores.items()
    )
    return show.table(("mean of", "method", "PSNR", "SSIM", "ms"), cells)
