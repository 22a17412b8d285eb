"""What workers make is to the bit what one run makes; whatever fails, nothing of it is lost."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import make_clip
from tests.restoration.resume.runs import SETTINGS, stopping
from vidrestore.base.settings import Cleaning, Deblurring, Encoding, Reading, Retiming
from vidrestore.errors import ResourceError
from vidrestore.restoration import pipeline
from vidrestore.restoration.clean import clean
from vidrestore.restoration.deblurring.stage import deblur
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor, ToRate
from vidrestore.restoration.job import Job, prepare
from vidrestore.restoration.resume.farm import kinds
from vidrestore.restoration.resume.farm import run as farm
from vidrestore.restoration.resume.farm.crew import Crew
from vidrestore.restoration.resume.farm.plan import Plan
from vidrestore.restoration.resume.farm.pool import Done, Failed
from vidrestore.restoration.stage import Stage
from vidrestore.restoration.upscale import upscale
from vidrestore.video.index import begin
from vidrestore.video.resume import pieces

from .here import Here

PIECE = 7
FAST = Retiming(quality="fast")
Steps = Callable[[], tuple[Stage, ...]]
STAGES: dict[str, Steps] = {
    "upscale": lambda: (upscale("espcn-x2", scale=2, settings=SETTINGS),),
    "interpolate": lambda: (interpolate(ByFactor(Fraction(2)), FAST, settings=SETTINGS),),
    "retimed": lambda: (
        interpolate(ToRate(Fraction(50)), Retiming(quality="fast", duplicates="retime"), settings=SETTINGS),
    ),
    "deblur": lambda: (deblur(Deblurring(only_blurred=0.3), settings=SETTINGS),),
    "restore": lambda: (
        clean(Cleaning(strength=1.0), settings=SETTINGS),
        interpolate(ToRate(Fraction(48)), FAST, settings=SETTINGS),
        upscale("aligned-x2", scale=2, settings=SETTINGS),
    ),
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FRAMES", PIECE)
    monkeypatch.setattr(begin, "NEAR", Fraction(0))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    options = {"preset": "veryfast", "x264-params": "open-gop=1:keyint=9:bframes=2:scenecut=0"}
    pts = [3 * n + (n % 4 == 1) for n in range(40)]
    return make_clip(
        tmp_path / "in.mkv", frames=40, pts=pts, time_base=Fraction(1, 75), size=(96, 64), audio=1, options=options
    )


def job(source: Path, name: str, stages: tuple[Stage, ...] = ()) -> Job:
    (source.parent / name).mkdir(exist_ok=True)
    target = source.parent / name / "out.mkv"
    return prepare(source, target, stages, reading=Reading(), encoding=Encoding(preset="ultrafast"), resume=True)


def content(work: Job) -> bytes:
    assert [path.name for path in work.target.path.parent.iterdir()] == ["out.mkv"], "nothing else is left"
    return work.target.path.read_bytes()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in ("deblur", "restore"))) for name in STAGES]
)
def test_the_bytes_are_those_of_one_run(source: Path, name: str) -> None:
    one, many = job(source, "one", STAGES[name]()), job(source, "many", STAGES[name]())
    expected = pipeline.restore(one, measure=True)
    told: list[int] = []
    found = farm.restore(many, Crew(Here(3)), tell=lambda frames, _: told.append(frames), measure=True)
    assert content(many) == content(one)
    assert (found.workers, found.resumed, expected.workers) == (3, 0, 0)
    assert told[-1] == found.frames_out
    assert found.confidence == expected.confidence
    for fact in ("frames_in", "frames_out", "cuts", "duration_in", "duration_out", "engine", "blur", "warnings"):
        assert getattr(found, fact) == getattr(expected, fact), fact


def test_a_piece_that_fails_is_made_by_another(source: Path) -> None:
    def harm(worker: int, number: int, _: int) -> None:
        if number == 3 and worker != 2:
            raise ResourceError("out of memory there")

    one, many = job(source, "one"), job(source, "many")
    pipeline.restore(one)
    pool = Here(3, harm)
    farm.restore(many, Crew(pool))
    assert content(many) == content(one)
    assert len({worker for worker, number in pool.given if number == 3}) == len(pool.given) - 5 <= 3


def test_three_failures_end_the_run_and_the_same_command_goes_on(source: Path) -> None:
    def harm(_: int, number: int, __: int) -> None:
        if number == 3:
            raise ResourceError("out of memory there")

    one, many = job(source, "one"), job(source, "many")
    pipeline.restore(one)
    with pytest.raises(ResourceError, match=r"out of memory there \(piece 3 has failed 3 times"):
        farm.restore(many, Crew(Here(2, harm)))
    kept = many.kept
    assert 0 < kept < 40 and not many.target.path.exists()
    pool = Here(2)
    report = farm.restore(many, Crew(pool))
    assert report.resumed == kept
    assert len(pool.given) == 6 - -(-kept // PIECE)
    assert content(many) == content(one)


def test_a_stopped_driver_goes_on_with_or_without_workers(source: Path) -> None:
    def stop(_: int, __: int, given: int) -> None:
        if given == 4:
            raise KeyboardInterrupt

    one = job(source, "one")
    pipeline.restore(one)
    for name, again in (("many", lambda work: farm.restore(work, Crew(Here(2)))), ("alone", pipeline.restore)):
        work = job(source, name)
        with pytest.raises(KeyboardInterrupt):
            farm.restore(work, Crew(Here(2, stop)))
        again(work)  # type: ignore[no-untyped-call]
        assert content(work) == content(one)


def test_workers_go_on_with_what_one_process_left(source: Path) -> None:
    stages = STAGES["upscale"]()
    one, many = job(source, "one", stages), job(source, "many", stages)
    pipeline.restore(one)
    with pytest.raises(KeyboardInterrupt):
        pipeline.restore(job(source, "many", (stopping(stages[0], 17),)))
    pool = Here(2)
    assert farm.restore(many, Crew(pool)).resumed == 14
    assert sorted(number for _, number in pool.given) == [3, 4, 5, 6]
    assert content(many) == content(one)


def test_a_piece_that_was_harmed_is_made_again(source: Path) -> None:
    def stop(_: int, __: int, given: int) -> None:
        if given == 5:
            raise KeyboardInterrupt

    one, many = job(source, "one"), job(source, "many")
    pipeline.restore(one)
    with pytest.raises(KeyboardInterrupt):
        farm.restore(many, Crew(Here(1, stop)))
    data = many.target.path.with_name("out.mkv.part") / "000002.data"
    data.write_bytes(data.read_bytes()[:-1])
    farm.restore(many, Crew(Here(2)))
    assert content(many) == content(one)


def pictures(work: Job) -> dict[str, bytes]:
    assert [path.name for path in work.target.path.parent.iterdir()] == ["out"], "nothing else is left"
    return {path.name: path.read_bytes() for path in work.target.path.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures that say which way is up."""
    (tmp_path / "in").mkdir()
    turned = Image.Exif()
    turned[274] = 6
    for number in range(20):
        picture = Image.effect_noise((96, 64), 10.0 + number).convert("RGB")
        picture.save(tmp_path / "in" / f"{number:02}.jpg", exif=turned)
    return tmp_path / "in"


@pytest.mark.parametrize("name", ["upscale", pytest.param("interpolate", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["source", "folder"])
def test_pictures_are_those_of_one_run(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """What is there is not made again, and no network runs in this process."""

    def stop(_: int, __: int, given: int) -> None:
        if given == 4:
            raise KeyboardInterrupt

    source: Path = request.getfixturevalue(kind)
    monkeypatch.setattr(kinds, "MOST", 3 * 96 * 64 * 4 * 3)  # three frames of twice the size
    one, many = (
        prepare(
            source,
            source.parent / each / "out",
            STAGES[name](),
            reading=Reading(start=3),
            encoding=Encoding(),
            resume=True,
        )
        for each in ("one", "many")
        if (source.parent / each).mkdir() is None
    )
    pipeline.restore(one)
    with pytest.raises(KeyboardInterrupt):
        farm.restore(many, Crew(Here(2, stop)))
    pool = Here(3)
    kept = many.kept
    report = farm.restore(many, Crew(pool))
    assert 0 < kept == report.resumed < report.frames_out
    frames = kinds.frames_of_a_piece(many.target)
    assert len(pool.given) == ceil(report.frames_out / frames) - ceil(kept / frames)
    assert pictures(many) == pictures(one)


def test_a_bug_keeps_its_kind(source: Path) -> None:
    def harm(*_: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        farm.restore(job(source, "many"), Crew(Here(1, harm)))


class Late(Here):
    """The last piece of the first job comes only once a worker is at another job."""

    def __init__(self) -> None:
        super().__init__(2)
        self.plans: list[str] = []

    def give(self, worker: int, plan: Plan, number: int) -> None:
        self.plans.append(plan.key)
        super().give(worker, plan, number)

    def wait(self, seconds: float) -> Sequence[Done | Failed]:
        for event in self._events:
            assert isinstance(event, Done)
            if event.made.number < 40 // PIECE + 1 or len(set(self.plans)) == 2:
                self._events.remove(event)
                return [event]
        return []


def test_nobody_waits_for_the_end_of_a_job_while_there_is_another(source: Path) -> None:
    one, names = job(source, "one"), ("many", "more")
    pipeline.restore(one)
    crew = Crew(Late())
    with ThreadPoolExecutor() as threads:
        works = [job(source, name) for name in names]
        for made in [threads.submit(farm.restore, work, crew) for work in works]:
            assert made.result(timeout=60).frames_out == 40
    assert [content(work) for work in works] == [content(one)] * 2


def test_a_job_that_is_ended_does_not_harm_the_next(source: Path) -> None:
    """Its pieces that are still being made are thrown away, and their workers wait until they are through."""

    def stop(*_: int) -> None:
        raise ZeroDivisionError

    one, next_one = job(source, "one"), job(source, "next")
    pipeline.restore(one)
    pool = Here(3)
    crew = Crew(pool)
    with pytest.raises(ZeroDivisionError):
        farm.restore(job(source, "many"), crew, tell=stop)
    assert pool.unheard, "else this shows nothing"
    farm.restore(next_one, crew)
    assert content(next_one) == content(one)
