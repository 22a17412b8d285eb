"""Settings in words: `upscale -m espcn`, `clean upscale` or `--clean -s 2` as the command that they mean."""

import shlex
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ....errors import UsageError
from ...asked import Asked
from ...errors import WrongWords
from ...groups import grouped
from .. import clean, deblur, interpolate, restore, upscale

if TYPE_CHECKING:
    from ....view.preview.setting import Setting

ASKS: dict[str, Callable[..., Asked]] = {
    "clean": clean.ask,
    "deblur": deblur.ask,
    "interpolate": interpolate.ask,
    "restore": restore.ask,
    "upscale": upscale.ask,
}
STEPS = {
    "clean": ("--clean", (), ""),
    "deblur": ("--deblur", (), ""),
    "interpolate": ("-x", ("-x", "--factor", "--fps"), "2"),
    "upscale": ("-s", ("-s", "--scale"), "2"),
}
"""What a step is called among those of restore: its option, the options that say it already, and its value."""


def words_given(context: typer.Context, names: Sequence[str]) -> list[str]:
    """The options of these parameters as they stand in the command line, in the parameters' order."""
    found: list[str] = []
    for param in context.command.params:
        source = context.get_parameter_source(param.name or "")
        if param.name not in names or source is None or source.name != "COMMANDLINE":
            continue
        value: Any = context.params[param.name]
        if value is True:
            found.append(param.opts[0])
        else:
            for each in value if isinstance(value, list | tuple) else (value,):
                found += [param.opts[0], str(each)]
    return found


def command_of(text: str) -> tuple[str, list[str]]:
    """The command that a setting means, and its options.

    Several steps are those of restore, in its own order; words that begin with a dash are options of restore.

    Raises:
        UsageError: there is no such step, or the quotes do not match.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--compare {text!r}: {error}; write it as in a shell") from None
    steps = [word for word in words if not word.startswith("-")][: _leading(words)]
    options = words[len(steps) :]
    for step in steps:
        if step not in ASKS or (len(steps) > 1 and step not in STEPS):
            known = ", ".join(STEPS)
            raise UsageError(f"--compare {text!r}: {step} is no step; write one or more of {known}, and options")
    if len(steps) == 1:
        return steps[0], options
    return "restore", [word for step in steps for word in _as_option(step, options)] + options


def _leading(words: Sequence[str]) -> int:
    return next((number for number, word in enumerate(words) if word.startswith("-")), len(words))


def _as_option(step: str, options: Sequence[str]) -> list[str]:
    name, others, value = STEPS[step]
    said = any(word.split("=")[0] in others for word in options)
    return [] if said else [name, value] if value else [name]


@cache
def _parser() -> Any:  # noqa: ANN401 - typer has no public name for it
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    for name, ask in ASKS.items():
        app.command(name, add_help_option=False)(grouped(ask))
    return typer.main.get_command(app)


def setting_of(name: str, command: str, words: Sequence[str], source: Path) -> "Setting":
    """A setting of a source; `name` is what it is called.

    Raises:
        UsageError: the words are not those of the command, or not of the settings of one file.
    """
    from ....view.preview.setting import Setting
    from ....view.words import command_line, path_word

    try:
        asked = _parser().main(args=[command, path_word(source), *words], prog_name="vidrestore", standalone_mode=False)
    except WrongWords as error:
        raise UsageError(f"{name}: {error.format_message()}; see vidrestore {command} --help") from None
    assert isinstance(asked, Asked)
    restoring = asked.restoring
    if asked.target is not None or restoring.many.output_dir is not None:
        raise UsageError(f"{name}: a preview is of one file and writes no result; leave out names of files")
    return Setting(
        name,
        command_line(command, source, words),
        asked.wish,
        restoring.compute.settings(),
        restoring.reading(),
        restoring.encoder.encoding(),
    )
