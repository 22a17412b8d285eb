"""The command line: the only place that prints or exits. Heavy imports live inside the commands: --help is instant."""

import typer

from . import evaluate, info, models, train, upscale

app = typer.Typer(
    help="Restore video: enlarge it, and measure what was gained. Every frame, time stamp, colour and track is kept.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("upscale")(upscale.upscale)
app.command("info")(info.info)
app.add_typer(models.app, name="models")
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)


@app.callback()
def _root() -> None:
    pass


def main() -> None:
    """The entry point of `vidrestore`."""
    app()
