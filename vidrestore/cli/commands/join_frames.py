"""vidrestore join-frames: makes a video of pictures."""

from pathlib import Path
from typing import Annotated

import typer

from .. import options
from ..errors import shows_errors
from ..groups import grouped
from ..run import finish

_input = options.panel("Input")


@shows_errors
@grouped
def join_frames(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of pictures.")],
    target: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The video.")],
    *,
    rate: Annotated[
        str | None,
        _input(help="Pictures per second: 25, 30000/1001 or 29.97.", show_default="as --times says, else 25"),
    ] = None,
    times: Annotated[
        Path | None,
        _input(help="A frames.csv of extract-frames: when each picture is shown.", show_default="DIR/frames.csv"),
    ] = None,
    audio: Annotated[
        Path | None,
        _input(
            help="Sound, subtitles, chapters, attachments and tags come from here; its colour too, if it is a video."
        ),
    ] = None,
    follow_references: options.FollowReferences = options.READING.follow_references,
    overwrite: options.Overwrite = False,
    encoder: options.Encoder,
    dry_run: options.DryRun = False,
    shell: options.Shell,
) -> None:
    """Make a video of pictures, at a rate or at the exact times of their frames.csv.

    Pictures are in natural order (frame_2 before frame_10). Times are exact in
    .mp4 and .mov; .mkv counts milliseconds. Where the pictures are a part of
    --audio, as frames.csv says, the same part of its tracks is taken.

    Example: vidrestore join-frames frames/ out.mp4 --audio in.mp4
    """
    from ...restoration.join import prepare

    job = prepare(
        folder,
        target,
        encoding=encoder.encoding(),
        rate=options.frame_rate(rate),
        times=times,
        beside=audio,
        overwrite=overwrite,
        follow_references=follow_references,
    )
    finish(job, shell, dry_run=dry_run)
