"""Comparisons: what is scored, which frames belong together, what is refused, what is written."""

import csv
import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from tests.clips import make_clip, picture
from vidrestore.base.settings import METRICS, Comparing
from vidrestore.cli.commands.metrics import metrics
from vidrestore.errors import UsageError
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Colour, Planes
from vidrestore.metrics.compare.compare import compare
from vidrestore.metrics.compare.rgb import luma_of_planes, rgb_of_planes
from vidrestore.metrics.compare.shift import shift
from vidrestore.metrics.compare.summary import summarise
from vidrestore.metrics.psnr import matlab_luma, psnr
from vidrestore.metrics.ssim import ssim

SIZE = (128, 96)


def clip(
    path: Path,
    pictures: Sequence[int],
    *,
    size: tuple[int, int] = SIZE,
    rate: Fraction = Fraction(25),
    pts: Sequence[int] | None = None,
    error: Callable[[int], int] = lambda _: 0,
    pix_fmt: str = "yuv420p",
    **colour: int,
) -> Path:
    """A lossless clip of the given pictures of tests.clips; `error` is added to the luma of each, by its place."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = 1 / rate
        for name, value in colour.items():
            setattr(stream.codec_context, name, value)
        for place, index in enumerate(pictures):
            frame = picture(index, size, pix_fmt)
            luma = torch.from_dlpack(frame.planes[0])
            luma.copy_((luma.int() + error(place)).to(luma.dtype))
            frame.pts, frame.time_base = place if pts is None else pts[place], 1 / rate
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def folder(path: Path, pictures: Sequence[np.ndarray]) -> Path:
    """Pictures, red first, as PNG files."""
    path.mkdir()
    for number, rgb in enumerate(pictures):
        cv2.imwrite(str(path / f"picture_{number}.png"), rgb[..., ::-1])
    return path


app = typer.Typer()
app.command()(metrics)


def invoke(*args: object):
    return CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "200"})


def refused(code: int, *args: object, says: Sequence[str]) -> None:
    result = invoke(*args)
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == code, result.output
    assert len(lines) == 1, lines
    assert all(word in lines[0] for word in says), lines[0]
    assert result.stdout == ""


# What is scored


@pytest.mark.parametrize(
    ("siting", "subsampling", "depth"),
    list(product(("left", "center", "topleft"), ((0, 0), (1, 0), (1, 1), (0, 1), (2, 0), (2, 2)), (8, 10))),
)
@pytest.mark.parametrize("full_range", [False, True])
def test_rgb_is_what_colour_gives(siting: str, subsampling: tuple[int, int], depth: int, full_range: bool) -> None:
    height, width = 131, 53  # two bands, odd
    sx, sy = subsampling
    colour = Colour("bt709", full_range, siting, depth)
    kind = torch.uint8 if depth == 8 else torch.uint16
    y, u, v = (
        torch.randint(0, 1 << depth, size).to(kind)
        for size in ((height, width), *2 * [(-(-height // (1 << sy)), -(-width // (1 << sx)))])
    )
    planes = Planes(y, u, v, colour, sx, sy)
    expected = (to_rgb(planes) * 255).clamp(0, 255).permute(1, 2, 0).numpy()
    found = rgb_of_planes(planes)
    assert found.dtype == (np.uint8 if depth == 8 else np.float32)
    error = np.abs(found - (np.rint(expected) if depth == 8 else expected))
    if depth == 8:  # a rounding tie may fall either way
        assert error.max() <= 1
        assert (error > 0).mean() < 0.001
    else:
        assert error.max() < 1e-3


def test_grey_and_luma_of_any_range_and_depth() -> None:
    codes = torch.arange(16, 236, dtype=torch.uint8)[None].repeat(3, 1)
    grey = Planes(codes, None, None, Colour("bt601"), 0, 0)
    assert np.array_equal(luma_of_planes(grey), codes)
    levels = rgb_of_planes(grey)
    assert (levels[..., 0] == levels[..., 2]).all()
    assert (levels[0, 0, 0], levels[0, -1, 0]) == (0, 255)
    full = Planes(torch.tensor([[0, 255]], dtype=torch.uint8), None, None, Colour("bt601", True), 0, 0)
    deep = Planes(torch.tensor([[64, 940]]).to(torch.uint16), None, None, Colour("bt601", depth=10), 0, 0)
    for planes in (full, deep):
        np.testing.assert_allclose(luma_of_planes(planes), [[16, 235]])


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "gbrp10le", "gray"])
def test_a_file_against_itself(tmp_path: Path, pix_fmt: str) -> None:
    path = clip(tmp_path / "a.mkv", range(3), size=(192, 176), pix_fmt=pix_fmt)
    found = compare(path, path, comparing=Comparing(metrics=METRICS))
    assert [found.summary(name).mean for name in METRICS[:-1]] == [*2 * [float("inf")], 1, 1, 1, 0, 0, 0]
    assert found.luma == ("rgb" if pix_fmt == "gbrp10le" else "planes")
    assert all(found.worst(name) == [] for name in METRICS[:-1])


def test_scores_are_those_of_the_decoded_planes(tmp_path: Path) -> None:
    """The luma of two videos is compared as stored; an error of 3 codes has a known psnr."""
    one = clip(tmp_path / "a.mkv", range(4))
    other = clip(tmp_path / "b.mkv", range(4), error=lambda place: 3 * (place == 2))
    found = compare(one, other)
    assert [row.scores["psnr_y"] for row in found.rows] == [
        *2 * [float("inf")],
        pytest.approx(38.588, abs=1e-3),
        np.inf,
    ]
    assert found.worst("psnr_y") == [2]
    summary = found.summary("psnr_y")
    assert summary.mean == summary.min == pytest.approx(38.588, abs=1e-3)
    assert summary.infinite == 3


def test_pictures_are_scored_on_rgb_and_matlab_luma(tmp_path: Path, shared_data: Path) -> None:
    files = sorted((shared_data / "eval/set5").glob("*.png"))  # of five sizes
    originals = [cv2.imread(str(path))[..., ::-1] for path in files]
    noise = np.random.default_rng(0)
    damaged = [np.clip(p + noise.normal(0, 9, p.shape), 0, 255).round().astype(np.uint8) for p in originals]
    found = compare(
        files[0].parent, folder(tmp_path / "b", damaged), comparing=Comparing(("psnr", "psnr_y", "ssim_y"), border=4)
    )
    assert (found.luma, found.aligned) == ("rgb", "index")
    for row, x, y, path in zip(found.rows, originals, damaged, files, strict=True):
        x, y = (z[4:-4, 4:-4] for z in (x, y))
        assert row.scores["psnr"] == pytest.approx(psnr(x, y), abs=1e-9)
        x, y = (matlab_luma(z) for z in (x, y))
        assert row.scores["psnr_y"] == pytest.approx(psnr(x, y), abs=1e-4)
        assert row.scores["ssim_y"] == pytest.approx(ssim(x, y), abs=1e-5)
        assert row.name == path.name


def test_a_video_and_its_pictures_are_the_same(tmp_path: Path) -> None:
    video = clip(tmp_path / "a.mkv", range(5), pts=[0, 1, 4, 5, 9])
    with av.open(str(video)) as source:
        planes = [
            Planes(*(torch.from_dlpack(plane) for plane in frame.planes), Colour("bt601"))
            for frame in source.decode(video=0)
        ]
    pictures = folder(tmp_path / "b", [rgb_of_planes(each) for each in planes])
    for pair in ((video, pictures), (pictures, video)):
        found = compare(*pair)
        assert [row.scores["psnr"] for row in found.rows] == 5 * [float("inf")]
        assert [row.time for row in found.rows] == pytest.approx([0, 0.04, 0.16, 0.2, 0.36])


@pytest.mark.parametrize("name", ["rotated_90_small.mov", "rotate_and_reflect.mp4"])
def test_a_turned_video_and_its_upright_pictures(tmp_path: Path, shared_data: Path, name: str) -> None:
    from vidrestore.base.settings import Reading
    from vidrestore.video.facts.probe import probe
    from vidrestore.video.reader import Reader

    info = probe(shared_data / "clips" / name)
    a, b, _, c, d, *_ = info.display_matrix
    upright = []
    for frame in Reader(info, Reading(end=2)):
        turned = rgb_of_planes(frame.picture)
        if b:
            turned, a_, d_ = turned.swapaxes(0, 1), c, b
        else:
            a_, d_ = a, d
        upright.append(turned[:: 1 if d_ > 0 else -1, :: 1 if a_ > 0 else -1])
    pictures = folder(tmp_path / "b", upright)
    found = compare(info.path, pictures, comparing=Comparing(offset=0))
    assert [row.scores["psnr"] for row in found.rows] == 2 * [float("inf")]


def test_flicker_begins_anew_with_every_scene(tmp_path: Path) -> None:
    from vidrestore.scenes.list import Scene

    one = clip(tmp_path / "a.mkv", range(5))
    other = clip(tmp_path / "b.mkv", range(5), error=lambda place: (0, 2, 2, 9, 4)[place])
    comparing = Comparing(("flicker",))
    assert [row.scores["flicker"] for row in compare(one, other, comparing=comparing).rows] == [None, 2, 0, 7, 5]
    found = compare(one, other, comparing=comparing, scenes=(Scene(0, 2), Scene(3, 4)))
    assert [row.scores["flicker"] for row in found.rows] == [None, 2, 0, None, 5]
    assert [found.summary("flicker", scene=scene).mean for scene in found.scenes] == [1, 5]


def test_summary_by_hand() -> None:
    scores = [float(n) for n in range(1, 41)]
    found = summarise([None, *scores, float("inf")])
    assert (found.mean, found.min, found.max, found.infinite) == (20.5, 1, float("inf"), 1)
    assert (found.p5, found.p95) == (3, 39)
    assert summarise([None]).mean is None
    assert summarise([float("inf")] * 3).mean == float("inf")


# Which frames belong together


@pytest.mark.parametrize("offset", [2, -2])
def test_an_offset_is_noticed_and_found(tmp_path: Path, offset: int) -> None:
    first, second = (0, 2) if offset > 0 else (2, 0)
    one = clip(tmp_path / "a.mkv", range(first, first + 12))
    other = clip(tmp_path / "b.mkv", range(second, second + 12), error=lambda place: place % 3)
    refused(2, one, other, says=["shifted by 2 frames", f"--offset {offset}", "--align auto"])
    for comparing in (Comparing(align="auto"), Comparing(offset=offset)):
        found = compare(one, other, comparing=comparing)
        assert (found.offset, len(found.rows), found.rows[0].frame) == (offset, 10, max(offset, 0))
        assert min(row.scores["psnr_y"] for row in found.rows) > 42
        assert any(f"offset {offset}: the first 2 frames" in line for line in found.warnings)
        assert any("rest is left out" in line for line in found.warnings)
    asis = compare(one, other, comparing=Comparing(align="none"))
    assert (len(asis.rows), asis.offset) == (12, 0)


def test_a_real_clip_cut_at_its_start_is_found(tmp_path: Path, shared_data: Path) -> None:
    """A compressed copy that lacks two frames, of a clip with hardly any motion between frames."""
    source = shared_data / "train/video/davis_blackswan.mp4"
    cut = tmp_path / "cut.mp4"
    with av.open(str(source)) as reading, av.open(str(cut), "w") as writing:
        (video,) = reading.streams.video
        stream = writing.add_stream("libx264", rate=video.average_rate, options={"crf": "38", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for number, frame in enumerate(reading.decode(video)):
            if number >= 2:
                frame.pts, frame.time_base, frame.pict_type = number - 2, 1 / video.average_rate, 0
                writing.mux(stream.encode(frame))
        writing.mux(stream.encode(None))
    with pytest.raises(UsageError, match="shifted by 2 frames"):
        compare(source, cut)
    found = compare(source, cut, comparing=Comparing(("psnr_y",), align="auto"))
    assert found.offset == 2
    assert found.rows[0].frame == 2


def test_shift_against_every_offset() -> None:
    random = np.random.default_rng(0)
    walk = np.cumsum(random.normal(size=(40, 576)), axis=0).astype(np.float32)
    for offset in range(-15, 16):
        one, other = walk[max(-offset, 0) :], walk[max(offset, 0) :]
        assert shift(one, other).offset == offset
    still = np.ones((30, 576), np.float32)
    assert shift(still, still[4:]).offset == 0
    assert shift(still, still).gain == 1


def test_other_sizes_rates_and_lengths_are_refused(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mkv", range(12))
    refused(2, one, clip(tmp_path / "s.mkv", range(12), size=(64, 48)), says=["128x96", "64x48", "upscale"])
    faster = clip(tmp_path / "f.mkv", range(12), rate=Fraction(30))
    refused(2, one, faster, says=["25 and 30 frames per second", "0.0400 s", "0.033", "--align none"])
    assert len(compare(one, faster, comparing=Comparing(align="none")).rows) == 12
    shorter = clip(tmp_path / "l.mkv", range(9))
    refused(2, one, shorter, says=["12 frames", "9", "--offset 0"])
    refused(2, shorter, one, says=["9 frames", "12"])
    refused(2, one, shorter, "--align", "none", says=["12 frames"])
    found = compare(one, shorter, comparing=Comparing(offset=0))
    assert len(found.rows) == 9
    assert found.warnings == ("the reference goes on after the last frame of the other: its rest is left out",)


def test_one_late_frame_is_refused_and_rounding_is_not(tmp_path: Path) -> None:
    times = [0, 1, 2, 4, 5, 7]
    one = clip(tmp_path / "a.mkv", range(6), pts=times)
    refused(2, one, clip(tmp_path / "b.mkv", range(6)), says=["frame 3 is shown at 0.1600 s", "0.1200 s"])
    exact = make_clip(tmp_path / "c.mp4", frames=40, size=SIZE, rate=Fraction(60000, 1001))
    rounded = make_clip(tmp_path / "d.mkv", frames=40, size=SIZE, rate=Fraction(60000, 1001))  # whole milliseconds
    assert compare(exact, rounded).aligned == "pts"


def test_sizes_of_pictures_are_held_pair_by_pair(tmp_path: Path) -> None:
    x, y = np.zeros((40, 50, 3), np.uint8), np.zeros((30, 20, 3), np.uint8)
    refused(2, folder(tmp_path / "a", [x, y]), folder(tmp_path / "b", [x, x]), says=["picture_1", "20x30", "50x40"])
    assert len(compare(tmp_path / "a", tmp_path / "a").rows) == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--metric", "psnr,vmaf"], ["vmaf", "ms_ssim"]),
        (["--metric", "ms_ssim"], ["161x161", "frame 0"]),
        (["--border", "48"], ["--border 48", "128x96"]),
        (["--border", "45"], ["11x11"]),
        (["--offset", "30"], ["offset of 30"]),
        (["--align", "auto", "--offset", "2"], ["--offset 2"]),
        (["--fail-under", "mse=3"], ["mse=3", "psnr=35"]),
        (["--fail-under", "psnr"], ["psnr=35"]),
        (["--fail-under", "psnr.max=3"], ["psnr.max=3"]),
        (["--plot", "a.jpg"], ["a.jpg", "a.png"]),
        (["--csv", "/no/such/a.csv"], ["folder does not exist"]),
        (["--scenes", "/no/such.csv"], ["/no/such.csv"]),
    ],
)
def test_wrong_usage_is_one_line_and_two(tmp_path: Path, options: list[str], says: list[str]) -> None:
    path = clip(tmp_path / "a.mkv", range(6))
    refused(2, path, path, *options, says=says)
    assert [each.name for each in tmp_path.iterdir()] == ["a.mkv"]


def test_bad_sources(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", range(3))
    refused(2, path, tmp_path / "none.mkv", says=["none.mkv"])
    (tmp_path / "text.mp4").write_bytes(b"hello\n" * 30)
    refused(3, path, tmp_path / "text.mp4", says=["text.mp4"])


def test_a_truncated_source_is_said_and_ends_with_three(shared_data: Path) -> None:
    path = shared_data / "clips/truncated_60pct.mp4"
    result = invoke(path, path, "--metric", "psnr_y")
    assert result.exit_code == 3
    assert "cut off" in result.stderr


# What is written


def test_json_is_strict_and_complete(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mkv", range(4))
    other = clip(tmp_path / "b.mkv", range(4), error=lambda place: place)
    result = invoke(one, other, "--json", "-q", "--metric", "psnr,psnr_y,ssim,ssim_y,l1,mse,flicker")
    assert (result.exit_code, result.stderr) == (0, "")

    def no_constant(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    found = json.loads(result.stdout, parse_constant=no_constant)
    assert found["frames"] == 4
    assert set(found["metrics"]) == set(found["per_frame"][0]) - {"frame", "time"}
    assert {"mean", "min", "p5"} <= set(found["metrics"]["psnr"])
    assert found["per_frame"][0]["psnr_y"] == "inf"
    assert found["per_frame"][0]["flicker"] is None
    assert found["metrics"]["psnr_y"]["infinite"] == 1
    assert found["worst"]["psnr_y"] == [3, 2, 1]
    assert (found["luma"], found["aligned"], found["offset"], found["failed"]) == ("planes", "pts", 0, [])


def test_fail_under_ends_with_one(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mkv", range(4))
    other = clip(tmp_path / "b.mkv", range(4), error=lambda place: 2 + place)  # psnr_y from 42.1 down to 34.2
    assert invoke(one, other, "-q", "--fail-under", "psnr_y=35", "--fail-under", "psnr_y.min=34").exit_code == 0
    result = invoke(one, other, "--metric", "ssim_y", "--fail-under", "psnr_y.min=35", "--progress", "none")
    assert result.exit_code == 1
    assert "psnr_y min is 34.1514, under 35" in result.stderr
    assert invoke(one, one, "-q", "--fail-under", "psnr=1000").exit_code == 0


def test_files(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mkv", range(6))
    other = clip(tmp_path / "b.mkv", range(6), error=lambda place: 3 * (place in (2, 4)) + (place == 4))
    scenes = tmp_path / "scenes.csv"
    scenes.write_text("Timecode List:,00:00:00.120\nScene Number,Start Frame,End Frame\n1,1,3\n2,4,6\n")
    table, plot, diff = tmp_path / "t.csv", tmp_path / "p.png", tmp_path / "diff"
    options = ("--csv", table, "--plot", plot, "--diff", diff, "--scenes", scenes, "--json", "-q")
    result = invoke(one, other, *options)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(table.open()))
    assert [row["frame"] for row in rows] == list("012345")
    assert [row["psnr_y"] for row in rows][:2] == ["inf", "inf"]
    assert float(rows[4]["psnr_y"]) == pytest.approx(36.09, abs=0.01)
    by_scene = json.loads(result.stdout)["scenes"]
    assert [(scene["first"], scene["last"]) for scene in by_scene] == [(0, 2), (3, 5)]
    assert [scene["metrics"]["psnr_y"]["infinite"] for scene in by_scene] == [2, 2]
    drawn = cv2.imread(str(plot))
    assert drawn.shape == (3 * 260, 1200, 3)
    assert (drawn != 255).any()
    pictures = sorted(diff.iterdir())
    assert [name.name[:24] for name in pictures] == ["worst_1_frame_00000004_p", "worst_2_frame_00000002_p"]
    assert abs(int(np.median(cv2.imread(str(pictures[0])))) - 8 * 4 * 255 / 219) < 8
    refused(2, one, other, "--diff", diff, says=[str(diff), "-y"])
    refused(2, one, other, "--csv", table, says=[str(table), "-y"])
    assert invoke(one, other, *options, "-y").exit_code == 0
    assert not [path for path in tmp_path.rglob("*.part*")]


def test_a_thousand_frames_are_drawn_as_ranges() -> None:
    from vidrestore.metrics.compare.results import Comparison, Row
    from vidrestore.metrics.report.chart import panels

    rows = tuple(Row(n, n / 25, "", {"psnr": 30.0 + (n == 3001) * 10}) for n in range(5000))
    empty = {"reference": "a", "distorted": "b", "width": 1, "height": 1, "aligned": "pts", "offset": 0}
    more = {"luma": "planes", "border": 0, "metrics": ("psnr",), "scenes": (), "seconds": 1.0, "truncated": False}
    (panel,) = panels(Comparison(**empty, **more, rows=rows, warnings=(), kept=()))
    (line,) = panel.lines
    assert len(line) <= 900
    assert max(y for _, y in line) == 1  # the one frame that stands out is still there
    assert panel.y_ticks[0][1] == "30"
    assert panel.y_ticks[-1][1] == "40"


def test_scores_are_those_of_scikit_image_and_five_times_as_fast() -> None:
    from vidrestore.benchmark.metrics import benchmark_metrics

    speed = benchmark_metrics(frames=3)
    assert speed.difference < 1e-4
    assert speed.score_ratio > 5


def test_all_metrics_leave_out_what_pictures_are_too_small_for(tmp_path: Path) -> None:
    one, other = (make_clip(tmp_path / f"{name}.mp4", frames=3, size=(96, 80)) for name in "ab")
    result = CliRunner().invoke(app, [str(one), str(other), "--metric", "all", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert "ms_ssim" not in found["metrics"] and {"psnr", "ssim", "flicker"} <= found["metrics"].keys()
    notes = [note for note in found["warnings"] if note.startswith("left out where pictures are too small")]
    assert ["MS-SSIM needs at least 161x161" in note for note in notes] == [True, False]
    for words in (["--metric", "ms_ssim"], ["--metric", "all", "--fail-under", "ms_ssim=0.9"]):
        assert CliRunner().invoke(app, [str(one), str(other), *words]).exit_code == 2
