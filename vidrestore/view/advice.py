"""advise(): what would help a file, and the commands that do it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np

from ..api.wish import quality_of
from ..video.container import open_container, stream_at
from ..video.facts.glances import glances
from ..video.facts.info import VideoInfo
from ..video.facts.quality import SourceQuality
from ..video.facts.repeats import share_of_repeats
from ..video.filters.interlacing import TELECINED, look_at
from ..video.time.timeline import packets
from .words import command_line

MOST = 3
"""Pieces of advice."""
LARGEST = 1 << 25
"""Pixels of a frame beyond which none is decoded only to advise: what 8K video has."""
SMALL, TINY = 720, 288
"""Rows or columns, whichever are fewer, below which a screen enlarges a picture anyway; and by how much."""
LINES = (480, 484, 486, 576)
"""Rows of video that may be interlaced without being flagged so: old tapes."""
COMBED = 0.1
"""Share of frames that must look interlaced."""
REPEATED = (0.15, 0.8)
"""Share of moving pictures that only repeat: 1 of 5 in pulldown, 1 of 2 on twos, 3 of 4 on fours; beyond it stands."""
RATES = (24, 25, 30, 50, 60)
FRAMES, PACKETS = 72, 250
UNEVEN = 0.1
"""Share by which a frame's duration may differ from the middle one, and share of frames that may do so."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that would help."""

    reason: str
    command: str
    """What follows `vidrestore`, and the words after the file's name."""
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advised:
    """What a file was found to be, and what would help it."""

    quality: SourceQuality | None
    advice: tuple[Advice, ...]
    """The most important first, and of several the last does all of it in one pass."""

    def commands(self, info: VideoInfo) -> list[str]:
        """To be pasted into a shell; the results get names beside the file."""
        return [command_line(each.command, info.path, each.words) for each in self.advice]


def advise(info: VideoInfo) -> Advised:
    """Look at some frames and packets of a file.

    Raises:
        InputError: it is damaged.
    """
    if info.width * info.height > LARGEST:
        return Advised(None, ())
    quality = quality_of(info.path, follow_references=info.follow_references)
    video = info.kind == "video"
    interlaced = _interlaced(info) if video else ""
    first = ("--deinterlace", "auto") if interlaced else ()
    rate = _even_rate(info) if video else None
    found: list[Advice] = []
    if interlaced and (quality is None or quality.kind == "clean"):
        found.append(Advice(interlaced, "clean", ("--strength", "0", *first)))
    if quality is not None and quality.kind != "clean":
        found.append(Advice(", ".join(filter(None, (interlaced, _damage(quality)))), "clean", first))
    if (side := min(info.width, info.height)) < SMALL:
        scale = "4" if side <= TINY else "2"
        found.append(Advice(f"small, {info.width}x{info.height}", "upscale", ("-s", scale, *first)))
    if rate is not None:
        found.append(Advice("frames last unevenly", "interpolate", ("--fps", str(rate), *first)))
    elif video and not interlaced and REPEATED[0] <= (share := _repeats(info)) <= REPEATED[1]:
        said = f"{share:.0%} of the moving pictures only repeat the one before"
        found.append(Advice(said, "interpolate", ("-x", "2", "--duplicates", "retime")))
    return Advised(quality, tuple(_few(found, first)))


def _few(found: list[Advice], first: tuple[str, ...]) -> list[Advice]:
    """At most MOST, the last of them everything in one pass where that can be said."""
    together: list[str] = []
    for each in found:
        if "retime" in each.words or "--strength" in each.words:
            return found[:MOST]
        together += ["--clean"] if each.command == "clean" else each.words[: len(each.words) - len(first)]
    if len(found) < 2:
        return found
    return [*found[: MOST - 1], Advice("all of it in one pass", "restore", (*together, *first))]


def _damage(quality: SourceQuality) -> str:
    parts = []
    if "compressed" in quality.kind:
        parts.append(f"compressed ({quality.compression:.2f} of 0 to 1)")
    if "noisy" in quality.kind:
        parts.append(f"noisy (standard deviation {quality.noise:.1f} of 255)")
    return " and ".join(parts)


def _interlaced(info: VideoInfo) -> str:
    """What is to be said of fields; empty where there are none."""
    if not info.interlaced and info.height not in LINES:
        return ""
    look = look_at(info)
    if look.telecined and TELECINED[0] < info.rate < TELECINED[1]:
        return "film telecined to video"
    flags_lie = look.progressive > 10 * look.combed
    combed = look.combed > COMBED * look.frames
    return "interlaced" if (look.flagged and not flags_lie) or combed else ""


def _repeats(info: VideoInfo) -> float:
    """The share of repeats in the middle of a video; of one that is short in all of it."""
    short = info.duration is None or info.duration * info.rate < 2 * FRAMES
    looks = islice(glances(info, places=1 if short else 2, at_once=FRAMES, first=0 if short else 1), 1)
    return max((share_of_repeats(look.lumas(), info.rate) for look in looks), default=0.0)


def _even_rate(info: VideoInfo) -> int | None:
    """A rate for a video whose frames last unevenly; None where they do not."""
    ticks = np.diff(np.sort(np.fromiter(_times(info), np.int64)))
    ticks = ticks[ticks > 0]
    if len(ticks) < 10:
        return None
    middle = float(np.median(ticks))
    slack = max(UNEVEN * middle, 1.5, float(Fraction(3, 2000) / info.time_base))
    if float(np.mean(np.abs(ticks.astype(np.float64) - middle) > slack)) <= UNEVEN:
        return None
    usual = 1 / (middle * float(info.time_base))
    return next((rate for rate in RATES if usual <= 1.1 * rate), RATES[-1])


def _times(info: VideoInfo) -> Iterator[int]:
    with open_container(info.path, follow_references=info.follow_references) as container:
        stream = stream_at(container, info.stream_index)
        for packet in islice(packets(container, stream), PACKETS):
            if packet.pts is not None:
                yield packet.pts
