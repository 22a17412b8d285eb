"""vidrestore interpolate: raises the frame rate, or slows down."""

from pathlib import Path
from typing import Annotated

import typer

from ...api.wish import Wish
from ...api.words import FACTOR, FIND_CUTS, scenes_of, timing_of
from ...base.settings import Duplicates, OnCut, OnDoubt, Quality, Retiming, SlowAudio
from .. import options
from ..asked import Asked, runs

RETIMING = Retiming()
_timing, _motion = options.panel("Timing (one of)"), options.panel("Motion")


def ask(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video or a folder of pictures.")],
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUTPUT", help="The same kinds.", show_default="INPUT_fps_x2, INPUT_60fps or INPUT_slow4 beside it"
        ),
    ] = None,
    factor: Annotated[
        str | None,
        _timing(
            "--factor",
            "-x",
            help="Multiply the frame rate by 2, 4, 5/2; the source's frames keep their times.",
            show_default=str(FACTOR),
        ),
    ] = None,
    fps: Annotated[str | None, _timing(help="This rate exactly: 60, 60000/1001, 59.94.")] = None,
    slow_motion: Annotated[str | None, _timing(help="Slow down 2, 4 times, at the source's rate.")] = None,
    model: Annotated[
        str, _motion("--model", "-m", help="auto, flow, sepconv, rife (see `models get`), or a file.")
    ] = RETIMING.model,
    quality: Annotated[Quality, _motion(help="Thoroughness of the search for motion.")] = RETIMING.quality,
    on_cut: Annotated[
        OnCut, _motion(help="Between shots: hold the last frame, show the nearest, or blend both.")
    ] = RETIMING.on_cut,
    cuts: Annotated[
        str,
        _motion(
            metavar="auto|none|FILE.csv", help="auto finds the cuts; none: all is one shot; or a scene list (CSV)."
        ),
    ] = FIND_CUTS,
    on_doubt: Annotated[
        OnDoubt, _motion(help="Where flow believes in no motion: blend both frames, hold the first, or its best.")
    ] = RETIMING.on_doubt,
    duplicates: Annotated[
        Duplicates,
        _motion(help="Repeated pictures (animation on twos, pulldown): keep, or retime: motion in their place."),
    ] = RETIMING.duplicates,
    audio: Annotated[SlowAudio, _timing(help="In slow motion: drop, or stretch and keep its pitch.")] = RETIMING.audio,
    *,
    restoring: options.Restoring,
) -> Asked:
    """Raise the frame rate, or slow a video down, with new frames along its motion; cuts stay cuts.

    The source's own frames are not touched; sound, subtitles and chapters keep their time. Slow motion leaves them out
    (but see --audio stretch).

    Example: vidrestore interpolate in.mp4 out.mp4 --fps 60

    Example: vidrestore interpolate films/ --output-dir smooth/ --name '{name}_60.mkv' --fps 60
    """
    timing, ending = timing_of(factor, fps, slow_motion)
    scenes = scenes_of(cuts, restoring.reading().start)
    retiming = Retiming(model, quality, on_cut, duplicates, audio, on_doubt)
    wish = Wish(timing=timing, retiming=retiming, scenes=scenes)
    wish.stages(settings=restoring.compute.settings())  # none looks at a file: of many, what is wrong is said once
    return Asked(source=source, target=target, wish=wish, ending=ending, restoring=restoring)


interpolate = runs(ask)
