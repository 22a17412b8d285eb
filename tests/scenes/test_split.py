"""Clips cut exactly at their scenes, encoded or copied, and the command around them."""

import csv
import json
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.base.settings import Encoding, Reading
from vidrestore.cli.commands.split_scenes import split_scenes
from vidrestore.errors import UsageError, VidrestoreError
from vidrestore.frame.frame import Frame, Planes
from vidrestore.scenes import split as split_module
from vidrestore.scenes.assign import by_cuts, by_list
from vidrestore.scenes.list import Scene
from vidrestore.scenes.split import Clip, Result, split
from vidrestore.scenes.split_job import prepare
from vidrestore.video.facts.probe import probe
from vidrestore.video.index import begin
from vidrestore.video.reader import Reader

FAST = Encoding(preset="ultrafast")
EXACT = Encoding(preset="ultrafast", lossless=True)
GOPS = {"g": "10", "keyint_min": "10", "sc_threshold": "0", "bf": "2", "x264-params": "open-gop=0"}
"""A key frame at every tenth frame, B-frames between."""


def cut(source: Path, folder: Path, *lasts: int, copy: bool = False, encoding: Encoding = EXACT) -> Result:
    """Split so that a scene ends with each of the frames `lasts`."""
    firsts = (0, *(last + 1 for last in lasts))
    scenes = [Scene(first, last) for first, last in zip(firsts, lasts, strict=False)]
    job = prepare(source, folder, reading=Reading(), encoding=encoding, copy=copy)
    return split(job, partial(by_list, scenes=scenes))


def frames(path: Path) -> list[Frame]:
    return list(Reader(probe(path)))


def same(clip: Clip, source: Sequence[Frame]) -> None:
    """The clip has its scene's pictures, to the last code, and their times from 0."""
    assert clip.path is not None
    wanted = source[clip.scene.first : clip.scene.last + 1]
    got = frames(clip.path)
    assert [f.pts for f in got] == [f.pts - wanted[0].pts for f in wanted]
    assert [f.duration for f in got[:-1]] == [f.duration for f in wanted[:-1]]
    assert abs(got[-1].duration - wanted[-1].duration) <= Fraction(1, 1000), "all that Matroska's clock tells"
    for a, b in zip(got, wanted, strict=True):
        assert isinstance(a.picture, Planes)
        assert isinstance(b.picture, Planes)
        assert torch.equal(a.picture.y, b.picture.y)
        assert torch.equal(a.picture.u, b.picture.u)


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(streams) if p.size]


def test_clips_hold_their_scenes_to_the_frame(tmp_path: Path) -> None:
    ticks = [0, 1, 2, 4, 8, 9, 10, 12, 13, 17, 18, 19, 20, 22, 25, 26, 27, 28, 29, 33]
    source = make_clip(tmp_path / "in.mp4", frames=20, pts=ticks, time_base=Fraction(1, 30), options={"bf": "2"})
    result = cut(source, tmp_path / "clips", 3, 4, 19)
    assert [clip.path.name for clip in result.clips if clip.path] == [f"in-Scene-{n:03}.mp4" for n in (1, 2, 3)]
    for clip in result.clips:
        same(clip, frames(source))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips", "in.mp4"]


@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_cut_where_the_pictures_are(tmp_path: Path, suffix: str, copy: bool) -> None:
    source = make_clip(tmp_path / f"in{suffix}", frames=60, audio=2, chapters=True, options=GOPS)
    result = cut(source, tmp_path / "clips", 19, 49, 59, copy=copy)
    assert [clip.copied for clip in result.clips] == [copy] * 3
    whole = packets(source, "audio")
    for clip in result.clips:
        assert clip.path is not None
        same(clip, frames(source))
        start, end = (float(moment) for moment in clip.scene.times)
        got, offset = packets(clip.path, "audio"), packets(clip.path, "video")[0][0]
        assert len(got) > 10
        for time, data in got:
            assert min(abs(time - offset + start - t) for t, d in whole if d == data) < 0.002
        times = sorted(time - offset for time, _ in got)
        assert times[0] < 0.03
        assert end - start - 0.06 < times[-1] < end - start
        with av.open(str(clip.path)) as container:
            assert not container.chapters()


def test_copies_are_the_sources_packets(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=40, options=GOPS, rotation=90)
    result = cut(source, tmp_path / "clips", 9, 29, 39, copy=True)
    copied = [data for clip in result.clips if clip.path for _, data in packets(clip.path, "video")]
    assert copied == [data for _, data in packets(source, "video")]
    for clip in result.clips:
        assert clip.path is not None
        same(clip, frames(source))
        assert probe(clip.path).rotation == 90
    assert result.warnings == []


def test_what_cannot_be_copied_is_encoded_and_said(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=40, options=GOPS)
    result = cut(source, tmp_path / "clips", 9, 24, 29, 39, copy=True)
    assert [clip.copied for clip in result.clips] == [True, False, False, True]
    for clip in result.clips:
        same(clip, frames(source))
    second, third = result.warnings
    assert second.startswith("scene 2 is encoded, not copied: frames at its end need later ones")
    assert third == "scene 3 is encoded, not copied: its first frame is no key frame"


def test_the_second_pass_begins_with_the_first_scene_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "NEAR", Fraction(0))
    read: list[Reader] = []

    def watched(*args: object, **kwargs: object) -> Reader:
        read.append(Reader(*args, **kwargs))  # type: ignore[arg-type]
        return read[-1]

    monkeypatch.setattr(split_module, "Reader", watched)
    source = make_clip(tmp_path / "in.mp4", frames=50, options=GOPS)
    result = cut(source, tmp_path / "clips", 29, 44, 49, copy=True)
    assert [clip.copied for clip in result.clips] == [True, False, False]
    first, second = read
    assert second._decoder is not None
    assert (first.given, second._decoder.first) == (50, 30)
    for clip in result.clips:
        same(clip, frames(source))


def test_packets_the_container_does_not_take_are_encoded(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.avi", frames=12, codec="mpeg4").rename(tmp_path / "in.webm")
    result = cut(source, tmp_path / "clips", 11, copy=True, encoding=Encoding())
    assert not result.clips[0].copied
    assert "webm cannot hold its mpeg4" in result.warnings[0]


def test_pictures_become_folders(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for n in range(7):
        assert cv2.imwrite(str(source / f"{n}.png"), torch.full((16, 16, 3), n * 30).byte().numpy())
    result = cut(source, tmp_path / "clips", 3, 6, encoding=Encoding())
    names = [sorted(p.name for p in clip.path.glob("*.png")) for clip in result.clips if clip.path]
    assert names == [[f"frame_{n:08}.png" for n in range(1, count + 1)] for count in (4, 3)]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=30)

    def broken(stream):
        for placed in by_list(stream, [Scene(0, 9), Scene(10, 29)]):
            if placed.number == 20:
                raise VidrestoreError("the plug was pulled")
            yield placed

    job = prepare(source, tmp_path / "clips", reading=Reading(), encoding=FAST)
    with pytest.raises(VidrestoreError, match="plug"):
        split(job, broken)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    with pytest.raises(UsageError, match="none of the scenes"):
        split(job, partial(by_list, scenes=[Scene(100, 109)]))
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_nothing_of_the_users_is_touched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=10)
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "mine.txt").write_text("mine")
    assert [clip.path for clip in cut(source, clips, 4, 9).clips] == [clips / f"in-Scene-00{n}.mp4" for n in (1, 2)]
    with pytest.raises(UsageError, match=r"in-Scene-001\.mp4 exists; use -y"):
        cut(source, clips, 9)
    again = prepare(source, clips, reading=Reading(), encoding=FAST, overwrite=True)
    assert split(again, by_cuts).warnings == [f"{clips / 'in-Scene-002.mp4'} is of an earlier run"]
    assert (clips / "mine.txt").read_text() == "mine"
    assert len(frames(clips / "in-Scene-001.mp4")) == 10
    for folder, says in ((source, "is a file"), (tmp_path / "no" / "clips", "there is no folder")):
        with pytest.raises(UsageError, match=says):
            prepare(source, folder, reading=Reading(), encoding=FAST)


def test_a_folder_of_the_users_under_the_name_the_clips_grow_under_is_left_alone(tmp_path: Path) -> None:
    source, mine = make_clip(tmp_path / "in.mp4", frames=4), tmp_path / "clips.part" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UsageError, match="is in the way"):
        prepare(source, tmp_path / "clips", reading=Reading(), encoding=FAST, overwrite=True)
    assert mine.read_text() == "mine"


def test_the_current_folder_gets_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    source = make_clip(tmp_path / "here" / "in.mp4", frames=4)
    monkeypatch.chdir(tmp_path / "here")
    cut(source, Path("."), 3)
    assert sorted(path.name for path in Path(".").iterdir()) == ["in-Scene-001.mp4", "in.mp4"]
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_only_listing_writes_nothing(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=10)
    (clip,) = split(prepare(source, None, reading=Reading(), encoding=FAST), by_cuts).clips
    assert (clip.path, clip.scene.frames) == (None, 10)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(split_scenes)


def invoke(*args: object):
    return CliRunner().invoke(APP, [str(arg) for arg in args])


def refused(*args: object, says: str) -> None:
    result = invoke(*args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert says in line


@pytest.fixture
def film(shared_data: Path) -> Path:
    """390 frames with a cut at frame 241, two sound tracks, two of subtitles."""
    return shared_data / "clips" / "two_audio_two_subs.mp4"


def test_the_command_finds_lists_and_cuts(film: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("list.csv", "stats.csv", "plot.png")}
    options = ("--csv", files["list.csv"], "--stats", files["stats.csv"], "--plot", files["plot.png"])
    result = invoke(film, tmp_path / "clips", *options, "--json", "-q", "--preset", "ultrafast")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    report = json.loads(result.stdout)
    assert report["cuts"] == 1
    assert report["frames_in"] == report["frames_out"] == 390
    assert report["duration_in"] == pytest.approx(13.013)
    assert report["duration_out"] == pytest.approx(13.013)
    assert [(s["start_frame"], s["end_frame"]) for s in report["scenes"]] == [(1, 240), (241, 390)]
    assert [s["start"] for s in report["scenes"]] == [0, pytest.approx(8.008)]
    assert [len(frames(Path(s["path"]))) for s in report["scenes"]] == [240, 150]
    with files["list.csv"].open() as text:
        assert len(next(csv.reader(text))) == 2
        assert [row["Start Frame"] for row in csv.DictReader(text)] == ["1", "241"]
    with files["stats.csv"].open() as text:
        rows = list(csv.DictReader(text))
    assert [int(row["Frame Number"]) for row in rows if row["cut"] == "1"] == [241]
    assert len(rows) == 390
    assert float(rows[240]["score"]) > 1.6
    assert cv2.imread(str(files["plot.png"])).shape[1] >= 800
    with av.open(report["scenes"][1]["path"]) as container:
        assert [stream.type for stream in container.streams].count("audio") == 2


def test_the_list_goes_to_stdout_and_comes_back_edited(film: Path, tmp_path: Path) -> None:
    listed = invoke(film, "--list-only", "--format", "pairs", "-q")
    assert (listed.exit_code, listed.stdout, listed.stderr) == (0, "1,240\n241,390\n", "")
    edited = tmp_path / "edited.csv"
    edited.write_text("11,20\n241,250\n")
    result = invoke(film, tmp_path / "clips", "--scenes", edited, "--preset", "ultrafast", "-q", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [s["frames"] for s in report["scenes"]] == [10, 10]
    assert report["detector"] is None
    assert report["frames_in"] < 300, "reading goes on after the last scene"


def test_a_cut_off_file_ends_with_three_and_keeps_what_there_was(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "clips" / "truncated_60pct.mp4"
    result = invoke(source, tmp_path / "clips", "--preset", "ultrafast")
    assert result.exit_code == 3
    assert "cut off" in result.stderr
    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["truncated_60pct-Scene-001.mp4"]


def test_wrong_usage_is_one_line_and_two(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=5)
    pairs, there = tmp_path / "pairs.csv", tmp_path / "there.csv"
    pairs.write_text("1,5\n")
    there.write_text("precious")
    out = tmp_path / "out"
    refused(source, out, "--threshold", 0, says="threshold 0")
    refused(source, out, "--min-scene-len", "long", says="long")
    refused(source, out, "--scenes", pairs, "--stats", tmp_path / "s.csv", says="--stats")
    refused(source, out, "--scenes", tmp_path / "none.csv", says="none.csv")
    refused(source, out, "--scenes", pairs, "--by-time", says="no times")
    refused(source, out, "--by-time", says="--scenes")
    refused(source, out, "--csv", there, says="-y")
    refused(source, out, "--csv", source, "-y", says="the input itself")
    refused(source, out, "--copy", "--deinterlace", "auto", says="--copy")
    refused(source, out, "-c", "nonsense", says="nonsense")
    refused(source, source, says="is a file")
    refused(tmp_path / "none.mp4", out, says="none.mp4")
    assert there.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "pairs.csv", "there.csv"]


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".avi"])
def test_sound_at_a_cut_is_in_one_clip_only(tmp_path: Path, suffix: str) -> None:
    """A packet that begins where a clip ends was in that one too: laid end to end, clips drifted by it."""
    source = tmp_path / f"in{suffix}"
    with av.open(str(source), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0"})
        video.width = video.height = 64
        sound = output.add_stream("pcm_s16le", rate=48000, layout="mono")
        for number in range(20):
            shown = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 10, np.uint8), format="rgb24")
            heard = av.AudioFrame.from_ndarray(np.full((1, 1920), number, np.int16), format="s16", layout="mono")
            shown.pts, shown.time_base = number, Fraction(1, 25)
            heard.pts, heard.time_base, heard.sample_rate = number * 1920, Fraction(1, 48000), 48000
            output.mux(video.encode(shown))
            output.mux(sound.encode(heard))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))
    samples = []
    for clip in cut(source, tmp_path / "clips", 9, 19, encoding=FAST).clips:
        assert clip.path is not None
        with av.open(str(clip.path)) as container:
            samples.append(np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)]))
    with av.open(str(source)) as container:
        packet = max(packet.duration * packet.time_base for packet in container.demux(audio=0) if packet.size)
    # Packets are copied whole: which clip has one that lies across the cut is its own start's to say.
    assert abs(len(samples[0]) - 19200) < packet * 48000 and samples[0].max() <= 9 + (packet > 0.05)
    assert len(samples[0]) + len(samples[1]) == 38400
