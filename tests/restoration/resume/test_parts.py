"""A part of a result, made alone, is what it is in the whole."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from zlib import crc32

import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Cleaning, Encoding, Reading, Retiming
from vidrestore.frame.frame import Frame, Planes
from vidrestore.restoration.clean import clean
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor, ToRate, slow_motion
from vidrestore.restoration.job import Job, prepare
from vidrestore.restoration.pipeline import Clock
from vidrestore.restoration.resume.part import frames_from
from vidrestore.restoration.resume.times import result_times, source_times
from vidrestore.restoration.stage import Stage
from vidrestore.restoration.upscale import upscale
from vidrestore.scenes.list import Scene
from vidrestore.video.index import begin

from .runs import SETTINGS

X264 = {"preset": "veryfast", "x264-params": "open-gop=1:keyint=12:bframes=3:scenecut=0:b-adapt=0"}
SCENES = (Scene(0, 29), Scene(30, 70))
FAST = Retiming(quality="fast")
STAGES = {
    "none": lambda: (),
    "one frame": lambda: (upscale("espcn-x2", scale=2, settings=SETTINGS),),
    "five frames": lambda: (upscale("aligned-x2", scale=2, settings=SETTINGS),),
    "x2": lambda: (interpolate(ByFactor(Fraction(2)), FAST, settings=SETTINGS),),
    "x5/2, listed": lambda: (interpolate(ByFactor(Fraction(5, 2)), FAST, settings=SETTINGS, scenes=SCENES),),
    "60 fps": lambda: (interpolate(ToRate(Fraction(60)), FAST, settings=SETTINGS),),
    "slow": lambda: (interpolate(slow_motion(Fraction(3)), FAST, settings=SETTINGS),),
    "repeats": lambda: (
        interpolate(ToRate(Fraction(50)), Retiming(quality="fast", duplicates="retime"), settings=SETTINGS),
    ),
    "chain": lambda: (
        clean(Cleaning(strength=1.0), settings=SETTINGS),
        interpolate(ToRate(Fraction(48)), FAST, settings=SETTINGS),
        upscale("aligned-x2", scale=2, settings=SETTINGS),
    ),
}


QUICK = ("none", "one frame", "x2", "60 fps")


@pytest.fixture(autouse=True)
def _short_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "NEAR", Fraction(0))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Open GOPs, B-frames and a rate that varies."""
    pts = [3 * n + (n % 4 == 1) for n in range(100)]
    path = tmp_path_factory.mktemp("parts") / "in.mkv"
    return make_clip(path, frames=100, pts=pts, time_base=Fraction(1, 75), options=X264)


def job(source: Path, stages: tuple[Stage, ...], **asked: Fraction | int) -> Job:
    target = source.with_name("out.mkv")
    return prepare(source, target, stages, reading=Reading(**asked), encoding=Encoding("ffv1"), resume=True)  # type: ignore[arg-type]


def seen(frame: Frame) -> tuple[object, ...]:
    picture = frame.picture
    planes = (picture.y, picture.u, picture.v) if isinstance(picture, Planes) else picture
    return (
        frame.pts,
        frame.duration,
        frame.cut,
        [crc32(each.contiguous().numpy()) for each in planes if each is not None],
    )


def some(job: Job, first: int, count: int) -> Iterator[tuple[object, ...]]:
    loaded = [stage.load() for stage in job.stages]
    frames = frames_from(job, loaded, source_times(job), first, Clock())
    for _, frame in zip(range(count), frames, strict=False):
        yield seen(frame)
    frames.close()


@pytest.mark.parametrize("asked", [{}, {"start": Fraction(1, 2), "end": 90}], ids=["whole", "part"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in STAGES]
)
def test_a_part_is_what_it_is_in_the_whole(source: Path, name: str, asked: dict[str, Fraction | int]) -> None:
    work = job(source, STAGES[name](), **asked)
    whole = list(some(work, 0, 10**6))
    moments = result_times(work, source_times(work))
    assert len(moments) == len(whole)
    sure = len(whole) - 10  # those after the last frame of the source hang on how long that one lasts
    assert [moments.at(number) for number in range(sure)] == [each[0] for each in whole][:sure]
    for first in (1, 7, len(whole) // 2, len(whole) - 5):
        assert list(some(work, first, 12)) == whole[first : first + 12], first
    assert list(some(work, len(whole), 5)) == []
