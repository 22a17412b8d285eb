"""Cut detection: real clips joined, and made pictures for everything a cut is not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.real_clips import SIX
from vidrestore.base.settings import Reading
from vidrestore.errors import UsageError
from vidrestore.frame.colour import to_rgb
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.scenes.detect import AHEAD, DETECTORS, judge, mark_cuts
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

RATE = 24


def frames(pictures: Iterable[Planes | torch.Tensor]) -> list[Frame]:
    return [Frame(picture, Fraction(n, RATE), Fraction(1, RATE)) for n, picture in enumerate(pictures)]


def cuts(pictures: Iterable[Planes | torch.Tensor], **options) -> list[int]:
    return [number for number, frame in enumerate(mark_cuts(frames(pictures), **options)) if frame.cut]


def clip(shared_data: Path, name: str, first: int = 0, count: int | None = None) -> list[Planes]:
    path = shared_data / "train" / "video" / f"{name}.mp4"
    reading = Reading(start=first, end=None if count is None else first + count)
    return [frame.picture for frame in Reader(probe(path), reading)]


def read(path: Path) -> list[Planes]:
    return [frame.picture for frame in Reader(probe(path))]


def scene(seed: int, count: int, *, speed: int = 2, light: float = 1.0) -> list[Planes]:
    """Smooth noise that moves to the left; other seeds are other scenes."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (3, 12, 100)).astype(np.float32)
    wide = [cv2.resize(plane, (600, 72), interpolation=cv2.INTER_CUBIC) for plane in noise]
    y, u, v = (np.clip(plane, 16, 235) for plane in wide)
    return [
        planes(
            16 + (y[:, x : x + 160] - 16) * light,
            *(128 + (plane[::2, x : x + 160 : 2] - 128) * light / 2 for plane in (u, v)),
        )
        for x in range(0, speed * count, speed)
    ]


def planes(y, u, v) -> Planes:
    return Planes(*(torch.from_numpy(np.rint(p).astype(np.uint8)) for p in (y, u, v)), Colour(matrix="bt601"))


def flat(luma: int, chroma: int = 128) -> Planes:
    return planes(np.full((72, 160), luma), np.full((36, 80), chroma), np.full((36, 80), 128))


def mixed(one: Planes, other: Planes, share: float = 0.5) -> Planes:
    def mix(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a.float() * (1 - share) + b.float() * share).round().to(torch.uint8)

    return replace(one, y=mix(one.y, other.y), u=mix(one.u, other.u), v=mix(one.v, other.v))


def test_six_clips_joined_have_five_cuts(shared_data: Path) -> None:
    lengths = (18, 11, 20, 14, 9, 12)
    film = [p for name, count in zip(SIX, lengths, strict=True) for p in clip(shared_data, name, 5, count)]
    assert cuts(film) == list(np.cumsum(lengths[:-1]))


@pytest.mark.parametrize("name", ["bmx-trees", "motocross-jump", "parkour"])
def test_cuts_within_fast_motion(shared_data: Path, name: str) -> None:
    whole = clip(shared_data, f"davis_{name}", 0, 39)
    assert cuts(whole) == []
    assert cuts([*whole[:13], *whole[26:], *whole[13:26]]) == [13, 26]


def triplets(shared_data: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """First and last picture of each."""
    folders = [
        folder for name in ("davis", "ucf101") for folder in (shared_data / "eval" / f"{name}_triplets").iterdir()
    ]
    folders += (shared_data / "eval" / "middlebury_other").iterdir()
    pictures = [[path for path in sorted(folder.glob("frame*.png")) if "i11" not in path.name] for folder in folders]
    return [(rgb(paths[0]), rgb(paths[-1])) for paths in pictures]


def rgb(path: Path) -> torch.Tensor:
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def test_two_pictures_of_one_shot_are_no_two_shots(shared_data: Path) -> None:
    pairs = triplets(shared_data)
    assert len(pairs) == 29
    for one, other in pairs:
        assert cuts([one, other]) == cuts([other, one]) == []


FAST = {
    "davis_bmx-trees": "train/video",
    "davis_dance-twirl": "train/video",
    "davis_drift-straight": "eval/video",
    "davis_goat": "train/video",
    "davis_motocross-jump": "train/video",
    "davis_tennis": "train/video",
    "sav_blocks": "train/video",
}
"""Each had a cut too many at some step before pictures were asked what they have in common."""


@pytest.mark.parametrize("name", FAST)
def test_a_fast_clip_is_one_shot_however_many_frames_are_left_out(shared_data: Path, name: str) -> None:
    whole = read(shared_data / FAST[name] / f"{name}.mp4")
    for step in (1, 2, 3, 4, 6, 8):
        for first in range(min(step, 3)):
            assert cuts(whole[first::step]) == [], (step, first)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 3), (1, 7), (8, 2), (7, 1)])
def test_joins_with_little_around_them_are_found(shared_data: Path, before: int, after: int) -> None:
    for one, other in pairwise([*SIX, "davis_motocross-jump", "davis_goat"]):
        film = [*clip(shared_data, one, 3, before), *clip(shared_data, other, 9, after)]
        assert cuts(film) == [before], (one, other)


def test_grey_pictures_are_told_apart_by_their_brightness(shared_data: Path) -> None:
    one, other, moved = (
        [replace(picture, u=None, v=None) for picture in clip(shared_data, name, first, 1)]
        for name, first in (("davis_cows", 0), ("davis_parkour", 0), ("davis_parkour", 4))
    )
    assert cuts([*one, *other]) == [1]
    assert cuts([*other, *moved]) == []


@pytest.fixture(scope="module")
def clips(shared_data: Path) -> dict[str, list[Planes]]:
    """Every clip there is, none with a cut inside, as small as detectors see it."""
    folders = [shared_data / name for name in ("train/video", "train/footage", "eval/video")]
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in (".mp4", ".mkv")]
    return {path.stem: [reduced(picture) for picture in read(path)] for path in paths}


def reduced(picture: Planes, size: tuple[int, int] | None = None) -> Planes:
    """Of that width and height in all three planes; by default 160 along the longer side."""
    height, width = picture.y.shape
    size = size or (round(width * 160 / max(width, height)), round(height * 160 / max(width, height)))
    small = (
        cv2.resize(plane.numpy(), size, interpolation=cv2.INTER_AREA) for plane in (picture.y, picture.u, picture.v)
    )
    return Planes(*map(torch.from_numpy, small), picture.colour, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 2, 3, 4, 6, 8])
def test_clips_with_frames_left_out_keep_one_shot(clips: dict[str, list[Planes]], step: int) -> None:
    """Fewer than one false cut in 300 frames, and none with every frame, every second or every third."""
    found = seen = 0
    for film in clips.values():
        for first in range(min(step, 3)):
            found, seen = found + len(cuts(film[first::step])), seen + len(film[first::step])
    assert found <= (0 if step < 4 else seen / 300)


@pytest.mark.slow
def test_pairs_of_one_clip_are_one_shot(clips: dict[str, list[Planes]]) -> None:
    """But of one, whose bike fills the picture and is gone three frames later."""
    for step in (1, 2, 4, 8):
        pairs = [(name, film[n], film[n + step]) for name, film in clips.items() for n in range(0, len(film) - step, 8)]
        assert {name for name, *pair in pairs if cuts(pair)} <= ({"davis_motocross-jump"} if step > 2 else set())


@pytest.mark.slow
def test_pairs_of_two_clips_are_two_shots(clips: dict[str, list[Planes]]) -> None:
    """All but one in a hundred, which show the same things in the same colours."""
    pairs = list(combinations(clips, 2))[::3]
    missed = []
    for one, other in pairs:
        last, first = clips[one][-1], clips[other][0]
        if cuts([last, reduced(first, last.y.shape[::-1])]) != [1]:
            missed.append((one, other))
    assert len(missed) <= len(pairs) / 100, missed


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("two_audio_two_subs.mp4", [240]), ("yuv444.mkv", [48]), ("h264_10bit.mp4", []), ("mpeg2_24fps.ts", [])],
)
def test_real_files(shared_data: Path, name: str, wanted: list[int]) -> None:
    reader = Reader(probe(shared_data / "clips" / name), Reading(end=260))
    assert [n for n, frame in enumerate(mark_cuts(reader)) if frame.cut] == wanted


def test_the_first_and_last_frames_can_be_shots() -> None:
    assert cuts([*scene(1, 1), *scene(2, 9), *scene(3, 1)]) == [1, 10]
    assert cuts(scene(1, 1)) == cuts([]) == []


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(length: int) -> None:
    film = scene(1, 24)
    film[10 : 10 + length] = [mixed(picture, flat(235), 0.8) for picture in film[10 : 10 + length]]
    assert cuts(film) == []


def test_a_blend_of_both_shots_makes_one_cut() -> None:
    one, other = scene(1, 12), scene(2, 12)
    assert cuts([*one, mixed(one[-1], other[0]), *other]) in ([12], [13])


def test_a_dissolve_is_none() -> None:
    one, other = scene(1, 40), scene(2, 40)
    shares = np.clip((np.arange(40) - 10) / 20, 0, 1)
    assert cuts([mixed(a, b, s) for a, b, s in zip(one, other, shares, strict=True)]) == []


@pytest.mark.parametrize("repeats", [2, 3])
def test_repeated_pictures_hide_and_invent_nothing(repeats: int) -> None:
    film = [picture for picture in scene(1, 10, speed=9) + scene(2, 10, speed=9) for _ in range(repeats)]
    assert cuts(film) == [10 * repeats]


def test_noise_in_the_dark_is_no_cut() -> None:
    rng = np.random.default_rng(0)
    film = [planes(16 + rng.integers(0, 4, (72, 160)), *2 * [np.full((36, 80), 128)]) for _ in range(20)]
    assert cuts(film) == []
    assert cuts(scene(1, 10, light=0.2) + scene(2, 10, light=0.2)) == [10]


def test_colour_alone_makes_a_cut() -> None:
    assert cuts([flat(120, 90)] * 8 + [flat(120, 170)] * 8) == [8]


@pytest.mark.parametrize("detector", ["adaptive", "threshold"])
def test_fades_end_with_the_first_picture_that_is_seen(detector: str) -> None:
    steps = np.clip(np.arange(20) / 8, 0, 1)
    back = [mixed(flat(16), picture, step) for picture, step in zip(scene(2, 20), steps, strict=True)]
    out = [mixed(flat(16), picture, step) for picture, step in zip(scene(1, 20), steps[::-1], strict=True)]
    (cut,) = cuts([*out, *back], detector=detector)
    assert 20 < cut < 23
    assert cuts([*[flat(16)] * 5, *back], detector=detector) == [], "nothing was seen before"


def test_depth_kind_and_size_of_pictures_change_nothing() -> None:
    film = scene(1, 9) + scene(2, 9) + scene(3, 9)
    deep = [
        replace(p, y=(p.y.int() * 4).to(torch.uint16), u=(p.u.int() * 4).to(torch.uint16),
                v=(p.v.int() * 4).to(torch.uint16), colour=replace(p.colour, depth=10))
        for p in film
    ]  # fmt: skip
    rgb = [to_rgb(p) for p in film]
    grey = [replace(p, u=None, v=None, subsample_x=0, subsample_y=0) for p in film]
    tall = [picture.transpose(1, 2).contiguous() for picture in rgb]
    tiny = [torch.nn.functional.interpolate(p[None], (6, 13), mode="area")[0] for p in rgb]
    for kind in (film, deep, rgb, grey, tall, tiny):
        assert cuts(kind) == [9, 18]
    for detector in ("content", "threshold"):
        scores = [[j.score for j in judge(frames(kind), detector=detector)] for kind in (film, deep, rgb)]
        assert scores[1] == pytest.approx(scores[0], abs=0.5)
        assert scores[2] == pytest.approx(scores[0], abs=0.5)


def _hsv(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) in [0, 1] -> OpenCV's hue in 0..180, saturation and value in 0..255, by their definition."""
    high, low = rgb.max(-1), rgb.min(-1)
    spread = np.where(high > low, high - low, 1)
    r, g, b = np.moveaxis(rgb, -1, 0)
    hue = np.select(
        [high == low, high == r, high == g], [0, (g - b) / spread % 6, (b - r) / spread + 2], (r - g) / spread + 4
    )
    return np.stack((hue * 30, np.where(high > 0, 1 - low / np.maximum(high, 1e-9), 0) * 255, high * 255), -1)


def test_content_is_the_mean_difference_in_hsv() -> None:
    rng = np.random.default_rng(3)
    film = [torch.from_numpy(rng.integers(0, 256, (3, 90, 160)).astype(np.float32) / 255) for _ in range(3)]
    hsv = [_hsv(picture.permute(1, 2, 0).numpy().astype(np.float64)) for picture in film]
    wanted = [0.0, *(float(np.abs(a - b).mean()) for a, b in pairwise(hsv))]
    assert [each.score for each in judge(frames(film), detector="content")] == pytest.approx(wanted, rel=0.01)


def test_of_content_in_a_row_the_first_counts() -> None:
    film = [*scene(1, 1) * 5, *scene(2, 1), *scene(3, 1), *scene(4, 1) * 5]
    assert cuts(film, detector="content") == [5]
    assert cuts(film, detector="content", threshold=200) == []


def test_threshold_is_the_mean_of_red_green_and_blue() -> None:
    film = [scene(1, 1)[0], flat(16), flat(235)]
    wanted = [float(to_rgb(p).clamp(0, 1).mean() * 255) for p in film]
    assert [j.score for j in judge(frames(film), detector="threshold")] == pytest.approx(wanted, abs=1)


def test_short_shots_are_joined_to_the_next() -> None:
    film = scene(1, 10) + scene(2, 5) + scene(3, 9)
    assert cuts(film, min_length=5) == [10, 15]
    assert cuts(film, min_length=6) == cuts(film, min_length=Fraction(6, RATE)) == [10]
    assert cuts(film, min_length=11) == [15]
    assert cuts(film, min_length=16) == []


def test_frames_pass_as_they_are_and_keep_their_marks() -> None:
    film = frames(scene(1, 6) + scene(2, 6))
    film[3] = replace(film[3], cut=True)
    marked = list(mark_cuts(film))
    assert [frame.cut for frame in marked] == [n in (3, 6) for n in range(12)]
    assert all(a.picture is b.picture and a.pts == b.pts for a, b in zip(film, marked, strict=True))


@pytest.mark.parametrize("detector", DETECTORS)
def test_lookahead_is_bounded(detector: str) -> None:
    taken = 0

    def source(film: Sequence[Frame]):
        nonlocal taken
        for frame in film:
            taken += 1
            yield frame

    marked = mark_cuts(source(frames(scene(1, 40))), detector=detector)
    for given in range(1, 30):
        next(marked)
        assert taken <= given + AHEAD


def test_what_makes_no_sense_is_refused() -> None:
    for options, says in (
        ({"detector": "magic"}, "magic"),
        ({"threshold": 0.0}, "threshold 0"),
        ({"threshold": float("nan")}, "nan"),
        ({"min_length": -1}, "-1"),
    ):
        with pytest.raises(UsageError, match=says):
            mark_cuts([], **options)
