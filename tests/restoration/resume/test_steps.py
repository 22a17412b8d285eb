"""Every step goes on to the bit, and makes no frame that is there already."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from torch import Tensor

from tests.clips import make_clip
from vidrestore.base.settings import Reading
from vidrestore.engine.infer import Inference
from vidrestore.frame.frame import Frame
from vidrestore.restoration.interpolation.timing import SOURCE_TIMES, ByFactor, Timing
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.report import Report
from vidrestore.restoration.resume.run import skips
from vidrestore.restoration.stage import NOTHING, Skip

from .runs import FFV1, made, made_in_parts, pictures, steps, stopping


@pytest.mark.parametrize("name", steps())
def test_every_step_goes_on_to_the_bit(name: str, shared_data: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as output:
        video = output.add_stream("ffv1", rate=25, width=64, height=48, pix_fmt="yuv420p")
        with av.open(str(shared_data / "eval/video/davis_soapbox.mp4")) as container:
            for number, frame in zip(range(12), container.decode(video=0), strict=False):
                small = frame.reformat(64, 48)
                small.pts, small.time_base = number, Fraction(1, 25)
                output.mux(video.encode(small))
        output.mux(video.encode(None))
    made(source, tmp_path / "whole.mkv", steps()[name](), resume=False)
    report = made_in_parts(source, tmp_path / "parts.mkv", steps()[name](), at=(8,))
    assert report.resumed == 5
    assert pictures(tmp_path / "parts.mkv") == pictures(tmp_path / "whole.mkv")


@pytest.mark.parametrize(("timing", "deblurred"), [("x5/2", 7), ("60 fps", 6)])
def test_several_steps_go_on_to_the_bit(timing: str, deblurred: int, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=9, rate=Fraction(25))

    def job(target: Path, at: int | None, *, resume: bool) -> Report:
        made = [steps()[name]() for name in ("deblur", timing)] + [stopping(steps()["five frames"](), at)]
        job = prepare(source, target, tuple(made), reading=Reading(), encoding=FFV1, resume=resume)
        return restore(job, measure=True)

    job(tmp_path / "whole.mkv", None, resume=False)
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path / "parts.mkv", 17, resume=True)
    report = job(tmp_path / "parts.mkv", None, resume=True)
    assert report.resumed == 15
    assert pictures(tmp_path / "parts.mkv") == pictures(tmp_path / "whole.mkv")
    assert report.blur is not None
    assert len(report.blur.per_frame) == deblurred, "the first step is spared what comes of its frames, too"


def test_a_step_before_new_frames_is_spared_what_comes_of_its_own(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def job(target: Path, at: int | None, *, resume: bool) -> Report:
        made = (steps()["deblur"](), stopping(steps()["x5/2"](), at))
        return restore(prepare(source, target, made, reading=Reading(), encoding=FFV1, resume=resume), measure=True)

    job(tmp_path / "whole.mkv", None, resume=False)
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path / "parts.mkv", 22, resume=True)
    report = job(tmp_path / "parts.mkv", None, resume=True)
    assert report.resumed == 20 and report.blur is not None
    told = "frames 0 to 4 are over by far; 5 to 7 may lie before the gap that is filled, and 8 begins what is left"
    assert len(report.blur.per_frame) == 7, told
    assert pictures(tmp_path / "parts.mkv") == pictures(tmp_path / "whole.mkv")


@dataclass(frozen=True)
class Reached:
    reach: int | None
    timing: Timing = SOURCE_TIMES


def test_what_each_of_several_steps_is_spared_by_hand() -> None:
    def shown(number: int) -> Fraction | None:
        return Fraction(number + 1, 50) if number < 40 else None

    assert skips([Reached(0)], 40, shown) == [Skip(40)]
    assert skips([Reached(0), Reached(2), Reached(3)], 40, shown) == [Skip(35), Skip(37), Skip(40)]
    assert skips([Reached(0), Reached(2)], 1, shown) == [Skip(0), Skip(1)]
    assert skips([Reached(0), Reached(None)], 40, shown) == [Skip(), Skip(40)]
    doubled = [Reached(0), Reached(0, ByFactor(Fraction(2))), Reached(2)]
    assert skips(doubled, 40, shown) == [Skip(until=Fraction(38, 50) - Fraction(1, 100)), Skip(38), Skip(40)]
    assert skips(doubled, 1, shown) == [Skip(), Skip(0), Skip(1)]
    assert skips(doubled, 40, lambda _: None) == [Skip(), Skip(38), Skip(40)]
    looking_back = [Reached(0), Reached(1, ByFactor(Fraction(2)))]
    assert skips(looking_back, 40, shown)[0] == Skip(until=Fraction(40, 50) - Fraction(1, 100), before_gap=True)
    slowed = [Reached(0), Reached(0, ByFactor(Fraction(4), Fraction(4)))]
    assert skips(slowed, 40, shown)[0].until == Fraction(40, 50) / 4 - Fraction(1, 100)


def test_frames_that_are_over_are_kept_and_those_reached_back_to_are_not() -> None:
    frames = [Frame(torch.zeros(3, 1, 1), Fraction(n), Fraction(1)) for n in range(5)]

    def kept(skip: Skip) -> list[int]:
        return [n for n, frame in enumerate(frames) if skip.covers(n, frame)]

    assert kept(Skip(3)) == [0, 1, 2] and kept(Skip(3).before(2)) == [0] and kept(Skip(1).before(2)) == []
    until = Skip(until=Fraction(2))
    assert kept(until) == kept(until.before(0)) == [0, 1] and kept(until.before(1)) == kept(NOTHING) == []
    assert kept(Skip(until=Fraction(4), before_gap=True)) == [0, 1], "2 and 3 may be the last before a gap"
    assert NOTHING.keep is None and until.keep == until.covers


def test_skipped_frames_cost_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    seen: list[int] = []
    real = Inference.__call__

    def counted(inference: Inference, batch: list[tuple[Tensor, ...]]) -> Tensor:
        seen.append(len(batch))
        return real(inference, batch)

    stage = steps()["one frame"]()
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(stage, 6))
    monkeypatch.setattr(Inference, "__call__", counted)
    assert made(source, tmp_path / "out.mkv", stage).resumed == 5
    assert sum(seen) == 7
