"""vidrestore split-scenes: finds scenes and cuts a video at them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...errors import InputError, UsageError
from ...scenes.list import ListFormat
from .. import options, show
from ..errors import shows_errors
from ..groups import grouped
from ..progress import progress as shown

if TYPE_CHECKING:
    from ...frame.frame import Frame
    from ...metrics.report.cut_scores import Score
    from ...scenes.assign import Placed
    from ...scenes.split import Result
    from ...scenes.split_job import Job

Detector = Literal["adaptive", "content", "threshold"]
_detection, _files = options.panel("Detection"), options.panel("Files")


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How scenes are found, or where they are listed."""

    detector: Annotated[
        Detector,
        _detection(
            help="adaptive: hard cuts, and fades through an empty picture. content: hard cuts. threshold: fades."
        ),
    ] = "adaptive"
    threshold: Annotated[
        float | None, _detection(help="Of the detector's score.", show_default="adaptive 1.6, content 27, threshold 12")
    ] = None
    min_scene_len: Annotated[str, _detection(help="Shortest scene: 0.6, 00:00:00.6 or 15f.")] = "0"
    scenes: Annotated[Path | None, _detection(help="A scene list (CSV) to take instead of finding cuts.")] = None
    by_time: Annotated[
        bool,
        _detection(
            "--by-time", help="Go by the list's times: PySceneDetect guesses frame numbers where the rate varies."
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class Files:
    """What is written beside the clips."""

    csv: Annotated[Path | None, _files(help="The list of scenes.")] = None
    form: Annotated[
        ListFormat,
        _files("--format", help="Of the list. scenedetect: PySceneDetect's columns. pairs: first and last frame."),
    ] = "scenedetect"
    stats: Annotated[Path | None, _files(help="CSV of every frame's score.")] = None
    plot: Annotated[Path | None, _files(help="PNG of the score over time, with the cuts.")] = None

    def write(self, result: "Result", scores: "list[Score]", detection: Detection, *, overwrite: bool) -> None:
        """What was found, in the files asked for."""
        from ...base.files import write_whole
        from ...metrics.report.cut_scores import panel, table
        from ...metrics.report.plot import draw
        from ...scenes.list import scene_list

        scenes = [clip.scene for clip in result.clips]
        if self.csv:
            write_whole(self.csv, scene_list(scenes, form=self.form).encode(), overwrite=overwrite)
        if self.stats:
            write_whole(self.stats, table(scores, detector=detection.detector).encode(), overwrite=overwrite)
        if self.plot:
            chart = panel(scores, detector=detection.detector, threshold=detection.threshold)
            write_whole(self.plot, draw([chart]), overwrite=overwrite)


@shows_errors
@grouped
def split_scenes(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A video or a folder of pictures.")],
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Gets the clips.", show_default="INPUT_scenes beside it")
    ] = None,
    *,
    detection: Detection,
    list_only: Annotated[
        bool, typer.Option("--list-only", help="Write no clips; the list goes to --csv, else stdout.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy instead of encoding where a scene begins on a key frame.")
    ] = False,
    files: Files,
    overwrite: options.Overwrite = False,
    rate: options.Rate = None,
    decoding: options.Decoding,
    encoder: options.Encoder,
    shell: options.Shell,
) -> None:
    """Find the scenes of a video, list them, and cut it exactly there into clips with their sound.

    A list can be edited by hand, scenes dropped from it, and given back with --scenes.

    Example: vidrestore split-scenes film.mp4 clips --csv film.csv
    """
    from ...base.files import check_there
    from ...metrics.report.cut_scores import collect_scores
    from ...scenes.assign import by_cuts, by_list, mismatches
    from ...scenes.detect import judge
    from ...scenes.list import read_scenes, scene_list
    from ...scenes.split_job import prepare
    from ...video.encode.destination import beside
    from ...video.facts.frame_count import frames_of

    shortest = options.moment("--min-scene-len", detection.min_scene_len) or 0
    listed = None if detection.scenes is None else read_scenes(detection.scenes)
    if listed is None and detection.by_time:
        raise UsageError("--by-time is about a list of scenes; give one with --scenes")
    if listed is not None and (files.stats or files.plot or detection.threshold is not None or shortest):
        raise UsageError("--scenes detects nothing; leave out --stats, --plot, --threshold and --min-scene-len")
    target = None if list_only else folder or beside(source, "scenes").with_suffix("")
    options.check_outputs(source, texts=(files.csv, files.stats), plot=files.plot, result=target, overwrite=overwrite)
    check_there(source)
    encoding = encoder.encoding()
    find = partial(judge, detector=detection.detector, threshold=detection.threshold, min_length=shortest)
    find(())  # raises what is wrong with them
    reading = decoding.reading(rate=rate)
    job = prepare(source, target, reading=reading, encoding=encoding, copy=copy, overwrite=overwrite)
    scores: list[Score] = []

    def place(frames: "Iterable[Frame]") -> "Iterator[Placed]":
        if listed is not None:
            return by_list(frames, listed, by_time=detection.by_time)
        return by_cuts(collect_scores(find(frames), into=scores))

    from ...scenes.split import split  # torch, which refusals need not load

    with shown(shell.progress, total=frames_of(job.info), quiet=shell.quiet) as meter:
        result = split(job, place, on_frame=meter.tick)
    if listed is not None:
        met = {clip.number - 1: clip.scene for clip in result.clips}
        result.warnings += mismatches(listed, met, frames=result.frames, began=result.start, by_time=detection.by_time)
    files.write(result, scores, detection, overwrite=overwrite)
    facts = _facts(job, result, None if listed else detection.detector)
    if shell.as_json:
        print(json.dumps(facts))
    elif list_only and files.csv is None:
        print(scene_list([clip.scene for clip in result.clips], form=files.form), end="")
    if not shell.quiet:
        _say(facts, as_json=shell.as_json, verbose=shell.verbose)
    if result.truncated:
        raise typer.Exit(InputError.exit_code)


def _facts(job: "Job", result: "Result", detector: str | None) -> dict[str, Any]:
    """The report, as --json prints it. Frames count from 1, as in the list and in the names of extracted pictures."""
    scenes = [clip.scene for clip in result.clips]
    return {
        "input": str(job.info.path),
        "output": None if job.folder is None else str(job.folder),
        "detector": detector,
        **dict.fromkeys(("model", "engine", "device", "precision"), ""),  # no network runs here
        "frames_in": result.frames,
        "frames_out": sum(scene.frames for scene in scenes),
        "width": job.info.width,
        "height": job.info.height,
        "duration_in": float(result.end - result.start),
        "duration_out": sum(float(end - start) for start, end in (scene.times for scene in scenes)),
        "seconds": result.seconds,
        "fps": result.frames / result.seconds,
        "stages": {"split": result.seconds},
        "cuts": len(scenes) - 1,
        "codec": "" if job.target is None else job.target.codec,
        "damaged": result.damaged,
        "repaired": result.repaired,
        "truncated": result.truncated,
        "scenes": [
            {
                "scene": clip.number,
                "start_frame": clip.scene.first + 1,
                "end_frame": clip.scene.last + 1,
                "frames": clip.scene.frames,
                "start": float(clip.scene.times[0]),
                "end": float(clip.scene.times[1]),
                "path": None if clip.path is None else str(clip.path),
                "copied": clip.copied,
            }
            for clip in result.clips
        ],
        "warnings": result.warnings,
    }


def _say(facts: dict[str, Any], *, as_json: bool, verbose: bool) -> None:
    for warning in facts["warnings"]:
        show.say(f"note: {warning}")
    if as_json:
        return
    scenes = facts["scenes"]
    how = f"found by {facts['detector']}" if facts["detector"] else "of the list"
    where = "" if facts["output"] is None else f"; clips in {facts['output']}"
    show.say(
        f"{facts['input']}: {len(scenes)} scenes {how}, {facts['frames_out']} frames, "
        f"{facts['duration_out']:.3f} s{where}; {facts['fps']:.1f} fps"
    )
    if verbose:
        for scene in scenes:
            copied = ", copied" if scene["copied"] else ""
            show.say(
                f"  {scene['scene']:4}  {scene['start_frame']:8} to {scene['end_frame']:8}  "
                f"{scene['start']:10.3f} s to {scene['end']:10.3f} s{copied}"
            )
