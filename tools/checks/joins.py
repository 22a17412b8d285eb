"""Join clips with cuts that are known, and count what each detector finds: the table in docs/scenes.md.

    python tools/checks/joins.py ../shared/data/train/video

Hard joins put six clips one after another; jumps leave out a part of one clip, where only fast motion sets the cut
apart; fades go from one clip to black in 12 frames and from black to the next in 12. All are encoded by x264 at crf 23.
A hard join or jump counts as found at its exact frame alone, a fade anywhere within it, once.
"""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vidrestore.base.settings import Encoding
from vidrestore.frame.frame import Frame, Planes
from vidrestore.scenes.detect import DETECTORS, mark_cuts
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.writer import Writer, plan

RATE = Fraction(24)
SIZE = (640, 360)
"""Clips of another size are left out."""
FADE, BLACK = 12, 2
"""Frames of a fade's half, and between the halves."""
FAST = (
    *("bmx-trees", "motocross-jump", "parkour", "horsejump-high", "dance-twirl", "breakdance", "car-roundabout"),
    *("scooter-black", "dog-gooses", "kite-surf"),
)
"""Of DAVIS: enough moves from frame to frame."""

Joined = tuple[list[Planes], list[range]]
"""Pictures, and for each join the frames at which a cut is right."""


def hard(clips: list[list[Planes]]) -> Joined:
    pictures: list[Planes] = []
    joins = []
    for clip in clips:
        joins.append(range(len(pictures), len(pictures) + 1))
        pictures += clip
    return pictures, joins[1:]


def jump(clips: list[list[Planes]]) -> Joined:
    """The first, last and middle third of one clip."""
    (clip,) = clips
    third = len(clip) // 3
    return hard([clip[:third], clip[-third:], clip[third : 2 * third]])


def fade(clips: list[list[Planes]]) -> Joined:
    pictures: list[Planes] = []
    joins = []
    for clip in clips:
        if pictures:
            begin = len(pictures) - FADE
            pictures[begin:] = [dimmed(p, 1 - (k + 1) / FADE) for k, p in enumerate(pictures[begin:])]
            pictures += [dimmed(clip[0], 0)] * BLACK
            joins.append(range(begin + 1, len(pictures) + FADE))
            clip = [dimmed(p, min(1, (k + 1) / FADE)) for k, p in enumerate(clip)]
        pictures += clip
    return pictures, joins


def dimmed(planes: Planes, light: float) -> Planes:
    assert planes.u is not None and planes.v is not None
    u, v = ((plane.float() - 128) * light + 128 for plane in (planes.u, planes.v))
    return replace(planes, y=(planes.y.float() - 16) * light + 16, u=u, v=v)


def pictures(path: Path) -> list[Planes]:
    return [frame.picture for frame in Reader(probe(path)) if isinstance(frame.picture, Planes)]


def films(folder: Path) -> Iterator[tuple[str, Joined]]:
    """Nine hard ones of five joins, five fading ones of five, and ten with two jumps each."""
    rng = random.Random(0)
    sources = [path for path in sorted(folder.glob("*.mp4")) if (probe(path).width, probe(path).height) == SIZE]
    for kind, join in (*[("hard", hard)] * 9, *[("fade", fade)] * 5):
        clips = [pictures(path) for path in rng.sample(sources, 6)]
        yield kind, join([clip[: rng.choice((28, 33, 38))] for clip in clips])
    for name in FAST:
        yield "jump", jump([pictures(folder / f"davis_{name}.mp4")])


def encoded(film: list[Planes], like: Path, path: Path) -> None:
    width, height = SIZE
    info = probe(like)
    target = plan(
        info, path, Encoding(crf=23, preset="veryfast"), width=width, height=height, rate=RATE, time_base=1 / RATE,
        overwrite=True, keep_sound=False,
    )  # fmt: skip
    with Writer(target, info) as writer:
        for number, picture in enumerate(film):
            writer.write(Frame(picture, number / RATE, 1 / RATE))


def main(folder: Path) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    like = folder / f"davis_{FAST[0]}.mp4"
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "film.mp4"
        for kind, (film, joins) in films(folder):
            encoded(film, like, path)
            counts[kind, "", "joins"] += len(joins)
            for detector in DETECTORS:
                marked = mark_cuts(Reader(probe(path)), detector=detector)
                cuts = [number for number, frame in enumerate(marked) if frame.cut]
                found = sum(any(cut in join for cut in cuts) for join in joins)
                counts[kind, detector, "found"] += found
                counts[kind, detector, "invented"] += len(cuts) - found
    print("| detector | " + " | ".join(f"{kind}: recall, precision" for kind in ("hard", "jump", "fade")) + " |")
    print("|---|---|---|---|")
    for detector in DETECTORS:
        print(f"| {detector} |", " | ".join(cell(counts, kind, detector) for kind in ("hard", "jump", "fade")), "|")


def cell(counts: Counter[tuple[str, str, str]], kind: str, detector: str) -> str:
    joins, found = counts[kind, "", "joins"], counts[kind, detector, "found"]
    marked = found + counts[kind, detector, "invented"]
    return f"{found} of {joins}, {f'{found} of {marked} right' if marked else 'none marked'}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
