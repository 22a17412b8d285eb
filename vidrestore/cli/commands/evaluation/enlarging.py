"""Tables of networks that enlarge: picture by picture, beside one another, or on the perception-distortion plane.

Loads torch: `evaluate` imports it where it is called.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path

from rich.table import Table

from ....base.files import check_free, write_whole
from ....base.settings import EnlargingQuality, Settings
from ....errors import UsageError
from ....metrics.lpips import Lpips
from ....metrics.report.plane import draw
from ....models.ensemble import Mirrored
from ....models.processor import Processor
from ....models.weights import manifest
from ....restoration.chain import parts
from ....restoration.network import find, network_of
from ....training.data.degrade import Degradation
from ....training.evaluate.clips import clips, stills
from ....training.evaluate.plane import REGIONS, Place, Spread, place
from ....training.evaluate.upscaling import Enlarged, Harm, Score, average_row, enlarged, full, mean, rounded, scored
from ....training.recipes import RECIPES
from ....training.tasks.upscaling import UpscalingTask
from ....training.tasks.video_upscaling import VideoUpscalingTask
from ... import show

Found = tuple[list[Table], dict[str, object]]
"""Tables for people, and the same as data."""
Chain = tuple[list[Processor], Degradation]
"""Networks, one after the other, and what all of them together undo."""


@dataclass(frozen=True, slots=True)
class Course:
    """What networks are measured on, and how they are run."""

    data: Path
    settings: Settings
    harm: Harm
    quality: EnlargingQuality

    def chain(self, name: str) -> Chain:
        """Of a name, a file or A+B."""
        found = [find(part, task="upscale") for part in parts(name)]
        networks = [network_of(each, task="upscale") for each in found]
        task = RECIPES[found[-1].recipe].task if isinstance(found[-1], manifest.Entry) else None
        # A file does not say what it was trained to undo; what is trained for any reduction is measured on the
        # literature's.
        undone = task.degradation if isinstance(task, UpscalingTask | VideoUpscalingTask) else Degradation()
        used: list[Processor] = [Mirrored(network) if self.quality == "best" else network for network in networks]
        return used, replace(undone, scale=prod(network.needs.scale for network in networks))

    def alike(self, names: Sequence[str]) -> tuple[dict[str, Chain], int]:
        """Networks that undo the same reduction, and how many frames at a clip's ends have no full window for all."""
        found = {name: self.chain(name) for name in names}
        if len({degradation for _, degradation in found.values()}) > 1:
            named = " and ".join(names)
            raise UsageError(f"{named} were trained to undo different reductions; compare them one by one")
        return found, max(full(networks) for networks, _ in found.values())

    def frames(self, chain: Chain, ends: int) -> Iterator[Enlarged]:
        """What a chain makes of clips where windows have to be full, else of pictures."""
        networks, degradation = chain
        material = clips(self.data) if ends else stills(self.data)
        return enlarged(networks, degradation, material, settings=self.settings, ends=ends, harm=self.harm)

    def scores(self, chain: Chain, ends: int) -> list[Score]:
        """The same, compared with the originals."""
        return list(scored(self.frames(chain, ends), chain[1].scale))


def one(name: str, course: Course) -> Found:
    """Every picture, beside bicubic."""
    chain = course.chain(name)
    scores = course.scores(chain, full(chain[0]))
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


def beside(names: Sequence[str], course: Course) -> Found:
    """A row for each, on frames of clips whose window is full for all."""
    found, ends = course.alike(names)
    rows = {}
    for name, chain in found.items():
        scores = course.scores(chain, ends)
        rows[name], bicubic = average_row(scores)
    rows = {"bicubic": bicubic, **rows}
    cells = ((name, f"{row['mse']:.2f}", f"{row['ssim']:.4f}", f"{row['psnr']:.2f}") for name, row in rows.items())
    return [show.table((f"{len(scores)} frames", "MSE", "SSIM", "PSNR"), cells)], {
        "frames": len(scores),
        "methods": rows,
    }


def on_plane(names: Sequence[str], course: Course, target: Path, *, overwrite: bool, lpips: str | None) -> Found:
    """Each network's place on the perception-distortion plane, and bicubic's; drawn as a PNG.

    Args:
        lpips: measure that, too: `auto`, or a file of AlexNet.
    """
    if target.suffix.lower() != ".png":
        raise UsageError(f"--plane {target}: the plane is drawn as .png")
    check_free(target, overwrite=overwrite)
    distance = None if lpips is None else Lpips(None if lpips == "auto" else Path(lpips))
    places = list(_places(names, course, distance))
    planes = {"NIQE": [(each.method, each.rmse, each.niqe.mean) for each in places if each.niqe is not None]}
    if distance is not None:
        planes["LPIPS"] = [(each.method, each.rmse, each.lpips.mean) for each in places if each.lpips is not None]
    write_whole(target, draw(planes, REGIONS), overwrite=overwrite)
    header = (f"{places[0].pictures} frames", "PSNR", "SSIM", "RMSE", "region", *planes)
    cells = (
        (
            *(each.method, _cell(each.psnr, 2), _cell(each.ssim, 4)),
            *(f"{each.rmse:.2f}", str(each.region or "-"), _cell(each.niqe, 2)),
            *(() if distance is None else (_cell(each.lpips, 4),)),
        )
        for each in places
    )
    return [show.table(header, cells)], {"plane": [asdict(each) | {"region": each.region} for each in places]}


def _places(names: Sequence[str], course: Course, distance: Lpips | None) -> Iterator[Place]:
    """Bicubic's, and then each network's."""
    found, ends = course.alike(names)
    for number, (name, chain) in enumerate(found.items()):
        frames, border = list(course.frames(chain, ends)), chain[1].scale
        if not number:
            plain = [(frame.reference, rounded(frame.bicubic)) for frame in frames]
            yield place("bicubic", plain, border=border, distance=distance)
        made = [(frame.reference, rounded(frame.made)) for frame in frames]
        yield place(name, made, border=border, distance=distance)


def _cell(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "-"
    around = "" if spread.deviation is None else f" ± {spread.deviation:.{digits}f}"
    return f"{spread.mean:.{digits}f}{around}"
