"""A run that goes on does not decode again what is done, and its result is the same."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import make_clip
from tests.restoration.made import made as made_stage
from vidrestore.base.settings import Reading, Retiming
from vidrestore.frame.frame import Frame
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor, ToRate
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.resume import unseen
from vidrestore.restoration.stage import Skip, Stage
from vidrestore.restoration.upscale import upscale
from vidrestore.video import reader
from vidrestore.video.index import begin

from .runs import FFV1, SETTINGS, stopping, stream

X264 = {"preset": "veryfast", "x264-params": "open-gop=1:keyint=12:bframes=3:scenecut=0:b-adapt=0"}


@pytest.fixture(autouse=True)
def _short_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "NEAR", Fraction(0))
    monkeypatch.setattr(unseen, "SEEN", 10)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of the frame with which each run's decoder began."""
    firsts: list[int] = []
    true = reader.Reader._video

    def watched(self: reader.Reader) -> Iterator[object]:
        for number, pair in enumerate(true(self)):
            if not number:
                assert self._decoder is not None
                firsts.append(self._decoder.first)
            yield pair

    monkeypatch.setattr(reader.Reader, "_video", watched)
    return firsts


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety frames of three shots, with sound."""
    path = tmp_path_factory.mktemp("source") / "in.mp4"
    return make_clip(path, frames=90, audio=1, size=(64, 48), options=X264)


def run(source: Path, target: Path, stage: Stage, at: int | None = None, **asked: object) -> object:
    step = stage if at is None else stopping(stage, at)
    reading = Reading(**asked)  # type: ignore[arg-type]
    return restore(prepare(source, target, (step,), reading=reading, encoding=FFV1, resume=True))


STAGES = {
    "one frame": lambda: upscale("espcn-x2", scale=2, settings=SETTINGS),
    "five frames": lambda: upscale("aligned-x2", scale=2, settings=SETTINGS),
    "x5/2": lambda: interpolate(ByFactor(Fraction(5, 2)), Retiming(quality="fast"), settings=SETTINGS),
    "50 fps": lambda: interpolate(ToRate(Fraction(50)), Retiming(quality="fast"), settings=SETTINGS),
    "slow": lambda: interpolate(ByFactor(Fraction(2), Fraction(2)), Retiming(quality="fast"), settings=SETTINGS),
}


@pytest.mark.parametrize("asked", [{}, {"start": Fraction(1, 2), "end": Fraction(5, 2)}], ids=["all", "part"])
@pytest.mark.parametrize(
    "name", [name if name == "one frame" else pytest.param(name, marks=pytest.mark.slow) for name in STAGES]
)
def test_what_is_done_is_not_decoded_again(
    source: Path, name: str, asked: dict[str, Fraction], tmp_path: Path, decoded: list[int]
) -> None:
    stage = STAGES[name]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, parts = tmp_path / "a" / "out.mkv", tmp_path / "b" / "out.mkv"
    once = run(source, whole, stage(), **asked)
    frames = once.frames_out  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        run(source, parts, stage(), frames - 8, **asked)
    decoded.clear()
    again = run(source, parts, stage(), **asked)
    assert decoded[-1] > 20
    assert stream(parts) == stream(whole)
    for fact in ("frames_in", "frames_out", "cuts", "duration_in", "duration_out", "repaired", "damaged", "warnings"):
        assert getattr(again, fact) == getattr(once, fact), fact
    assert again.resumed > 20  # type: ignore[attr-defined]


def test_frames_of_other_times_are_decoded_from_the_beginning(
    source: Path, tmp_path: Path, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is held against the index before it is believed."""
    target = tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        run(source, target, STAGES["one frame"](), 80)
    monkeypatch.setattr(unseen, "times_there", lambda _: iter([(0, 1)] * 80))
    decoded.clear()
    run(source, target, STAGES["one frame"]())
    assert decoded == [0]


def test_a_stage_that_looks_at_all_gets_all(source: Path, tmp_path: Path, decoded: list[int]) -> None:
    def same(frames: Iterable[Frame], skip: Skip) -> Iterator[Frame]:
        assert skip == Skip(75)
        for frame in frames:
            assert frame.size == (48, 64)
            yield frame

    target = tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        run(source, target, made_stage("same", lambda frames, _: iter(frames)), 79)
    decoded.clear()
    run(source, target, made_stage("same", same))
    assert decoded == [0]


@pytest.mark.slow
def test_cuts_are_found_again(tmp_path: Path, decoded: list[int]) -> None:
    """A detector that has seen some frames less finds the same cuts; those before are counted by the first run."""
    source = tmp_path / "cuts.mkv"
    with av.open(str(source), "w") as output:
        video = output.add_stream("libx264", rate=30, options={"g": "12", "x264-params": "scenecut=0"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        import numpy as np

        for number in range(120):
            shot = np.random.default_rng(number // 30)
            still = shot.integers(0, 255, (8, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            frame = av.VideoFrame.from_ndarray(np.roll(still, number, 1), format="rgb24").reformat(format="yuv420p")
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    stage = STAGES["five frames"]
    (tmp_path / "b").mkdir()
    once = run(source, tmp_path / "out.mkv", stage())
    assert once.cuts == 3  # type: ignore[attr-defined]
    for at in (88, 92, 95, 100):
        target = tmp_path / "b" / f"{at}.mkv"
        with pytest.raises(KeyboardInterrupt):
            run(source, target, stage(), at)
        again = run(source, target, stage())
        assert decoded[-1] > 60
        assert again.cuts == 3  # type: ignore[attr-defined]
        assert stream(target) == stream(tmp_path / "out.mkv")
