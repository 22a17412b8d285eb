"""How --help looks: options in groups, without boxes, so that narrow terminals have room for sentences."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

WIDEST = 100
"""Columns of a text that is easy to read."""


class Command(TyperCommand):
    """A command whose options are shown in their groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer has no public name for them
        """Write the arguments and options."""
        _write_groups(self, ctx, formatter)


class Group(TyperGroup):
    """Commands, each shown with its first sentence."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the options, and the commands below them."""
        _write_groups(self, ctx, formatter)
        shown = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(limit=300)) for name, each in shown if each is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows, col_max=formatter.width // 3)


def _write_groups(command: TyperCommand | TyperGroup, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
    groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for param in command.get_params(ctx):
        if record := param.get_help_record(ctx):
            kind = "Arguments" if param.param_type_name == "argument" else "Options"
            groups.setdefault(getattr(param, "rich_help_panel", None) or kind, []).append(record)
    for title, rows in groups.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows, col_max=formatter.width // 3)
