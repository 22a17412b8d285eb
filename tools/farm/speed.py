"""How fast workers are on this machine: two of one thread beside one of two, and what it costs to work in pieces.

python tools/farm/speed.py CLIP [--frames 240] [--piece 120] [--rounds 3] [--only NAME...]

Networks are loaded before the clock starts. Both take turns, so that a machine that grows slower is slow for both, and
the fastest of their rounds counts. What a piece costs beside its frames is seen without any network, where it shows.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from vidrestore.api.wish import Wish
from vidrestore.api.words import timing_of
from vidrestore.base.settings import Cleaning, Deblurring, Encoding, Enlarging, Reading, Retiming, Settings
from vidrestore.restoration.job import Job, prepare
from vidrestore.restoration.resume.farm.crew import Crew
from vidrestore.restoration.resume.farm.fill import Filling
from vidrestore.restoration.resume.farm.plan import Plan
from vidrestore.restoration.resume.farm.ray.cluster import LOCAL, _ray
from vidrestore.restoration.resume.farm.ray.pool import RayPool, Shape
from vidrestore.restoration.resume.times import result_times, source_times
from vidrestore.video.resume.pieces import FRAMES

TWICE = timing_of(2, None)[0]
WISHES = {
    "interpolate -x 2": Wish(timing=TWICE),
    "interpolate -x 2 --quality fast": Wish(timing=TWICE, retiming=Retiming(quality="fast")),
    "upscale -m espcn": Wish(upscale=Enlarging("espcn")),
    "upscale -m aligned-x2": Wish(upscale=Enlarging("aligned-x2")),
    "deblur": Wish(deblur=Deblurring()),
    "clean --strength 1": Wish(clean=Cleaning(strength=1.0)),
}
SHORT = 30
"""Frames of a short piece: of as many frames there are more of these, and each costs the same."""
ROUNDS = 7
"""Without a network, which takes half a second."""


def job_of(clip: Path, wish: Wish, frames: int, encoding: Encoding) -> Job:
    """Of the first frames of a clip."""
    stages = wish.stages_of(clip, settings=Settings(device="cpu"))
    return prepare(clip, clip.with_name("out.mkv"), stages, reading=Reading(end=frames), encoding=encoding, resume=True)


def seconds(job: Job, pool: RayPool, frames: int) -> float:
    """Of all pieces of a job, which have so many frames; that they are planned and joined is not counted."""
    plan = Plan(uuid4().hex, job, source_times(job), frames, measure=False)
    with tempfile.TemporaryDirectory(dir=".") as place:
        began = perf_counter()
        Crew(pool).fill(Filling.of(plan, Path(place)))
        return perf_counter() - began


def cost_of_a_piece(clip: Path, frames: int, pool: RayPool) -> float:
    """Seconds beside those of its frames."""
    job = job_of(clip, Wish(), frames, Encoding(preset="ultrafast"))
    pieces = {size: -(-len(result_times(job, source_times(job))) // size) for size in (SHORT, FRAMES)}
    few = min(seconds(job, pool, FRAMES) for _ in range(ROUNDS))
    many = min(seconds(job, pool, SHORT) for _ in range(ROUNDS))
    return (many - few) / (pieces[SHORT] - pieces[FRAMES]) * pool.shape.workers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=2 * FRAMES, help="of the clip")
    parser.add_argument("--piece", type=int, default=FRAMES, help="frames of a piece")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=WISHES, default=list(WISHES))
    asked = parser.parse_args()
    with _ray(LOCAL, 4) as home:
        one, two = RayPool(Shape(1, 2, ways=2), home), RayPool(Shape(2, 1, ways=2), home)
        for pool in (one, two):
            while len(pool.workers) < pool.shape.workers:
                pool.wait(1)
        cost = cost_of_a_piece(asked.clip, asked.frames, two)
        print(f"a piece costs {1000 * cost:.0f} ms beside its frames")
        print("| | one of 2 threads, s | two of 1, s | times as fast | cost of 120 frames in a piece |")
        print("|---|---|---|---|---|")
        for name in asked.only:
            job, first = (job_of(asked.clip, WISHES[name], end, Encoding()) for end in (asked.frames, 8))
            found: dict[str, list[float]] = {"one": [], "two": []}
            for pool in (one, two):
                seconds(first, pool, 2)
            for _ in range(asked.rounds):
                found["one"].append(seconds(job, one, asked.piece))
                found["two"].append(seconds(job, two, asked.piece))
            alone, both = min(found["one"]), min(found["two"])
            made = len(result_times(job, source_times(job)))
            share = cost / (both * two.shape.workers * FRAMES / made)
            print(f"| `{name}` | {alone:.1f} | {both:.1f} | {alone / both:.2f} | {share:.1%} |", flush=True)


if __name__ == "__main__":
    main()
