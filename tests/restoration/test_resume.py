"""--resume: an interrupted run leaves what is whole, and the next one goes on there as if nothing had happened."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.interlaced import NTSC, interlaced, moment, telecined, write
from vidrestore.base.settings import Deblurring, Deinterlace, Encoding, Reading, Retiming, Settings
from vidrestore.cli import app, progress
from vidrestore.errors import InputError, ResourceError, UsageError, VidrestoreError
from vidrestore.frame.frame import Frame
from vidrestore.restoration import stage_work, stages
from vidrestore.restoration.interpolation.timing import SOURCE_TIMES, ByFactor, Timing, ToRate
from vidrestore.restoration.job import Stage, prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.report import Report
from vidrestore.restoration.skip import NOTHING, Skip, skips
from vidrestore.video.encode import mux
from vidrestore.video.resume import pieces
from vidrestore.video.resume.pieces import PieceUnderWay, decoding_times

SETTINGS = Settings(engine="torch", precision="fp32", device="cpu")
FFV1 = Encoding(codec="ffv1")
PIECE = 5


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FRAMES", PIECE)


def stopping(stage: Stage, at: int | None) -> Stage:
    """The stage, interrupted before frame `at` of its result."""

    def start(ran, skip=NOTHING):
        function = stage.start(ran, skip)

        def some(frames: Iterator[Frame]) -> Iterator[Frame]:
            for number, frame in enumerate(function(frames)):
                if number == at:
                    raise KeyboardInterrupt
                yield frame

        return some

    return replace(stage, start=start)


def identity(seen: list[int] | None = None) -> Stage:
    """Nothing is changed; `seen` gets the numbers of the frames that a network would have seen."""

    def start(ran, skip=NOTHING):
        keep = skip.keep()

        def same(frames: Iterator[Frame]) -> Iterator[Frame]:
            for number, frame in enumerate(frames):
                if not keep(frame) and seen is not None:
                    seen.append(number)
                yield frame

        return same

    return Stage("identity", 1, start, "identity")


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


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("out.mp4", "libx264"), ("out.mp4", "libx265"), ("out.mp4", "mpeg4"), ("out.mov", "prores_ks"),
        ("out.mkv", "ffv1"), ("out.mkv", "libx264"), ("out.webm", "libvpx-vp9"), ("out.webm", "libsvtav1"),
        ("out.mp4", "libsvtav1"), ("out.avi", "libx264"), ("out.ts", "libx264"), ("out.flv", "libx264"),
    ],
)  # fmt: skip
def test_what_two_runs_make_is_what_one_makes(name: str, codec: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=18, audio=1, size=(128, 96))
    encoding = Encoding(codec=codec)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, parts, plain = tmp_path / "a" / name, tmp_path / "b" / name, tmp_path / f"plain_{name}"
    made(source, plain, identity(), encoding, resume=False)
    made(source, whole, identity(), encoding)
    report = made_in_parts(source, parts, identity(), encoding, at=(7, 16))
    assert (report.frames_in, report.frames_out, report.resumed) == (18, 18, 15)
    assert [path.name for path in parts.parent.iterdir()] == [name], "nothing is left"
    assert stream(parts) == stream(whole)
    (video, others), (plain_video, plain_others) = stream(parts), stream(plain)
    assert [p[-1] for p in others] == [p[-1] for p in plain_others]
    # MPEG-TS and FLV have no time below 0: all is later there, by a frame less with the least delay.
    assert after_the_first(video, others) == after_the_first(plain_video, plain_others)
    assert decodes_in_order(video)
    shown, plainly = pictures(parts), pictures(plain)
    assert len(shown) == len(plainly) == 18
    if codec == "ffv1":
        assert shown == plainly
    with av.open(str(parts)) as one, av.open(str(plain)) as other:
        assert [s.type for s in one.streams] == [s.type for s in other.streams]
        assert one.streams.video[0].codec_context.extradata == other.streams.video[0].codec_context.extradata
        assert one.duration == other.duration or name == "out.flv"  # which counts from 0, and so that frame


def test_only_what_is_not_there_is_made(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=18)
    seen: list[int] = []
    made_in_parts(source, tmp_path / "out.mkv", identity(seen), at=(13,))
    assert seen[:13] == list(range(13)), "the first run"
    assert seen[-8:] == list(range(10, 18)), "the second begins with the piece that was not whole"


def test_a_rate_that_varies_keeps_its_times(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "clips" / "cursed_vfr.mp4"
    reading = Reading(end=Fraction(3))

    def job(target: Path, stage: Stage, *, resume: bool) -> Report:
        return restore(prepare(source, target, (stage,), reading=reading, encoding=Encoding(), resume=resume))

    job(tmp_path / "plain.mp4", identity(), resume=False)
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path / "out.mp4", stopping(identity(), 12), resume=True)
    report = job(tmp_path / "out.mp4", identity(), resume=True)
    assert report.resumed == 10
    video, plain = stream(tmp_path / "out.mp4")[0], stream(tmp_path / "plain.mp4")[0]
    assert sorted(p[1] for p in video) == sorted(p[1] for p in plain)
    assert decodes_in_order(video)


def test_every_odd_clip_goes_on(shared_data: Path, tmp_path: Path) -> None:
    """All of them, up to 30 frames: the same times, other tracks and warnings as of a run without --resume."""
    reading, fast, tried = Reading(end=30), Encoding(preset="ultrafast"), 0
    for source in sorted((shared_data / "clips").iterdir()):
        plain, target = tmp_path / "plain.mp4", tmp_path / "out.mp4"

        def job(target: Path, stage: Stage, source: Path = source, *, resume: bool) -> Report:
            made = prepare(source, target, (stage,), reading=reading, encoding=fast, overwrite=True, resume=resume)
            return restore(made)

        try:
            expected = job(plain, identity(), resume=False)
        except InputError:  # no video; tests/restoration/test_clips.py says which
            continue
        if expected.frames_out > PIECE + 2:
            with pytest.raises(KeyboardInterrupt):
                job(target, stopping(identity(), expected.frames_out - 2), resume=True)
        found = job(target, identity(), resume=True)
        tried += found.resumed > 0
        (video, others), (plain_video, plain_others) = stream(target), stream(plain)
        assert after_the_first(video, others) == after_the_first(plain_video, plain_others), source.name
        assert [p[-1] for p in others] == [p[-1] for p in plain_others], source.name
        assert decodes_in_order(video), source.name
        assert (found.warnings, found.truncated) == (expected.warnings, expected.truncated), source.name
        assert found.duration_out == expected.duration_out, source.name
    assert tried > 40


def steps() -> dict[str, Callable[[], Stage]]:
    return {
        "one frame": lambda: stages.upscale("espcn-x2", scale=2, settings=SETTINGS),
        "five frames": lambda: stages.upscale("aligned-x2", scale=2, settings=SETTINGS),
        "five of one": lambda: stages.upscale("espcn-x2+aligned-x2", scale=4, settings=SETTINGS),
        "one of five": lambda: stages.upscale("aligned-x2+espcn-x2", scale=4, settings=SETTINGS),
        "deblur": lambda: stages.deblur(Deblurring(), settings=SETTINGS),
        "only blurred": lambda: stages.deblur(Deblurring(only_blurred=0.3), settings=SETTINGS),
        "wiener": lambda: stages.deblur(Deblurring("wiener", psf="disk:2"), settings=SETTINGS),
        "x5/2": lambda: stages.interpolate(ByFactor(Fraction(5, 2)), Retiming(quality="fast"), settings=SETTINGS),
        "60 fps": lambda: stages.interpolate(ToRate(Fraction(60)), Retiming(quality="fast"), settings=SETTINGS),
        "x3": lambda: stages.interpolate(ByFactor(Fraction(3)), Retiming(), settings=SETTINGS),
    }


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


@pytest.mark.parametrize(("timing", "deblurred"), [("x5/2", 5), ("60 fps", 4)])
def test_several_steps_go_on_to_the_bit(timing: str, deblurred: int, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=9, rate=Fraction(25))

    def job(target: Path, at: int | None, *, resume: bool) -> Report:
        made = [steps()[name]() for name in ("deblur", timing)] + [stopping(steps()["five frames"](), at)]
        return restore(prepare(source, target, tuple(made), reading=Reading(), encoding=FFV1, resume=resume))

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
        return restore(prepare(source, target, made, reading=Reading(), encoding=FFV1, resume=resume))

    job(tmp_path / "whole.mkv", None, resume=False)
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path / "parts.mkv", 22, resume=True)
    report = job(tmp_path / "parts.mkv", None, resume=True)
    assert report.resumed == 20 and report.blur is not None
    assert len(report.blur.per_frame) == 5, "frames 0 to 6 are over; 7 lies within the margin, 8 begins what is left"
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
    slowed = [Reached(0), Reached(0, ByFactor(Fraction(4), Fraction(4)))]
    assert skips(slowed, 40, shown)[0].until == Fraction(40, 50) / 4 - Fraction(1, 100)


def test_frames_that_are_over_are_kept_and_those_reached_back_to_are_not() -> None:
    frames = [Frame(torch.zeros(3, 1, 1), Fraction(n), Fraction(1)) for n in range(5)]

    def kept(skip: Skip) -> list[int]:
        keep = skip.keep()
        return [n for n, frame in enumerate(frames) if keep(frame)]

    assert kept(Skip(3)) == [0, 1, 2] and kept(Skip(3).before(2)) == [0] and kept(Skip(1).before(2)) == []
    until = Skip(until=Fraction(2))
    assert kept(until) == kept(until.before(0)) == [0, 1] and kept(until.before(1)) == kept(NOTHING) == []


def test_skipped_frames_cost_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    seen: list[int] = []
    real = stage_work.run

    def counted(network, frames, **more):
        keep = more.pop("keep")

        def told(frame: Frame) -> bool:
            kept = keep(frame)
            seen.append(not kept)
            return kept

        return real(network, frames, keep=told, **more)

    monkeypatch.setattr(stage_work, "run", counted)
    made_in_parts(source, tmp_path / "out.mkv", steps()["one frame"](), at=(6,))
    assert sum(seen[-12:]) == 7 and not any(seen[-12:-7])


def test_a_run_stopped_early_leaves_nothing(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    for stop in (0, 1, PIECE - 1):
        with pytest.raises(KeyboardInterrupt):
            made(source, tmp_path / "out.mp4", stopping(identity(), stop))
        assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_without_it_nothing_is_left_as_ever(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mp4", stopping(identity(), 11), resume=False)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_what_is_left_of_an_interrupted_run_is_said(tmp_path: Path) -> None:
    source, target = make_clip(tmp_path / "in.mkv", frames=12), tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(identity(), 11))
    (tmp_path / "out.part.mkv").write_bytes(b"half")
    report = made(source, target, identity(), resume=False)
    assert [warning.split(" ", 1)[0] for warning in report.warnings] == [
        str(tmp_path / "out.mkv.part"),
        str(tmp_path / "out.part.mkv"),
    ]
    assert "--resume goes on" in report.warnings[0] and "one that was killed left it" in report.warnings[1]


def test_an_input_that_is_gone_is_named(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, audio=1)
    job = prepare(source, tmp_path / "out.mkv", (), reading=Reading(), encoding=FFV1, resume=True)
    with pytest.raises(InputError, match=r"in\.mp4 is gone"):
        restore(job, on_frame=lambda _: source.unlink(missing_ok=True))


@pytest.mark.parametrize("name", ["out.mkv", "out"])
def test_an_output_folder_that_is_gone_is_one_line(name: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12)
    part = tmp_path / f"{name}.part"
    encoding = FFV1 if name == "out.mkv" else Encoding()
    job = prepare(source, tmp_path / name, (), reading=Reading(), encoding=encoding, resume=True)
    with pytest.raises(VidrestoreError, match=r"out(\.mkv)?\.part") as raised:
        restore(job, on_frame=lambda _: shutil.rmtree(part, ignore_errors=True))
    assert raised.value.exit_code == 1  # neither memory nor the disk ran out
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("name", ["", "run.json", "pictures", "old", "moves.json"])
def test_nothing_grows_through_a_link(name: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "dear").write_text("dear")
    link = tmp_path / "out.part" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere / "dear" if name.endswith(".json") else elsewhere)
    with pytest.raises(UsageError, match="is a link"):
        made(source, tmp_path / "out", identity(), Encoding())
    assert [path.name for path in elsewhere.iterdir()] == ["dear"] and (elsewhere / "dear").read_text() == "dear"


def test_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target, stage = tmp_path / "out.mp4", steps()["one frame"]()
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(stage, 8), Encoding())
    folder = tmp_path / "out.mp4.part"
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UsageError, match=r"out\.mp4\.part holds an interrupted run, of which encoding differ"):
        made(source, target, stage, Encoding(crf=30))
    with pytest.raises(UsageError, match="of which steps differ"):
        made(source, target, stages.upscale("espcn-x2", scale=2, settings=Settings(precision="bf16")), Encoding())
    with pytest.raises(UsageError, match="of which steps and encoding differ"):
        made(source, target, stages.upscale("espcn-x3", scale=3, settings=SETTINGS), Encoding())
    with pytest.raises(UsageError, match="of which part differ"):
        prepare(source, target, (stage,), reading=Reading(start=Fraction(1, 5)), encoding=Encoding(), resume=True)
    os.utime(source, (1, 1))
    with pytest.raises(UsageError, match="of which input differ"):
        made(source, target, stage, Encoding())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept, "it is the user's to remove"


def test_memory_and_place_may_change_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(steps()["one frame"](), 8))
    monkeypatch.chdir(tmp_path)
    settings = replace(SETTINGS, tile=48, batch=1)
    report = made(Path("in.mkv"), Path("out.mkv"), stages.upscale("espcn-x2", scale=2, settings=settings))
    assert report.resumed == 5


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=6)
    folder = tmp_path / "out.mp4.part"
    folder.mkdir()
    (folder / "mine.txt").write_text("dear")
    for content in (None, "no json", "[1]"):
        if content is not None:
            (folder / "run.json").write_text(content)
        with pytest.raises(UsageError, match=r"out\.mp4\.part is in the way, and no run that can be resumed"):
            made(source, tmp_path / "out.mp4", identity())
    assert (folder / "mine.txt").read_text() == "dear"


@pytest.mark.parametrize("harm", ["cut", "gone", "words", "empty", "more"])
def test_a_piece_that_a_power_cut_harmed_is_made_again(harm: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=18)
    made(source, tmp_path / "whole.mkv", identity(), resume=False)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 17))
    data, index = (tmp_path / "out.mkv.part" / f"000002.{kind}" for kind in ("data", "json"))
    if harm == "cut":
        data.write_bytes(data.read_bytes()[:-1])
    elif harm == "gone":
        data.unlink()
    elif harm == "more":
        data.write_bytes(data.read_bytes() + b"x")
    else:
        index.write_text({"words": '{"frames": 3}', "empty": ""}[harm])
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5
    assert pictures(tmp_path / "out.mkv") == pictures(tmp_path / "whole.mkv")
    assert not (tmp_path / "out.mkv.part").exists()


def test_an_interrupt_just_after_a_piece_is_whole_costs_a_piece_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    finish, times = PieceUnderWay.finish, []

    def interrupted(self: PieceUnderWay) -> None:
        finish(self)
        times.append(1)
        if len(times) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(PieceUnderWay, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", identity())
    assert made(source, tmp_path / "out.mkv", identity()).resumed in (5, 10)
    assert len(pictures(tmp_path / "out.mkv")) == 12


@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_an_interrupt_while_the_file_is_made_of_the_pieces(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, audio=1)
    name = {"start": "open_output", "middle": "PacketClock", "end": ""}[place]

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if place == "end":
            patched.setattr(mux.Mux, "give_name", interrupt)
        else:
            patched.setattr(mux, name, interrupt)
        with pytest.raises(KeyboardInterrupt):
            made(source, tmp_path / "out.mp4", identity(), Encoding())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4.part"]
    assert made(source, tmp_path / "out.mp4", identity(), Encoding()).resumed == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]
    assert len(pictures(tmp_path / "out.mp4")) == 12


def test_two_runs_at_once_do_not_meet(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def another() -> None:
        with pytest.raises(UsageError, match=r"another run is making what grows in .*out\.mkv\.part"):
            made(source, tmp_path / "out.mkv", identity())

    def meanwhile(ran, skip=NOTHING):
        another()  # before there is anything in the folder

        def frames_of(frames: Iterator[Frame]) -> Iterator[Frame]:
            yield from frames
            another()

        return frames_of

    made(source, tmp_path / "out.mkv", replace(identity(), start=meanwhile))
    assert len(pictures(tmp_path / "out.mkv")) == 12
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in.mkv", "out.mkv"]


def test_what_was_under_way_when_a_run_was_killed_is_made_again(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    (tmp_path / "out.mkv.part" / "000002.data").write_bytes(b"half a picture")
    (tmp_path / "out.mkv.part" / "000003.json").write_text("{}")
    made(source, tmp_path / "whole.mkv", identity(), resume=False)
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5
    assert pictures(tmp_path / "out.mkv") == pictures(tmp_path / "whole.mkv")
    assert not (tmp_path / "out.mkv.part").exists()


def test_a_folder_that_a_run_was_killed_in_at_once_is_no_hindrance(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    for content in (None, "", '{"input": "another'):
        folder = tmp_path / "out.mkv.part"
        folder.mkdir()
        if content is not None:
            (folder / "run.json").write_text(content)
        assert made(source, tmp_path / "out.mkv", identity()).resumed == 0
        assert not folder.exists()
        (tmp_path / "out.mkv").unlink()


def test_what_a_killed_run_left_half_written_goes(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    for target, folder, stray in (
        (tmp_path / "out.mkv", tmp_path / "out.mkv.part", "000002.part.json"),
        (tmp_path / "out", tmp_path / "out.part" / "pictures", "frame_00000099.part.png"),
    ):
        encoding = FFV1 if target.suffix else Encoding()
        with pytest.raises(KeyboardInterrupt):
            made(source, target, stopping(identity(), 11), encoding)
        (folder / stray).write_bytes(b"half")
        made(source, target, identity(), encoding)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", target.name]
        if target.is_dir():
            assert len(list(target.glob("*.png"))) == 12
            shutil.rmtree(target)
        else:
            target.unlink()


def test_a_piece_that_somebody_takes_away_is_an_error_not_a_short_film(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out.mkv"

    for number in (1, 2):
        index = tmp_path / "out.mkv.part" / f"{number:06}.json"
        job = prepare(source, target, (identity(),), reading=Reading(), encoding=FFV1, resume=True)
        with pytest.raises(VidrestoreError, match="was changed by somebody else"):
            restore(job, on_frame=lambda frame, index=index: frame.pts > 0.36 and index.unlink(missing_ok=True))
        assert not target.exists()
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(identity(), 11))

    def harming(ran, skip=NOTHING):
        (tmp_path / "out.mkv.part" / "000001.data").write_bytes(b"")
        return lambda frames: frames

    with pytest.raises(VidrestoreError, match="was changed by somebody else"):
        made(source, target, replace(identity(), start=harming))
    assert made(source, target, identity()).resumed == 0
    assert len(pictures(target)) == 12


def test_a_file_of_the_name_it_is_finished_under_is_not_touched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def meanwhile(ran, skip=NOTHING):
        def frames_of(frames: Iterator[Frame]) -> Iterator[Frame]:
            for frame in frames:
                (tmp_path / "out.part.mkv").write_text("dear")
                yield frame

        return frames_of

    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(replace(identity(), start=meanwhile), 8))
    assert (tmp_path / "out.part.mkv").read_text() == "dear"
    made(source, tmp_path / "out.mkv", replace(identity(), start=meanwhile))
    assert (tmp_path / "out.part.mkv").read_text() == "dear"


def test_an_interrupt_before_anything_is_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for module, name in ((pieces, "open_output"), (pieces, "write_whole")):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(module, name, interrupt)
            made(source, tmp_path / "out.mkv", identity())
        assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_where_there_are_no_locks_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5


def test_what_a_user_put_there_stays(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    (tmp_path / "out.mkv.part" / "mine.txt").write_text("dear")
    made(source, tmp_path / "out.mkv", identity())
    assert sorted(path.name for path in (tmp_path / "out.mkv.part").iterdir()) == ["mine.txt", "run.json"]


def test_a_full_disk_leaves_nothing_that_hinders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ResourceError, match="the disk is full"):
            made(source, tmp_path / "out.mkv", identity())
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ResourceError, match="the disk is full"):
            made(source, tmp_path / "out.mkv", identity())
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5


def test_the_blur_that_is_undone_is_compared_by_what_it_is(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=8)
    kernel = tmp_path / "psf.png"
    cv2.imwrite(str(kernel), np.array([[9, 9, 9]], np.uint8))

    def step() -> Stage:
        return stages.deblur(Deblurring("wiener", psf=str(kernel)), settings=SETTINGS)

    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(step(), 7))
    cv2.imwrite(str(kernel), np.array([[9], [9], [9]], np.uint8))
    with pytest.raises(UsageError, match="of which steps differ"):
        made(source, tmp_path / "out.mkv", step())
    kernel.unlink()
    cv2.imwrite(str(kernel := tmp_path / "the_same.png"), np.array([[9, 9, 9]], np.uint8))
    assert made(source, tmp_path / "out.mkv", step()).resumed == 5


def test_the_result_may_grow_among_the_pictures_it_is_made_of(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    restore(
        prepare(
            make_clip(tmp_path / "in.mkv", frames=12), folder, (identity(),), reading=Reading(), encoding=Encoding()
        )
    )
    for target in (folder / "out.mkv", folder / "out"):
        encoding = FFV1 if target.suffix else Encoding()
        with pytest.raises(KeyboardInterrupt):
            made(folder, target, stopping(identity(), 11), encoding)
        (folder / "notes.txt").unlink(missing_ok=True)
        (folder / "notes.txt").symlink_to("nowhere")
        assert made(folder, target, identity(), encoding).resumed >= 5
        assert sum(path.is_file() for path in folder.glob("frame_*.png")) == 12


def test_pictures_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    stage = steps()["one frame"]()
    made(source, tmp_path / "whole", stage, Encoding(), resume=False)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "parts", stopping(stage, 8), Encoding())
    folder = tmp_path / "parts.part" / "pictures"
    there = sorted(path.name for path in folder.glob("frame_*.png"))
    assert 4 <= len(there) <= 8, "some are written beside the network"
    before = {name: (folder / name).stat().st_mtime_ns for name in there}
    report = made(source, tmp_path / "parts", stage, Encoding())
    assert report.resumed == len(there) and not folder.parent.exists()
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "parts").iterdir()) and len(names) == 13
    assert all((tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes() for name in names)
    assert before == {name: (tmp_path / "parts" / name).stat().st_mtime_ns for name in there}


def test_pictures_go_into_a_folder_that_is_there(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out"
    target.mkdir()
    for name in ("run.json", "mine.txt", "frame_00000099.png"):
        (target / name).write_text("dear")
    (target / "frames.csv").write_text("file\nframe_00000099.png\n")  # an earlier run's

    def job(stage: Stage) -> Report:
        made = prepare(source, target, (stage,), reading=Reading(), encoding=Encoding(), overwrite=True, resume=True)
        return restore(made)

    with pytest.raises(KeyboardInterrupt):
        job(stopping(identity(), 8))
    with pytest.raises(UsageError, match="--resume goes on with the run that left it"):
        prepare(source, target, (identity(),), reading=Reading(), encoding=Encoding(), overwrite=True)
    assert job(identity()).resumed >= 4
    names = sorted(path.name for path in target.iterdir())
    assert names == [*(f"frame_{n + 1:08}.png" for n in range(12)), "frames.csv", "mine.txt", "run.json"]
    assert (target / "run.json").read_text() == "dear" and not (tmp_path / "out.part").exists()


def test_a_single_picture_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(UsageError, match="is one picture: there is nothing to resume"):
        made(tmp_path / "in.png", tmp_path / "out.png", identity(), Encoding())


def test_frames_that_come_out_otherwise_are_an_error(tmp_path: Path) -> None:
    """A bug, or a decoder that is not the same: no wrong video is made of it."""
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(identity(), 11))

    def late(ran, skip=NOTHING):
        return lambda frames: (replace(frame, pts=frame.pts + 1) for frame in frames)

    with pytest.raises(VidrestoreError, match="holds frames of other times"):
        made(source, target, replace(identity(), start=late))


def test_decoding_times_by_hand() -> None:
    """Two pieces, shown 0 3 4 9 | 10 20 22 and decoded 0 9 4 3 | 10 22 20: each waits for two that are shown."""
    assert list(decoding_times([0, 3, 4, 9, 10, 20, 22], [0, 9, 4, 3, 10, 22, 20])) == [-4, -1, 0, 3, 4, 9, 10]
    assert list(decoding_times([5, 7], [5, 7])) == [5, 7]


COMMAND = """
import sys
from vidrestore.video.resume import pieces
pieces.FRAMES = 8
from vidrestore.cli import main
main()
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_a_command_that_is_ended_goes_on(how: signal.Signals, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=200, size=(320, 240), audio=1)
    target = tmp_path / "out.mp4"
    words = ["upscale", str(source), str(target), "-m", "espcn", "--resume", "--progress", "none", "--engine", "torch"]
    first = subprocess.Popen([sys.executable, "-c", COMMAND, *words], stderr=subprocess.PIPE, text=True)
    for _ in range(2400):  # a busy machine takes its time
        if (tmp_path / "out.mp4.part" / "000002.json").is_file():
            break
        time.sleep(0.05)
    first.send_signal(how)
    said = first.communicate(timeout=60)[1]
    assert not target.exists()
    if how is not signal.SIGKILL:
        assert first.returncode == 128 + how
        assert "interrupted; " in said and "frames are kept, and the same command goes on from there" in said
    last = subprocess.run(
        [sys.executable, "-c", COMMAND, *words, "--json", "-q"], capture_output=True, text=True, timeout=200
    )
    assert last.returncode == 0, last.stderr
    report = json.loads(last.stdout)
    assert report["frames_out"] == 200 and report["resumed"] >= 16 and report["resumed"] % 8 == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["in.mp4", "out.mp4"]
    assert len(pictures(target)) == 200


def test_the_command_says_what_differs_in_one_line(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6)
    (tmp_path / "out.mp4.part").mkdir()
    (tmp_path / "out.mp4.part" / "run.json").write_text("{}")
    (tmp_path / "out.mp4.part" / "000001.json").write_text("{}")
    words = ["upscale", str(source), str(tmp_path / "out.mp4"), "--resume"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
    assert "give the same to go on, or remove that folder to begin anew" in result.stderr


def test_what_cannot_go_on_is_not_said_to(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, pts=[*range(8), 9, 20, 21, 22])
    result = CliRunner().invoke(app, ["upscale", str(source), str(tmp_path / "out.avi"), "-m", "espcn", "--resume"])
    assert result.exit_code == 2 and "holds a constant frame rate only" in result.stderr
    assert "goes on" not in result.stderr


def test_a_plan_counts_what_is_there(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12)
    words = ["upscale", str(source), str(tmp_path / "out.mp4"), "-m", "espcn", "--dry-run", "--json", "-q"]
    job = prepare(
        source,
        tmp_path / "out.mp4",
        (stages.upscale("espcn", scale=2, settings=Settings()),),
        reading=Reading(),
        encoding=Encoding(),
        resume=True,
    )
    with pytest.raises(KeyboardInterrupt):
        restore(replace(job, stages=(stopping(job.stages[0], 11),)))
    for more, left in (([], 12), (["--resume"], 2)):
        plan = json.loads(CliRunner().invoke(app, [*words, *more]).stdout)
        assert plan["frames"] == 12 and plan["resumed"] == 12 - left
        assert plan["seconds"] == pytest.approx(plan["seconds_per_frame"] * left, abs=0.06)


def test_time_left_is_reckoned_from_where_a_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    meter = progress._Meter(total=100, before=60)
    for frame in range(80):
        now += 0.01 if frame < 60 else 2.0
        meter.tick()
    assert meter.fps == pytest.approx(0.5) and meter.eta == pytest.approx(40)


@pytest.mark.parametrize("mode", ["fields", "auto"])
def test_deinterlacing_goes_on_where_it_stopped(tmp_path: Path, mode: Deinterlace) -> None:
    """Twice the frames, or four of five: the result is that of a run which nothing has stopped."""
    film = [moment(4 * number) for number in range(20)]
    frames, count = (interlaced(12), 24) if mode == "fields" else (telecined(film), 20)
    source, reading = write(tmp_path / "in.mp4", frames, rate=NTSC, flags="tff=1"), Reading(deinterlace=mode)

    def run(target: Path, stage: Stage) -> Report:
        return restore(prepare(source, target, (stage,), reading=reading, encoding=FFV1, resume=True))

    run(tmp_path / "once.mkv", identity())
    for stop in (7, 13):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "parts.mkv", stopping(identity(), stop))
    report = run(tmp_path / "parts.mkv", identity())
    assert (report.frames_out, report.resumed) == (count, 10)
    assert stream(tmp_path / "parts.mkv") == stream(tmp_path / "once.mkv")
