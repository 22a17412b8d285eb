"""Every odd file of data/clips through extract-frames and join-frames: pictures and times as they were, or one line."""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from tests.real_clips import CLIPS, NAMES, NOT_VIDEOS, sound
from tests.restoration.extraction.extracting import check_pictures, column, frames, invoke
from tests.restoration.joining import FFV1, joined
from vidrestore.base.settings import Reading
from vidrestore.frame.frame import Frame
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.read import read_picture
from vidrestore.video.reader import Reader

Time = tuple[Fraction, Fraction]
FRAMES = 2
"""Taken from each clip; every clip whole is in the slow test."""
CUT_OFF = {"truncated_60pct.mp4", "interlaced_bff.mkv"}
NO_PLACE = {"wmv2_uneven_timing.wmv"}
"""Sound that Matroska does not take; said."""


def noted(found: Iterable[Frame], seen: list[Time]) -> Iterator[Frame]:
    """The frames one by one, since a clip of them fills a machine; their times are added to `seen`."""
    for frame in found:
        seen.append((frame.pts, frame.duration))
        yield frame


def check(name: str, folder: Path, *part: object) -> None:
    """Extract, compare; join without loss, compare: pictures, times, sound."""
    source, pictures, video = CLIPS / name, folder / "pictures", folder / "o.mp4"
    code, report, errors = invoke("extract-frames", source, pictures, "--json", "-q", *part)
    if name in NOT_VIDEOS:
        assert (code, len(errors.strip().splitlines())) == (3, 1)
        assert name in errors
        assert not list(folder.iterdir())
        return
    assert code == (3 if name in CUT_OFF and not part else 0), errors
    end = int(str(part[1]).removesuffix("f")) if part else None
    wanted, seen = Reader(probe(source), Reading(end=end)), []
    if probe(source).display_matrix is None:
        check_pictures(pictures, noted(wanted, seen), top=65535 if probe(source).colour.depth > 8 else 255)
    else:
        deque(noted(wanted, seen), maxlen=0)
    assert report["frames_in"] == report["frames_out"] == len(seen) > 0
    assert [*zip(column(pictures, "pts"), column(pictures, "duration"), strict=True)] == seen
    report = joined(pictures, video, *FFV1, "--audio", source, "-q")
    found: list[Time] = []
    for path, frame in zip(sorted(pictures.glob("*.png")), noted(Reader(probe(video)), found), strict=True):
        assert torch.equal(frame.picture, read_picture(path))
    assert column(pictures, "pts") == [pts for pts, _ in found]  # how long the last one lasts, a reader must guess
    if not part and name not in NO_PLACE:
        assert len(sound(video)) == len(sound(source))


@pytest.mark.parametrize("name", NAMES)
def test_first_frames_of_every_clip(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, "--end", f"{FRAMES}f")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_clip_whole(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@pytest.mark.skipif(not NAMES, reason="no data/clips")
@pytest.mark.parametrize("name", ["odd_175x143.mp4", "edit_list.mp4"])
def test_whole_clips(name: str, tmp_path: Path) -> None:
    check(name, tmp_path)


@pytest.mark.skipif(not NAMES, reason="no data/clips")
def test_matroska_is_exact_to_its_clock(tmp_path: Path) -> None:
    """Milliseconds, and no time before 0: sound that begins earlier moves the pictures along."""
    source = CLIPS / "slow_motion_sef.mp4"
    assert invoke("extract-frames", source, tmp_path / "in", "-q")[0] == 0
    joined(tmp_path / "in", tmp_path / "o.mkv", *FFV1, "-q")
    pairs = zip(frames(tmp_path / "o.mkv"), column(tmp_path / "in", "pts"), strict=True)
    assert max(abs(frame.pts - pts) for frame, pts in pairs) <= Fraction(1, 2000)
