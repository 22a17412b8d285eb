"""Two runs, of which the first was interrupted, give what one run gives."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import make_clip
from tests.interlaced import NTSC, interlaced, moment, telecined, write
from vidrestore.base.settings import Deinterlace, Encoding, Reading
from vidrestore.errors import InputError, VidrestoreError
from vidrestore.frame.frame import Frame
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.report import Report
from vidrestore.restoration.stage import Skip, Stage
from vidrestore.video.time.packet_clock import decoding_times

from .runs import (
    FFV1,
    PIECE,
    after_the_first,
    decodes_in_order,
    identity,
    made,
    made_in_parts,
    pictures,
    stopping,
    stream,
)


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
        header, plain_header = (_header(each) for each in (one, other))
        assert header == plain_header
        assert one.duration == other.duration or name == "out.flv"  # which counts from 0, and so that frame


def _header(container: av.container.InputContainer) -> bytes:
    """Without the number of threads, which x265 writes there: of pieces it does not hang on the machine."""
    return re.sub(rb"frame-threads=\d", b"", container.streams.video[0].codec_context.extradata or b"")


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


def test_where_there_are_no_locks_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    source = make_clip(tmp_path / "in.mkv", frames=12)
    with pytest.raises(KeyboardInterrupt):
        made(source, tmp_path / "out.mkv", stopping(identity(), 8))
    assert made(source, tmp_path / "out.mkv", identity()).resumed == 5


def test_frames_that_come_out_otherwise_are_an_error(tmp_path: Path) -> None:
    """A bug, or a decoder that is not the same: no wrong video is made of it."""
    source = make_clip(tmp_path / "in.mkv", frames=12)
    target = tmp_path / "out.mkv"
    with pytest.raises(KeyboardInterrupt):
        made(source, target, stopping(identity(), 11))

    def late(frames: Iterable[Frame], _: Skip) -> Iterator[Frame]:
        return (replace(frame, pts=frame.pts + 1) for frame in frames)

    with pytest.raises(VidrestoreError, match="holds frames of other times"):
        made(source, target, replace(identity(), work=late))


def test_decoding_times_by_hand() -> None:
    """Two pieces, shown 0 3 4 9 | 10 20 22 and decoded 0 9 4 3 | 10 22 20: each waits for two that are shown."""
    assert list(decoding_times([0, 3, 4, 9, 10, 20, 22], [0, 9, 4, 3, 10, 22, 20])) == [-4, -1, 0, 3, 4, 9, 10]
    assert list(decoding_times([5, 7], [5, 7])) == [5, 7]


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
