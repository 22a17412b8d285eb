"""The program: all commands under one name."""

from typing import Annotated

import typer

from .. import __version__
from .commands.benchmark import app as benchmark
from .commands.clean import clean
from .commands.deblur import deblur
from .commands.evaluation.evaluate import evaluate
from .commands.extract_frames import extract_frames
from .commands.interpolate import interpolate
from .commands.join_frames import join_frames
from .commands.look.info import info
from .commands.look.preview import preview
from .commands.look.ui import ui
from .commands.metrics import metrics
from .commands.models import app as models
from .commands.restore import restore
from .commands.split_scenes import split_scenes
from .commands.train import train
from .commands.upscale import upscale
from .errors import Commands
from .help import WIDEST, Command

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    help="Restore video: clean it, raise its frame rate, undo its blur, enlarge it, and measure what was gained. "
    "Every frame, time stamp, colour and track is kept.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)
app.command("upscale", cls=Command)(upscale)
app.command("interpolate", cls=Command)(interpolate)
app.command("clean", cls=Command)(clean)
app.command("deblur", cls=Command)(deblur)
app.command("restore", cls=Command)(restore)
app.command("extract-frames", cls=Command)(extract_frames)
app.command("join-frames", cls=Command)(join_frames)
app.command("split-scenes", cls=Command)(split_scenes)
app.command("metrics", cls=Command)(metrics)
app.command("info", cls=Command)(info)
app.command("preview", cls=Command)(preview)
app.command("ui", cls=Command)(ui)
app.add_typer(models, name="models")
app.command("train", cls=Command)(train)
app.command("evaluate", cls=Command)(evaluate)
app.add_typer(benchmark, name="benchmark")


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"vidrestore {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
