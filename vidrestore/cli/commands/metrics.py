"""vidrestore metrics: compares a result with its reference, frame by frame."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...base.settings import METRICS, WORST_SHOWN, Align, Comparing
from ...errors import InputError
from .. import options, show
from ..errors import shows_errors
from ..groups import grouped
from ..progress import progress as shown

if TYPE_CHECKING:
    from ...metrics.compare.results import Comparison

DEFAULTS = Comparing()
BELOW = 1
"""Exit code where a score is under --fail-under."""
FARTHEST = 10**9
"""Frames that --offset may be."""
_files = options.panel("Files")


@dataclass(frozen=True, kw_only=True)
class Files:
    """What is written of the scores."""

    csv: Annotated[Path | None, _files(help="Scores of every frame.")] = None
    plot: Annotated[Path | None, _files(help="PNG of the scores over time.")] = None
    report: Annotated[Path | None, _files(help="HTML page: tables, charts, the worst frames to wipe.")] = None
    diff: Annotated[Path | None, _files(help="Folder for amplified differences of the worst frames.")] = None

    def write(self, comparison: "Comparison", *, overwrite: bool) -> None:
        """A comparison, in the files asked for."""
        from ...base.files import write_whole
        from ...metrics.report.chart import panels
        from ...metrics.report.difference import write_differences
        from ...metrics.report.html_page import html_report
        from ...metrics.report.plot import draw
        from ...metrics.report.tables import as_csv

        if self.diff:  # first: of the others, which are small, none is without the rest where a stop comes (stop.py)
            write_differences(comparison, self.diff, overwrite=overwrite)
        if self.csv:
            write_whole(self.csv, as_csv(comparison).encode(), overwrite=overwrite)
        if self.plot:
            write_whole(self.plot, draw(panels(comparison)), overwrite=overwrite)
        if self.report:
            write_whole(self.report, html_report(comparison).encode(), overwrite=overwrite)


@shows_errors
@grouped
def metrics(
    reference: Annotated[Path, typer.Argument(metavar="REF", help="A video, a folder of pictures, or a picture.")],
    distorted: Annotated[Path, typer.Argument(metavar="DIST", help="What is compared with it.")],
    *,
    metric: Annotated[
        str,
        typer.Option(
            help=f"Any of {','.join(METRICS)}, or all that the size allows; the first names the worst frames."
        ),
    ] = ",".join(DEFAULTS.metrics),
    border: Annotated[int, typer.Option(min=0, help="Pixels left out on each side.")] = DEFAULTS.border,
    align: Annotated[
        Align, typer.Option(help="pts: times must agree. none: count frames. auto: look for an offset.")
    ] = DEFAULTS.align,
    offset: Annotated[
        int | None,
        typer.Option(min=-FARTHEST, max=FARTHEST, help="REF's frame N is DIST's first; below 0 the other way round."),
    ] = DEFAULTS.offset,
    scenes: Annotated[
        Path | None, typer.Option(help="Scene list (CSV of split-scenes or PySceneDetect): scores of each.")
    ] = None,
    fail_under: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="psnr=35, psnr.min=30 or psnr.p5=32: else exit with 1.")
    ] = None,
    files: Files,
    follow_references: options.FollowReferences = options.READING.follow_references,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
    progress: options.Progress = "auto",
    quiet: options.Quiet = False,
) -> None:
    """Measure how close DIST is to REF; exit code 1 where it is under --fail-under.

    All on the scale of 8-bit codes. psnr, ssim, ms_ssim, l1, mse are of RGB.
    psnr_y and ssim_y are of luma in 16..235: the decoded one where both are
    videos of the same matrix, range and depth, else MATLAB's rgb2ycbcr.
    ssim is Wang's (Gaussian 11x11, sigma 1.5, valid positions).
    flicker is the mean change of luma's error from frame to frame.
    niqe is of DIST alone. Where a frame has no error psnr is inf ("inf" in
    JSON); its mean is over the other frames, or inf where there are none.

    Example: vidrestore metrics original.mp4 restored.mp4 --report report.html
    """
    from ...base.files import check_there
    from ...metrics.compare.kinds import check_names
    from ...metrics.compare.threshold import Threshold, failures
    from ...scenes.list import read_scenes
    from ...video.facts.frame_count import frames_of

    thresholds = [Threshold.parse(text) for text in fail_under or []]
    names = METRICS if metric == "all" else tuple(metric.replace(" ", "").split(","))
    needed = tuple(threshold.metric for threshold in thresholds)
    names = tuple(dict.fromkeys((*names, *needed)))
    possible = frozenset(METRICS) - frozenset(needed) if metric == "all" else frozenset[str]()
    check_names(names)
    texts = files.csv, files.report
    options.check_outputs(reference, distorted, texts=texts, plot=files.plot, folder=files.diff, overwrite=overwrite)
    for path in (reference, distorted):
        check_there(path)
    listed = read_scenes(scenes) if scenes else ()

    from ...engine import keep_memory
    from ...metrics.compare.compare import compare  # torch, which refusals need not load
    from ...metrics.compare.side import Side
    from ...metrics.report.tables import as_dict

    keep_memory()
    total = frames_of(Side(reference, follow_references=follow_references).info)
    with shown(progress, total=total, quiet=quiet) as meter:
        comparison = compare(
            reference,
            distorted,
            comparing=Comparing(names, possible, border, align, offset, follow_references),
            scenes=listed,
            keep=WORST_SHOWN if files.report or files.diff else 0,
            on_frame=meter.tick,
        )
    files.write(comparison, overwrite=overwrite)
    failed = list(failures(comparison, thresholds))
    if as_json:
        print(json.dumps(as_dict(comparison) | {"failed": failed}, allow_nan=False))
    elif not quiet:
        _show(comparison)
    if not quiet:
        for line in (*(f"note: {warning}" for warning in comparison.warnings), *failed):
            show.say(line)
    if failed:
        raise typer.Exit(BELOW)
    if comparison.truncated:
        raise typer.Exit(InputError.exit_code)


def _show(comparison: "Comparison") -> None:
    """The tables, on stdout."""
    from ...metrics.report.tables import scene_table, summary_table

    tables = (summary_table(comparison), *([scene_table(comparison)] if comparison.scenes else []))
    show.tell_tables(
        *(show.table(header, rows) for header, *rows in tables),
        caption=f"{len(comparison.rows)} frames, {comparison.width}x{comparison.height}, offset {comparison.offset}, "
        f"luma from {comparison.luma}, border {comparison.border}, {len(comparison.rows) / comparison.seconds:.1f} fps",
    )
