"""vidrestore extract-frames: writes frames as pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from ...base.settings import JPEG_QUALITY, Picking, PictureForm, Pictures
from ...errors import InputError
from .. import options, show
from ..errors import shows_errors
from ..groups import grouped
from ..progress import progress as shown

if TYPE_CHECKING:
    from ...restoration.extraction.job import Job
    from ...scenes.list import Scene

PICKING, PICTURES = Picking(), Pictures()
_which, _pictures = options.panel("Which frames"), options.panel("Pictures")


@shows_errors
@grouped
def extract_frames(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, or a folder of pictures.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Gets the pictures and frames.csv.")],
    *,
    part: options.Part,
    every: Annotated[int, _which(min=1, help="One of so many frames.")] = PICKING.every,
    rate: Annotated[
        str | None, _which(help="So many frames per second, each the nearest to its moment: 1, 1/10, 29.97.")
    ] = None,
    scenes: Annotated[Path | None, _which(help="The scenes of this list only, each in a folder scene_001 ...")] = None,
    by_time: Annotated[bool, _which("--by-time", help="Go by the list's times, not by its frame numbers.")] = False,
    form: Annotated[PictureForm, _pictures("--format", help="Of the pictures.")] = PICTURES.form,
    depth: Annotated[
        int | None,
        _pictures(
            help="Bits per sample: 8, 16 (png, tiff), or 32, floating point that clips nothing (tiff).",
            show_default="16 where the source has more than 8",
        ),
    ] = PICTURES.depth,
    quality: Annotated[
        int | None, _pictures(help="Of jpg and webp: 1 to 100.", show_default=f"jpg {JPEG_QUALITY}, webp without loss")
    ] = PICTURES.quality,
    decoding: options.Decoding,
    overwrite: options.Overwrite = False,
    shell: options.Shell,
) -> None:
    """Write the frames of a video as pictures, with their exact times in frames.csv.

    frames.csv has for each picture: index (the frame's number in what was
    read, from 1), file, pts and duration (seconds as exact fractions), seconds
    (pts as a decimal), key_frame, scene (of the list, or as cuts are found),
    source_pts (pts from the start of the source, wherever reading began).

    Example: vidrestore extract-frames in.mp4 frames/
    """
    from ...base.files import check_there
    from ...restoration.extraction.job import prepare
    from ...scenes.list import read_scenes

    reading = decoding.reading(part=part)
    picking = Picking(every, options.frame_rate(rate))
    listed = None if scenes is None else read_scenes(scenes)
    check_there(source)

    job = prepare(
        source,
        folder,
        reading=reading,
        picking=picking,
        pictures=Pictures(form, cast(Literal[8, 16, 32] | None, depth), quality),
        scenes=listed,
        by_time=by_time,
        overwrite=overwrite,
    )
    from ...restoration.extraction.extract import extract  # torch, which refusals need not load

    with shown(shell.progress, total=job.frames, quiet=shell.quiet) as meter:
        report, met = extract(job, on_frame=meter.tick)
    facts = [_facts(job, number, scene) for number, scene in met.items()]
    show.report(report, shell, scenes=facts)
    if report.truncated:
        raise typer.Exit(InputError.exit_code)


def _facts(job: "Job", number: int, scene: "Scene") -> dict[str, Any]:
    """A scene as --json says it; frames count from 1."""
    start, end = scene.times
    return {
        "scene": number + 1,
        "start_frame": scene.first + 1,
        "end_frame": scene.last + 1,
        "frames": scene.frames,
        "start": float(start),
        "end": float(end),
        "path": str(job.folder_of(number)),
    }
