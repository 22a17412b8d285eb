"""Repeats told from motion: real animation, real film shown twice, with noise and compression on top."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from itertools import islice
from pathlib import Path

import av
import pytest
import torch

from vidrestore.base.settings import Reading
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.restoration.interpolation.repeats import mark_repeats
from vidrestore.scenes.detect import mark_cuts
from vidrestore.video.facts.probe import probe
from vidrestore.video.facts.repeats import LONGEST, MOST
from vidrestore.video.reader import Reader


def lumas(path: Path, count: int) -> list[torch.Tensor]:
    """(H, W) uint8"""
    return [frame.picture.y for frame in Reader(probe(path), Reading(end=count))]


def film(pictures: Iterable[torch.Tensor], rate: int = 24) -> list[Frame]:
    return [
        Frame(Planes(y, None, None, Colour(), 0, 0), Fraction(n, rate), Fraction(1, rate))
        for n, y in enumerate(pictures)
    ]


def marked(frames: Iterable[Frame]) -> list[int]:
    return [n for n, (_, repeats) in enumerate(mark_repeats(frames)) if repeats]


def noisy(pictures: list[torch.Tensor], sigma: float) -> list[torch.Tensor]:
    """Other noise on each."""
    return [(y + sigma * torch.randn(y.shape)).round().clamp(0, 255).to(torch.uint8) for y in pictures]


def compressed(pictures: list[torch.Tensor], crf: int) -> list[torch.Tensor]:
    """What x264 leaves of them."""
    height, width = (side // 2 * 2 for side in pictures[0].shape)
    file = BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream("libx264", rate=24, options={"crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        for number, y in enumerate(pictures):
            frame = av.VideoFrame(width, height, "gray")
            torch.from_dlpack(frame.planes[0]).copy_(y[:height, :width])
            frame.pts, frame.time_base = number, Fraction(1, 24)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return [torch.from_dlpack(frame.planes[0]).clone() for frame in container.decode(video=0)]


@pytest.mark.parametrize(("sigma", "crf"), [(0, None), (8, None), (3, 23), (0, 30), (8, 30)])
@pytest.mark.parametrize("name", ["davis_cows", "lofoten_drone", "man_skiing"])
def test_film_shown_twice(shared_data: Path, name: str, crf: int | None, sigma: float) -> None:
    once = lumas(shared_data / "train" / "video" / f"{name}.mp4", 12)
    twice = noisy([y for y in once for _ in range(2)], sigma)
    pictures = twice if crf is None else compressed(twice, crf)
    assert marked(film(pictures)) == list(range(1, 24, 2))


def test_pulldown(shared_data: Path) -> None:
    once = lumas(shared_data / "train" / "video" / "davis_goat.mp4", 10)
    shown = [y for n, y in enumerate(once) for _ in range(3 - n % 2)]
    assert marked(film(noisy(shown, 3), rate=60)) == [1, 2, 4, 6, 7, 9, 11, 12, 14, 16, 17, 19, 21, 22, 24]


@pytest.mark.parametrize("sigma", [0, 6])
@pytest.mark.parametrize("name", ["davis_cows", "lofoten_drone", "man_skiing", "stream_water", "udacity_highway"])
def test_film_shown_once_has_none(shared_data: Path, name: str, sigma: float) -> None:
    assert marked(film(noisy(lumas(shared_data / "train" / "video" / f"{name}.mp4", 24), sigma))) == []


def test_animation(shared_data: Path) -> None:
    """A girl eats on threes, a bird flies on twos."""
    reader = Reader(probe(shared_data / "clips" / "yuv444.mkv"), Reading(end=44))
    found = marked(mark_cuts(reader))
    drawn = [n for n in range(44) if n not in found]
    # What changes at 4 and 19 is too little beside this to be told from noise: five blocks by 3 of 255.
    assert [n for n in drawn if n < 24] == [0, 7, 10, 13, 16, 22]
    assert [n for n in drawn if n > 24] == [29, 31, 33, 35, 37, 39, 40, 43]


def test_a_rest_is_marked_for_as_long_as_it_matters() -> None:
    moving = [torch.randint(0, 256, (64, 96), dtype=torch.uint8) for _ in range(3)]
    rest = noisy([moving[0]] * 40, 2)
    found = marked(film([*moving, *rest, *moving[1:], moving[0]]))
    around = int(LONGEST * 24)
    assert set(range(4, 3 + around)) <= set(found) and set(range(43 - around, 43)) <= set(found)
    assert not {0, 1, 2, 3, 43, 44, 45} & set(found)


def test_cuts_and_sizes_begin_anew() -> None:
    one, other = (torch.randint(0, 256, (64, 96), dtype=torch.uint8) for _ in range(2))
    frames = film([one, one, one, one])
    frames[2] = replace(frames[2], cut=True)
    assert marked(frames) == [1, 3]
    assert marked(film([one, one, other[:32], other[:32]])) == [1, 3]
    assert marked([]) == []


def test_other_depths_and_pictures_of_rgb() -> None:
    pictures = [torch.randint(0, 256, (64, 96), dtype=torch.uint8) for _ in range(4)]
    twice = [y for y in pictures for _ in range(2)]
    deep = [
        replace(
            frame,
            picture=replace(frame.picture, y=(frame.picture.y.int() * 4).to(torch.uint16), colour=Colour(depth=10)),
        )
        for frame in film(noisy(twice, 3))
    ]
    assert marked(deep) == [1, 3, 5, 7]
    rgb = [replace(frame, picture=frame.picture.y.expand(3, -1, -1) / 255) for frame in film(noisy(twice, 3))]
    assert marked(rgb) == [1, 3, 5, 7]
    assert marked(film([y[:5, :3] for y in twice])) == [1, 3, 5, 7], "smaller than a block"


def test_it_looks_no_further_ahead_than_it_says() -> None:
    taken = 0

    def source():
        nonlocal taken
        for frame in film([torch.zeros((8, 8), dtype=torch.uint8)] * 100):
            taken += 1
            yield frame

    list(islice(mark_repeats(source()), 10))
    assert taken == 10 + MOST
