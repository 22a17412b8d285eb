"""Tables of networks that clean, deblur, or make frames between.

Loads torch: `evaluate` imports it where it is called.
"""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from rich.table import Table

from ....base.settings import DeblurringQuality, Quality, Settings
from ....restoration.deblurring.quality import at_quality
from ....restoration.deblurring.stage import find as find_deblurring
from ....restoration.interpolation import choose
from ....restoration.network import find, network_of
from ....training.data.encoded_scenes import as_420
from ....training.evaluate.baselines import BASELINES
from ....training.evaluate.blurred_pairs import blurred_pairs
from ....training.evaluate.cleaning import evaluate_clean
from ....training.evaluate.cleaning import mean as cleaning_mean
from ....training.evaluate.clips import clips_or_stills
from ....training.evaluate.deblurring import Score, evaluate_deblurring, mean, means
from ....training.evaluate.interpolation import Row, evaluate_interpolation
from ....training.evaluate.interpolation import means as interpolation_means
from ....training.evaluate.triplets import triplets
from ....training.evaluate.upscaling import Harm
from ... import show

Found = tuple[list[Table], dict[str, object]]
"""Tables for people, and the same as data."""


def cleaning(name: str, data: Path, settings: Settings, harm: Harm) -> Found:
    """Luma and flicker, beside the input."""
    network = network_of(find(name, task="clean"), task="clean")
    rows = list(evaluate_clean(network, clips_or_stills(data, as_420), settings=settings, harm=harm))
    average = cleaning_mean(rows)
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


def deblurring(name: str, quality: DeblurringQuality, data: Path, settings: Settings) -> Found:
    """RGB, beside the blurred picture."""
    scores: list[Score] = []
    for still, pairs in groupby(blurred_pairs(data), key=lambda pair: pair.still):
        network = network_of(find_deblurring(name, still=still), task="deblur")
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


def interpolation(name: str, quality: Quality, data: Path, every: int, settings: Settings) -> Found:
    """RGB of frames that were left out, beside the baselines."""
    methods = dict(BASELINES)
    if name not in methods:
        methods = {name: choose.find(name, quality, settings).load(), **methods}
    rows = list(evaluate_interpolation(methods, triplets(data, every)))
    sets = interpolation_means(rows)
    return [_pictures(rows), _means(sets)], {
        "sets": {row.set: {name: asdict(score) for name, score in row.scores.items()} for row in sets},
        "pictures": [asdict(row) for row in rows],
    }


def _pictures(rows: Sequence[Row]) -> Table:
    cells = (
        (row.set, row.name, *(f"{score.psnr:.2f} {score.ssim:.4f}" for score in row.scores.values())) for row in rows
    )
    return show.table(("set", "picture", *rows[0].scores), cells, title="PSNR and SSIM")


def _means(sets: Sequence[Row]) -> Table:
    cells = (
        (row.set, name, f"{score.psnr:.2f}", f"{score.ssim:.4f}", f"{score.ms:.1f}")
        for row in sets
        for name, score in row.scores.items()
    )
    return show.table(("mean of", "method", "PSNR", "SSIM", "ms"), cells)
