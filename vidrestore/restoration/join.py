"""join: a folder of pictures as a video, with the sound and the form of the video they were taken from."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ..base.settings import Encoding, Reading
from ..errors import UsageError
from ..video.container import is_cover, open_container
from ..video.encode.destination import kind_of
from ..video.encode.formats import layout, pixel_format
from ..video.encode.target import Beside
from ..video.facts.info import VideoInfo
from ..video.facts.probe import probe
from ..video.pictures.turn import size_after, turn_of
from ..video.plan import encoder_for, plan
from ..video.time.timeline import last_picture
from .job import Job

OUTLASTS = Fraction(1, 2)
"""Seconds by which a file may go on after the last picture and comes whole without a closer look."""


def prepare(
    folder: Path,
    path: Path,
    *,
    encoding: Encoding,
    rate: Fraction | None = None,
    times: Path | None = None,
    beside: Path | None = None,
    overwrite: bool = False,
    follow_references: bool = False,
) -> Job:
    """Look at the pictures, at the file whose tracks go beside them, and check the target; for `pipeline.restore`.

    Where `beside` holds pictures of the same shape, the video takes its colour, pixel format, pixel shape and HDR
    metadata; an encoder without loss that can hold RGB keeps the pictures' own samples. Else RGB becomes BT.709.

    Args:
        rate: pictures per second; None: they are shown as `times` says, or the folder's own frames.csv, or at 25.
        beside: sound, subtitles, chapters, attachments and tags come from here. Where the pictures are a part of it
            only, as their frames.csv says, the same part of it.
        follow_references: `beside` may open the files that it names.

    Raises:
        InputError, UsageError: as `probe` and `plan` do.
    """
    if rate is not None and times is not None:
        raise UsageError(f"--rate {rate} and --times {times} both say when pictures are shown; give one of the two")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; join-frames takes a folder of pictures")
    if kind_of(path) != "video":
        raise UsageError(f"{path} is no name for a video; call it {path.stem}.mp4 or the like")
    info = probe(folder, rate=rate, times=times)
    other = None if beside is None else _look(beside, follow_references=follow_references)
    form, notes = (info, []) if other is None else _form(info, other, path, encoding)
    tracks = None if other is None else _placed(info, other, notes)
    target = plan(form, path, encoding, overwrite=overwrite, beside=tracks)
    return Job(info, Reading(), (), replace(target, notes=(*target.notes, *notes)))


@dataclass(frozen=True, slots=True)
class _Other:
    """A file that goes beside the pictures."""

    path: Path
    start: Fraction
    """Seconds on its clock that are its beginning."""
    duration: Fraction | None
    """Seconds; of its pictures where it has any."""
    sound: bool
    video: VideoInfo | None
    """None: it has no pictures."""
    follow_references: bool


def _look(path: Path, *, follow_references: bool) -> _Other:
    with open_container(path, follow_references=follow_references) as container:
        sound = bool(container.streams.audio)
        films = [stream for stream in container.streams.video if not is_cover(stream)]
        start = Fraction(container.start_time or 0, 1_000_000)
        duration = Fraction(container.duration, 1_000_000) if container.duration else None
    if not films:
        return _Other(path, start, duration, sound, None, follow_references)
    video = probe(path, follow_references=follow_references)
    return _Other(path, video.start, video.duration, sound, video, follow_references)


def _placed(info: VideoInfo, other: _Other, notes: list[str]) -> Beside:
    """How the file's time and that of the pictures meet; what should be known about it is added to `notes`."""
    end = info.pictures[-1].pts + info.pictures[-1].duration
    length = None
    if not other.sound:
        notes.append(f"{other.path} has no sound")
    if _goes_on(other, info.source_offset + end):
        length = end
        notes.append(f"what is taken from {other.path} stops with the last picture, {float(end):.3f} s after its start")
    return Beside(
        other.path,
        zero=other.start + info.source_offset,
        trimmed=info.source_offset > 0,
        length=length,
        follow_references=other.follow_references,
        stream_index=None if other.video is None else other.video.stream_index,
    )


def _goes_on(other: _Other, end: Fraction) -> bool:
    """Whether the file has more to show, or to be heard where it has no pictures, from `end` on, in its own seconds."""
    if other.duration is None or other.duration <= end + OUTLASTS:
        return False
    if other.video is None:
        return True
    last = last_picture(other.path, other.video.stream_index, follow_references=other.follow_references)
    return last is not None and last - other.start >= end


def _form(info: VideoInfo, other: _Other, path: Path, encoding: Encoding) -> tuple[VideoInfo, list[str]]:
    """The pictures as the video they were taken from would be described, and what to say about it."""
    video = other.video
    if video is None:
        return info, []
    turn = turn_of(video.display_matrix)
    width, height = size_after(turn, video.width, video.height)
    # Enlarged pictures may differ by one repeated row or column.
    if abs(info.width * height - info.height * width) > 2 * (width + height):
        return info, [f"{other.path} is {width}x{height}, of another shape: its colour is not taken"]
    ratio = video.sample_aspect_ratio
    form = replace(
        info,
        colour=replace(video.colour, depth=info.colour.depth),
        sample_aspect_ratio=1 / ratio if ratio and turn[1] else ratio,
        hdr10=video.hdr10,
    )
    chosen = layout(pixel_format(encoder_for(info, path, encoding), info.pix_fmt, encoding))
    if chosen is not None and chosen.rgb:
        return form, []
    colour = video.colour
    note = f"colour as in {other.path}: {colour.matrix}, {'full' if colour.full_range else 'video'} range"
    return replace(form, pix_fmt=video.pix_fmt, colour=colour), [note]
