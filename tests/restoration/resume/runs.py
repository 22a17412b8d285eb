"""Steps that are interrupted, runs of them, and what is compared afterwards."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.restoration.made import Made, instead
from tests.restoration.made import made as made_stage
from vidrestore.base.settings import Deblurring, Encoding, Reading, Retiming, Settings
from vidrestore.frame.frame import Frame
from vidrestore.restoration.deblurring.stage import deblur
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor, ToRate
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.report import Report
from vidrestore.restoration.stage import Skip, Stage
from vidrestore.restoration.upscale import upscale

SETTINGS = Settings(engine="torch", precision="fp32", device="cpu")

FFV1 = Encoding(codec="ffv1")

PIECE = 5


def stopping(stage: Stage, at: int | None) -> Stage:
    """The stage, interrupted before frame `at` of its result."""

    def some(frames: Iterable[Frame], skip: Skip) -> Iterator[Frame]:
        for number, frame in enumerate(stage.load().run(frames, skip)):
            if number == at:
                raise KeyboardInterrupt
            yield frame

    return instead(stage, some)


def identity(seen: list[int] | None = None) -> Made:
    """Nothing is changed; `seen` gets the numbers of the frames that a network would have seen."""

    def same(frames: Iterable[Frame], skip: Skip) -> Iterator[Frame]:
        for number, frame in enumerate(frames):
            if not skip.covers(number, frame) and seen is not None:
                seen.append(number)
            yield frame

    return made_stage("identity", same)


def made(source: Path, target: Path, stage: Stage, encoding: Encoding = FFV1, *, resume: bool = True) -> Report:
    return restore(prepare(source, target, (stage,), reading=Reading(), encoding=encoding, resume=resume))


def made_in_parts(
    source: Path, target: Path, stage: Stage, encoding: Encoding = FFV1, *, at: tuple[int, ...]
) -> Report:
    for stop in at:
        with pytest.raises(KeyboardInterrupt):
            made(source, target, stopping(stage, stop), encoding)
        assert not target.exists()
    return made(source, target, stage, encoding)


def stream(path: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Of the pictures and of all other packets: track, times, key, content."""
    with av.open(str(path)) as container:
        found = [
            (p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in container.demux() if p.size
        ]
        video = container.streams.video[0].index
    return [p for p in found if p[0] == video], sorted(p for p in found if p[0] != video)


def after_the_first(video: list[tuple[object, ...]], others: list[tuple[object, ...]]) -> list[int]:
    """When pictures are shown, from when the first is; and when the sound begins."""
    first = min(p[1] for p in video)
    return sorted(p[1] - first for p in video) + [p[1] - first for p in others[:1]]


def decodes_in_order(video: list[tuple[object, ...]]) -> bool:
    """Each packet before it is shown and after the one before; Matroska does not store when."""
    times = [(p[2], p[1]) for p in video if p[2] is not None]
    return all(dts <= pts for dts, pts in times) and all(one[0] < other[0] for one, other in pairwise(times))


def pictures(path: Path) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def steps() -> dict[str, Callable[[], Stage]]:
    return {
        "one frame": lambda: upscale("espcn-x2", scale=2, settings=SETTINGS),
        "five frames": lambda: upscale("aligned-x2", scale=2, settings=SETTINGS),
        "five of one": lambda: upscale("espcn-x2+aligned-x2", scale=4, settings=SETTINGS),
        "one of five": lambda: upscale("aligned-x2+espcn-x2", scale=4, settings=SETTINGS),
        "deblur": lambda: deblur(Deblurring(), settings=SETTINGS),
        "only blurred": lambda: deblur(Deblurring(only_blurred=0.3), settings=SETTINGS),
        "wiener": lambda: deblur(Deblurring("wiener", psf="disk:2"), settings=SETTINGS),
        "x5/2": lambda: interpolate(ByFactor(Fraction(5, 2)), Retiming(quality="fast"), settings=SETTINGS),
        "60 fps": lambda: interpolate(ToRate(Fraction(60)), Retiming(quality="fast"), settings=SETTINGS),
        "x3": lambda: interpolate(ByFactor(Fraction(3)), Retiming(), settings=SETTINGS),
    }
