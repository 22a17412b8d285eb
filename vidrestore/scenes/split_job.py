"""The job of splitting a source into clips, checked before anything heavy is loaded."""

import os
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

from ..base.names import check_name
from ..base.settings import Encoding, Reading
from ..errors import UsageError
from ..video.codecs import CONTAINERS
from ..video.encode.target import Target
from ..video.facts.info import VideoInfo
from ..video.facts.probe import probe
from ..video.filters.interlacing import as_read
from ..video.plan import plan
from ..video.resume.unfinished import NOT_KEPT, check_same


@dataclass(frozen=True, slots=True)
class Job:
    """A source and where its clips go: checked, and nothing done yet."""

    info: VideoInfo
    reading: Reading
    folder: Path | None = None
    """None: the scenes are found, and nothing is written."""
    target: Target | None = None
    """How each clip is written, whatever its name."""
    copy: bool = False
    overwrite: bool = False


def prepare(
    source: Path,
    folder: Path | None,
    *,
    reading: Reading,
    encoding: Encoding,
    copy: bool = False,
    overwrite: bool = False,
) -> Job:
    """Probe the source, and check the folder and the encoder.

    Raises:
        InputError, UsageError: as `probe`, `plan` and `check_same` do; clips of an earlier run; pictures are to be
            copied.
    """
    info = probe(source, rate=reading.rate, follow_references=reading.follow_references)
    if folder is not None and copy and (info.kind == "pictures" or reading.deinterlace != "off"):
        raise UsageError("--copy takes a video's packets as they are; leave it out for pictures and with --deinterlace")
    info = as_read(info, reading)
    if folder is None:
        return Job(info, reading)
    check_name(folder)
    if not folder.absolute().parent.is_dir():
        raise UsageError(f"{folder}: there is no folder {folder.absolute().parent}; create it first")
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder for the clips")
    check_same(folder, NOT_KEPT)
    if not overwrite and (old := clips_there(info, folder)):
        raise UsageError(f"{old[0]} exists; use -y to overwrite it")
    target = plan(info, folder.resolve().parent / clip_name(info, 0), encoding, overwrite=True)
    # Chapters are the whole film's.
    return Job(info, reading, folder, replace(target, chapters=False), copy, overwrite)


def clips_there(info: VideoInfo, folder: Path) -> list[Path]:
    """What is in `folder` under the names of clips of this source."""
    return sorted(folder.glob(escape(clip_name(info, 0)).replace("-Scene-001", "-Scene-[0-9]*")))


def clip_name(info: VideoInfo, number: int) -> str:
    """Of a clip: as PySceneDetect names them, of the source's kind where that can be written; a folder of pictures."""
    if info.kind == "pictures":
        return f"{info.path.absolute().name.replace('.', '_')}-Scene-{number + 1:03}"
    suffix = info.path.suffix if info.path.suffix.lower() in CONTAINERS else ".mkv"
    return f"{info.path.stem}-Scene-{number + 1:03}{suffix}"
