"""`vidrestore interpolate` from file to file. The frames between are averages here; what makes them is tested apart."""

import csv
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from typer.testing import CliRunner

from tests.clips import make_clip, picture
from tests.real_clips import BROKEN_TIMES, NAMES, NOT_VIDEOS, SIX, sound
from tests.restoration.interpolation.blend import Blend
from vidrestore.cli import app
from vidrestore.restoration.interpolation.choose import Choice
from vidrestore.restoration.interpolation.retime import Retimer
from vidrestore.video.facts.probe import probe

F = Fraction
NTSC = F(1001, 1000)


@pytest.fixture
def average(monkeypatch: pytest.MonkeyPatch) -> Blend:
    blend = Blend()
    monkeypatch.setattr(Choice, "load", lambda _: blend)
    return blend


def run(*words: object) -> tuple[int, dict, str]:
    """Exit code, report and stderr."""
    result = CliRunner().invoke(app, ["interpolate", *map(str, words), "--json"], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, json.loads(result.stdout) if result.stdout else {}, result.stderr


def done(*words: object) -> dict:
    code, report, errors = run(*words)
    assert code == 0, errors
    return report


def refused(code: int, *words: object, says: str) -> None:
    found, report, errors = run(*words)
    assert (found, report) == (code, {})
    assert len(errors.strip().splitlines()) == 1 and says in errors, errors


def times(path: Path) -> list[tuple[F, F]]:
    """pts and duration of each frame, in seconds; durations as the packets have them."""
    with av.open(str(path)) as container:
        tick = container.streams.video[0].time_base
        packets = sorted((p.pts, p.duration) for p in container.demux(video=0) if p.size)
    return [(pts * tick, duration * tick) for pts, duration in packets]


def pictures(path: Path) -> list[list[np.ndarray]]:
    """The planes of every frame."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    dtype = np.uint8 if frames[0].format.components[0].bits == 8 else np.uint16
    return [
        [np.frombuffer(p, dtype).reshape(p.height, -1)[:, : p.width].copy() for p in frame.planes] for frame in frames
    ]


def same(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# Exactness


def constant(tmp_path: Path, rate: F, frames: int) -> Path:
    """With sound, and with B-frames, which come out of order."""
    base = 1 / (rate * 512)
    pts = range(0, 512 * frames, 512)
    return make_clip(tmp_path / "in.mp4", rate=rate, frames=frames, pts=pts, time_base=base, audio=1)


@pytest.mark.parametrize(
    ("source", "asked", "rate", "frames", "made"),
    [
        (F(24000, 1001), "60", F(60), 48, 121),  # 48 frames are 2.002 s; the last frame begins at 2 s
        (F(24000, 1001), "59.94", F(60000, 1001), 48, 120),
        (F(25), "50", F(50), 40, 80),
        (F(30000, 1001), "59.94", F(60000, 1001), 40, 80),
        (F(30000, 1001), "60000/1001", F(60000, 1001), 40, 80),
        (F(60), "23.976", F(24000, 1001), 60, 24),  # 1 s holds 23.98 frames of the result
    ],
)
def test_a_rate_is_met_exactly(
    average: Blend, tmp_path: Path, source: F, asked: str, rate: F, frames: int, made: int
) -> None:
    clip, out = constant(tmp_path, source, frames), tmp_path / "out.mp4"
    report = done(clip, out, "--fps", asked)
    assert (report["frames_in"], report["frames_out"]) == (frames, made)
    assert times(out) == [(k / rate, 1 / rate) for k in range(made)]
    assert 0 <= made / rate - frames / source < 1 / rate
    assert report["duration_in"] == pytest.approx(float(frames / source))
    assert report["duration_out"] == pytest.approx(float(made / rate))
    assert sound(out) == sound(clip) != []
    assert probe(out).rate == rate


@pytest.mark.parametrize(("asked", "factor"), [("2", F(2)), ("4", F(4)), ("5/2", F(5, 2)), ("2.5", F(5, 2))])
def test_a_factor_at_a_constant_rate(average: Blend, tmp_path: Path, asked: str, factor: F) -> None:
    clip, out = constant(tmp_path, F(24000, 1001), 24), tmp_path / "out.mp4"
    done(clip, out, "-x", asked)
    step = F(1001, 24000) / factor
    assert times(out) == [(k * step, step) for k in range(int(24 * factor))]
    assert sound(out) == sound(clip) != []


def test_doubling_a_variable_rate(average: Blend, tmp_path: Path) -> None:
    pts = [0, 1001, 2002, 4004, 4505, 7000, 10010, 10011, 20020, 30030]
    clip = make_clip(tmp_path / "in.mp4", frames=10, pts=pts, time_base=F(1, 30000), audio=1, options={"bf": "0"})
    done(clip, tmp_path / "out.mp4")
    doubled = [0, 1001, 2002, 3003, 4004, 6006, 8008, 8509, 9010, 11505]
    doubled += [14000, 17010, 20020, 20021, 20022, 30031, 40040, 50050, 60060]
    # The file gives the last frame a thirtieth of a second, which the frames before contradict: it lasts as they do.
    doubled += [70070]
    assert [pts * 60000 for pts, _ in times(tmp_path / "out.mp4")] == doubled
    assert probe(tmp_path / "out.mp4").duration == F(30030 + 10010, 30000), "as long as the source"
    assert sound(tmp_path / "out.mp4") == sound(clip) != []


@pytest.mark.parametrize("name", ["out.mkv", "out.ts", "out.mov", "out.avi"])
def test_sound_is_copied_into_every_container(average: Blend, tmp_path: Path, name: str) -> None:
    clip = constant(tmp_path, F(25), 20)
    done(clip, tmp_path / name)
    found, step = times(tmp_path / name), F(1, 50)
    start = found[0][0]
    assert [round((pts - start) / step) for pts, _ in found] == list(range(40))
    assert all(abs(pts - start - k * step) <= F(1, 1000) for k, (pts, _) in enumerate(found))
    # MPEG-TS has 7 bytes of header before each packet; AVI has no place for what AAC begins with before 0.
    kept, original = sound(tmp_path / name), sound(clip)[-len(sound(tmp_path / name)) :]
    assert [packet[-len(was) :] for packet, was in zip(kept, original, strict=True)] == original
    assert len(original) >= len(sound(clip)) - (name == "out.avi")


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_the_sources_frames_are_bit_exact(average: Blend, tmp_path: Path, pix_fmt: str) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=8, pix_fmt=pix_fmt)
    done(clip, tmp_path / "out.mkv", "-c", "ffv1")
    source, made = pictures(clip), pictures(tmp_path / "out.mkv")
    assert len(made) == 16
    assert all(same(one, other) for one, other in zip(source, made[::2], strict=True))
    assert same(made[-1], source[-1]), "the last has nothing to move to"
    for one, other, between in zip(source, source[1:], made[1::2], strict=False):
        middle = (one[0].astype(float) + other[0]) / 2
        assert np.abs(between[0] - middle).max() <= 1


def test_equal_frames_are_repeated_untouched(average: Blend, tmp_path: Path) -> None:
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(4):
            frame = picture(7, (64, 48), "yuv420p")
            frame.pts, frame.time_base = number, F(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    done(path, tmp_path / "out.mkv", "-c", "ffv1", "-x", "4")
    made = pictures(tmp_path / "out.mkv")
    assert len(made) == 16 and all(same(made[0], other) for other in made)
    assert not average.asked


def test_slow_motion(average: Blend, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=10, rate=F(25), audio=1)
    report = done(clip, tmp_path / "out.mp4", "--slow-motion", "5/2")
    assert times(tmp_path / "out.mp4") == [(F(k, 25), F(1, 25)) for k in range(25)]
    assert any("sound left out" in warning for warning in report["warnings"])
    assert sound(tmp_path / "out.mp4") == []
    done(clip, tmp_path / "loud.mp4", "--slow-motion", "4", "--audio", "stretch")
    with av.open(str(tmp_path / "loud.mp4")) as container:
        seconds = sum(F(frame.samples, frame.sample_rate) for frame in container.decode(audio=0))
    with av.open(str(clip)) as container:
        before = sum(F(frame.samples, frame.sample_rate) for frame in container.decode(audio=0))
    assert 0 <= seconds - 4 * before < F(1024, 48000)


# Cuts and repeats


@pytest.fixture(scope="module")
def six_shots(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """Six clips of training data joined, small and without loss; and the first frames of all but the first."""
    path = tmp_path_factory.mktemp("six") / "six.mkv"
    small, count, cuts = VideoReformatter(), 0, []
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for name, length in zip(SIX, (9, 8, 10, 8, 9, 8), strict=True):
            cuts.append(count)
            with av.open(str(shared_data / "train" / "video" / f"{name}.mp4")) as clip:
                for frame, _ in zip(clip.decode(video=0), range(length), strict=False):
                    ready = small.reformat(frame, 160, 90, "yuv420p")
                    ready.pts, ready.time_base, ready.pict_type = count, F(1, 24), 0
                    output.mux(stream.encode(ready))
                    count += 1
        output.mux(stream.encode(None))
    return path, cuts[1:]


def blended(source: list[list[np.ndarray]], made: list[list[np.ndarray]], cuts: Sequence[int]) -> list[bool]:
    """For each cut, whether what lies between the two shots, at twice the rate, is of neither."""
    return [not same(made[2 * cut - 1], source[cut - 1]) and not same(made[2 * cut - 1], source[cut]) for cut in cuts]


@pytest.mark.parametrize("on_cut", ["hold", "nearest", "blend"])
def test_cuts(average: Blend, tmp_path: Path, six_shots: tuple[Path, list[int]], on_cut: str) -> None:
    clip, cuts = six_shots
    report = done(clip, tmp_path / "out.mkv", "-c", "ffv1", "--on-cut", on_cut)
    source, made = pictures(clip), pictures(tmp_path / "out.mkv")
    assert report["cuts"] == len(cuts) == 5
    assert blended(source, made, cuts) == [on_cut == "blend"] * 5
    assert all(same(one, other) for one, other in zip(source, made[::2], strict=True))
    shown = [same(made[2 * cut - 1], source[cut]) for cut in cuts]
    assert shown == [on_cut == "nearest"] * 5
    # Everywhere else new frames are made.
    inside = [n for n in range(len(source) - 1) if n + 1 not in cuts]
    assert not any(same(made[2 * n + 1], source[n]) for n in inside)


def test_cuts_of_a_list(average: Blend, tmp_path: Path, six_shots: tuple[Path, list[int]]) -> None:
    clip, cuts = six_shots
    listed = tmp_path / "cuts.csv"
    # Two of the five, and a scene the video does not have.
    listed.write_text(f"1,{cuts[1]}\n{cuts[1] + 1},{cuts[3]}\n500,600\n")
    report = done(clip, tmp_path / "out.mkv", "-c", "ffv1", "--cuts", listed)
    source, made = pictures(clip), pictures(tmp_path / "out.mkv")
    assert report["cuts"] == 2
    assert blended(source, made, cuts) == [True, False, True, False, True]
    assert "scenes of the list that are not in the video, which has 52 frames: 1" in report["warnings"]


def test_cuts_none_makes_one_shot_of_all(average: Blend, tmp_path: Path, six_shots: tuple[Path, list[int]]) -> None:
    clip, cuts = six_shots
    report = done(clip, tmp_path / "out.mkv", "-c", "ffv1", "--cuts", "none", "--start", f"{cuts[0] - 2}f")
    source, made = pictures(clip)[cuts[0] - 2 :], pictures(tmp_path / "out.mkv")
    assert report["cuts"] == 0
    assert blended(source, made, [cut - cuts[0] + 2 for cut in cuts]) == [True] * 5


@pytest.mark.parametrize(("cuts", "held"), [("auto", [False, True]), ("none", [False, False])])
def test_a_folder_of_two_pictures(
    average: Blend, tmp_path: Path, shared_data: Path, cuts: str, held: list[bool]
) -> None:
    """Fast motion is interpolated; pictures that have nothing in common are not, unless that is asked for."""
    bike, kart = (shared_data / "eval" / "davis_triplets" / name for name in ("bike-trial", "kart-turn"))
    fast, joined = (bike / "frame10.png", bike / "frame11.png"), (bike / "frame10.png", kart / "frame10.png")
    for (first, second), wanted in zip((fast, joined), held, strict=True):
        folder = tmp_path / second.parent.name
        folder.mkdir()
        size = cv2.imread(str(first)).shape[1::-1]
        for number, path in enumerate((first, second)):
            cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(cv2.imread(str(path)), size))
        report = done(folder, tmp_path / f"{folder.name}_out", "--rate", "24", "--cuts", cuts)
        made = [cv2.imread(str(path)) for path in sorted((tmp_path / f"{folder.name}_out").iterdir())]
        assert report["cuts"] == wanted
        assert np.array_equal(made[0], made[1]) == wanted


def test_animation_on_threes_and_twos_becomes_motion(average: Blend, tmp_path: Path, shared_data: Path) -> None:
    clip = shared_data / "clips" / "yuv444.mkv"
    kept = done(clip, tmp_path / "kept.mkv", "-c", "ffv1", "-x", "1", "--end", "44f")
    report = done(clip, tmp_path / "out.mkv", "-c", "ffv1", "-x", "1", "--end", "44f", "--duplicates", "retime")
    source, made = pictures(tmp_path / "kept.mkv"), pictures(tmp_path / "out.mkv")
    assert not any("repeated" in warning for warning in kept["warnings"])
    assert times(tmp_path / "out.mkv") == times(tmp_path / "kept.mkv")
    untouched = [n for n in range(44) if same(source[n], made[n])]
    # A bird flies through on twos: frames 29, 31 ... 39 are drawn, those between repeat them.
    assert [n for n in untouched if 29 <= n <= 39] == [29, 31, 33, 35, 37, 39]
    assert f"repeated pictures that motion took the place of: {44 - len(untouched)}" in report["warnings"]


# The command line


def test_wrong_usage_is_one_line(tmp_path: Path) -> None:
    clip, out = make_clip(tmp_path / "in.mp4", frames=4), tmp_path / "out.mp4"
    refused(2, clip, out, "-x", "2", "--fps", "60", says="-x 2 and --fps 60 are two timings")
    refused(2, clip, out, "-x", "0.5", says="-x 0.5")
    refused(2, clip, out, "-x", "2/0", says="-x 2/0")
    refused(2, clip, out, "--slow-motion", "fast", says="--slow-motion fast")
    refused(2, clip, out, "--fps", "5000", says="--fps 5000")
    refused(2, clip, out, "--audio", "stretch", says="--slow-motion")
    refused(2, clip, out, "--cuts", "off", says="--cuts off: there is no such file; give auto, none or a scene list")
    listed = tmp_path / "listed.csv"
    listed.write_text("1,2\n")
    refused(2, clip, out, "--cuts", listed, "--start", "1", says="--start")
    listed.unlink()
    refused(2, clip, clip, says="input")
    refused(4, clip, out, "-m", "nonsense", says="nonsense")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_name_of_its_own(average: Blend, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=4)
    for words in ((), ("-x", "5/2"), ("--fps", "59.94"), ("--slow-motion", "4")):
        done(clip, *words)
    names = {"in.mp4", "in_fps_x2.mp4", "in_fps_x2.5.mp4", "in_59.94fps.mp4", "in_slow4.mp4"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_folders_result_is_a_folder(average: Blend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = tmp_path / "pics.v1"
    done(make_clip(tmp_path / "in.mp4", frames=3), pictures.with_name("p"), "-x", "1")
    pictures.with_name("p").rename(pictures)
    for words in (("-x", "5/2"), ("--fps", "59.94")):
        done(pictures, *words)
    monkeypatch.chdir(pictures)
    done(Path("."))
    names = {"in.mp4", "pics.v1", "pics_v1_fps_x2_5", "pics_v1_59_94fps", "pics_v1_fps_x2"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_slow_motion_of_pictures_knows_the_sources_times(average: Blend, tmp_path: Path) -> None:
    done(make_clip(tmp_path / "in.mp4", frames=3, rate=F(25)), tmp_path / "out", "--slow-motion", "4")
    with (tmp_path / "out" / "frames.csv").open(newline="") as file:
        assert [F(row["source_pts"]) for row in csv.DictReader(file)] == [F(n, 100) for n in range(12)]


def test_dry_run_and_progress_know_the_frames(average: Blend, tmp_path: Path) -> None:
    clip, out = constant(tmp_path, F(24000, 1001), 48), tmp_path / "out.mp4"
    plan = done(clip, out, "--fps", "60", "--dry-run")
    assert (plan["frames"], plan["rate"]) == (121, "60")
    assert plan["seconds"] == pytest.approx(121 * plan["seconds_per_frame"], abs=0.1)
    assert not out.exists()
    _, _, errors = run(clip, out, "--fps", "60", "--progress", "json")
    events = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert (events[-1]["frame"], events[-1]["total"]) == (121, 121)


def test_pictures_in_and_out(average: Blend, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=3, codec="libx264", options={"qp": "0"})
    done(clip, tmp_path / "folder", "-x", "1")
    report = done(tmp_path / "folder", tmp_path / "out", "--rate", "10", "-x", "3")
    assert report["frames_out"] == len(list((tmp_path / "out").glob("*.png"))) == 9
    rows = (tmp_path / "out" / "frames.csv").read_text().splitlines()[1:]
    assert len(rows) == 9 and "1/30" in rows[1]


def test_a_frame_too_few_is_an_error_not_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clip, out = make_clip(tmp_path / "in.mp4", frames=9), tmp_path / "out.mp4"
    original = Retimer.run
    monkeypatch.setattr(Choice, "load", lambda _: Blend())
    monkeypatch.setattr(Retimer, "run", lambda *a, **k: (f for n, f in enumerate(original(*a, **k)) if n != 4))
    refused(1, clip, out, says="9 frames were read, 18 must come of them, 17 did")
    assert not out.exists()


# Odd files


@pytest.mark.parametrize("name", NAMES)
def test_first_frames_of_every_clip(average: Blend, name: str, shared_data: Path, tmp_path: Path) -> None:
    source, target = shared_data / "clips" / name, tmp_path / "out.mp4"
    code, report, errors = run(source, target, "--end", "3f", "--preset", "ultrafast")
    if name in NOT_VIDEOS:
        assert code == 3 and len(errors.strip().splitlines()) == 1
        assert not target.exists()
        return
    assert code == 0, errors
    count = 1 if name == "one_frame.y4m" else 3
    info, made = probe(source), probe(target)
    assert (report["frames_in"], report["frames_out"]) == (count, 2 * count)
    assert report["duration_out"] == pytest.approx(report["duration_in"], abs=1e-5)
    assert abs(report["width"] - info.width) <= 1 and abs(report["height"] - info.height) <= 1
    assert (made.colour.depth, made.colour.full_range, made.colour.matrix) == (
        info.colour.depth,
        info.colour.full_range,
        info.colour.matrix,
    )
    assert made.rotation == info.rotation
    assert (made.sample_aspect_ratio or 1) == (info.sample_aspect_ratio or 1)
    found = [pts for pts, _ in times(target)]
    if name not in BROKEN_TIMES:
        alone = tmp_path / "alone.mp4"
        done(source, alone, "--end", "3f", "-x", "1", "--preset", "ultrafast")
        sources = [pts for pts, _ in times(alone)]
        assert found[::2] == sources, "the source's frames keep their times"
        assert found[1:-1:2] == [(one + other) / 2 for one, other in pairwise(sources)]
    if not any("audio" in warning for warning in report["warnings"]):
        headers = (0, 7) if source.suffix == ".ts" else (0,)
        kept, original = sound(target), sound(source)
        assert all(b.endswith(a) and len(b) - len(a) in headers for a, b in zip(kept, original, strict=False))
        assert bool(kept) == bool(original)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_VIDEOS])
@pytest.mark.parametrize("words", [("--fps", "50"), ("--slow-motion", "3/2", "--audio", "stretch")])
def test_whole_clips(average: Blend, name: str, words: tuple[str, ...], shared_data: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    code, report, errors = run(shared_data / "clips" / name, target, *words, "--preset", "ultrafast", "--end", "100f")
    assert code in (0, 3), errors
    assert code == 0 or any("cut off" in warning for warning in report["warnings"])
    stretch = 1.5 if "--slow-motion" in words else 1
    assert report["duration_out"] == pytest.approx(report["duration_in"] * stretch, abs=0.02)
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == report["frames_out"]


@pytest.mark.parametrize("words", [("--start", "2f"), ("--deinterlace", "fields")])
def test_what_follows_the_last_frame_lies_on_the_sources_clock(words: tuple[str, str], tmp_path: Path) -> None:
    """Where a file does not say how long its last frame lasts, the rate does, which no clock of milliseconds has."""
    source = make_clip(tmp_path / "in.mkv", frames=3, rate=Fraction(30000, 1001), codec="ffv1")
    source.write_bytes(source.read_bytes().replace(b"\x23\xe3\x83", b"\x23\xe3\x84"))  # DefaultDuration is no more
    target = tmp_path / "out.mp4"
    result = CliRunner().invoke(app, ["interpolate", str(source), str(target), "--quality", "fast", *words])
    assert result.exit_code == 0, result.stderr
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == (2 if words[0] == "--start" else 12)
