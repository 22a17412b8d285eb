"""vidrestore preview: before and after of some moments, side by side."""

import json
import shlex
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....base import stop
from ....errors import UsageError
from ....view.preview.amounts import clock, megabytes
from ... import options, show
from ...errors import shows_errors
from ...groups import grouped, names_of
from ..restore import Steps
from .settings import command_of, setting_of, words_given

if TYPE_CHECKING:
    from ....video.facts.info import VideoInfo
    from ....view.preview.moments import Moment
    from ....view.preview.preview import Preview
    from ....view.preview.setting import Setting

_preview = options.panel("Preview")


@shows_errors
@grouped
def preview(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, a folder of pictures, or a picture.")],
    *,
    at: Annotated[
        list[str] | None,
        _preview(help="A moment: 12.5, 00:00:12.5 or 300f.", show_default="most motion, most detail, darkest"),
    ] = None,
    compare: Annotated[
        list[str] | None,
        _preview(
            metavar="OPTIONS",
            help="A setting beside the others: 'upscale -m espcn', 'clean upscale', '--clean -s 4'.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        _preview(help="An HTML page, or a picture (.png).", show_default="INPUT_preview.html beside it"),
    ] = None,
    show_it: Annotated[bool, _preview("--open", help="Show the page in the browser.")] = False,
    steps: Steps,
    rate: options.Rate = None,
    decoding: options.Decoding,
    encoder: options.Encoder,
    compute: options.Compute,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Show some moments before and after, with several settings, and how long the whole would take.

    The options are those of restore; without any, what info advises is tried. Nothing but the page is written.

    Example: vidrestore preview in.mp4 --scale 2 --open

    Example: vidrestore preview in.mp4 --compare "upscale -m espcn" --compare "clean upscale" --output preview.html
    """
    from ....base.files import check_there, write_whole
    from ....video.facts.probe import probe

    check_there(source)
    output = _checked(output or source.with_name(f"{source.stem}_preview.html"), source, overwrite=overwrite)
    reading = decoding.reading(rate=rate)
    info = probe(source, rate=reading.rate, follow_references=reading.follow_references)
    moments = [_seconds(each, info) for each in at or []]
    everywhere = words_given(context, ["rate", *names_of(options.Decoding, options.Encoder, options.Compute)])
    settings = _settings(info, words_given(context, names_of(Steps)), compare or [], everywhere)

    from ....engine import keep_memory  # torch, which refusals need not load
    from ....view.preview.preview import preview as previewed

    keep_memory()

    def tell(setting: "Setting", moment: "Moment") -> None:
        stop.check()
        if not quiet:
            show.say(f"{setting.name}: {float(moment.time):.2f} s")

    made = previewed(info, settings, at=moments, tell=tell)
    data = made.png() if _is_picture(output) else made.html().encode()
    write_whole(output, data, overwrite=overwrite)
    if as_json:
        print(json.dumps(_facts(made, output)))
    elif not quiet:
        _say(made, output)
    if show_it:
        import webbrowser

        webbrowser.open(output.resolve().as_uri())


def _is_picture(output: Path) -> bool:
    return output.suffix.lower() == ".png"


def _checked(output: Path, source: Path, *, overwrite: bool) -> Path:
    """UsageError: it is no name of a page or a picture that may be written."""
    if output.suffix.lower() not in (".html", ".htm", ".png"):
        raise UsageError(f"{output} would be a page or a picture; call it {output.stem}.html or {output.stem}.png")
    pages, picture = ([], output) if _is_picture(output) else ([output], None)
    options.check_outputs(source, texts=pages, plot=picture, overwrite=overwrite)
    return output


def _seconds(text: str, info: "VideoInfo") -> Fraction:
    found = options.moment("--at", text)
    seconds = found / info.rate if isinstance(found, int) else found or Fraction(0)
    if info.duration is not None and seconds >= info.duration:
        raise UsageError(f"--at {text} is beyond the end of {info.path}; it lasts {float(info.duration):.3f} s")
    return seconds


def _settings(info: "VideoInfo", own: list[str], compare: list[str], everywhere: list[str]) -> "list[Setting]":
    """What is tried: what is asked for, else what is advised, else what enlarges."""
    found = [("restore", shlex.join(["restore", *own]), own)] if own else []
    found += [(command, text, words) for text in compare for command, words in [command_of(text)]]
    if not found:
        from ....view.advice import advise

        advised = advise(info).advice
        found = [(each.command, shlex.join([each.command, *each.words]), list(each.words)) for each in advised]
    if not found:
        found = [("upscale", "upscale", [])]
    return [setting_of(name, command, [*everywhere, *words], info.path) for command, name, words in found]


def _facts(made: "Preview", output: Path) -> dict[str, object]:
    """What --json gives."""
    return {
        "input": str(made.info.path),
        "output": str(output),
        "moments": [{"time": float(each.time), "why": each.why} for each in made.moments],
        "settings": [
            {
                "name": each.setting.name,
                "command": each.setting.command,
                "model": each.model,
                "width": each.width,
                "height": each.height,
                **asdict(each.forecast),
                "warnings": each.warnings,
            }
            for each in made.tried
        ],
    }


def _say(made: "Preview", output: Path) -> None:
    for each in made.tried:
        forecast = each.forecast
        time = "" if forecast.seconds is None else f", about {clock(forecast.seconds)}"
        size = "" if forecast.size is None else f", about {megabytes(forecast.size)}"
        show.say(f"{each.setting.name}: {each.width}x{each.height}, {each.model}{time}{size}")
        show.say(f"  {each.setting.command}")
    show.say(f"{output}: {len(made.moments)} moments, {len(made.tried)} settings")
