"""How many workers one driver can keep busy: its own code and disk, with workers that only pass the time.

python tools/farm/scale.py --workers 1000 --seconds 24 --megabytes 8 [--ray]

The workers' time is not waited for: a clock is set forward to when the next piece is ready, and by what the driver
takes meanwhile. Pieces are handed out, taken in and written to the disk as in a real run. --ray measures, too, what Ray
takes on this machine for a piece of that size among as many calls under way.
"""

import argparse
import heapq
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import av
import numpy as np

from vidrestore.base.settings import Encoding, Reading
from vidrestore.restoration.job import prepare
from vidrestore.restoration.resume.farm.crew import Crew
from vidrestore.restoration.resume.farm.fill import Filling
from vidrestore.restoration.resume.farm.plan import Made, Plan
from vidrestore.restoration.resume.farm.pool import Done
from vidrestore.restoration.resume.times import Times
from vidrestore.video.resume.pieces import FRAMES


class Clock:
    """Seconds, of which those of the workers are not waited for."""

    def __init__(self) -> None:
        self._ahead, self._began = 0.0, perf_counter()

    @property
    def own(self) -> float:
        """Spent by the driver."""
        return perf_counter() - self._began

    @property
    def now(self) -> float:
        return self._ahead + self.own

    def go_to(self, moment: float) -> None:
        self._ahead += max(0.0, moment - self.now)


class Stubs:
    """A pool of workers that take so long for each piece, a tenth more or less, and give so many bytes."""

    def __init__(self, count: int, seconds: float, size: int, clock: Clock) -> None:
        self.workers: Sequence[int] = range(count)
        self.busy = 0.0
        self._seconds, self._clock, self._data = seconds, clock, os.urandom(size)
        self._sum, self._lot = sha256(self._data).hexdigest(), np.random.default_rng(0)
        self._under_way: list[tuple[float, int, int]] = []

    def give(self, worker: int, plan: Plan, number: int) -> None:
        takes = self._seconds * self._lot.uniform(0.9, 1.1)
        self.busy += takes
        heapq.heappush(self._under_way, (self._clock.now + takes, worker, number))

    def wait(self, seconds: float) -> Sequence[Done]:
        self._clock.go_to(min(self._under_way[0][0], self._clock.now + seconds))
        found = []
        while self._under_way and self._under_way[0][0] <= self._clock.now:
            _, worker, number = heapq.heappop(self._under_way)
            found.append(Done(worker, self._made(number)))
        return found

    def _made(self, number: int) -> Made:
        first, share = (number - 1) * FRAMES, len(self._data) // FRAMES
        sizes = [share] * (FRAMES - 1) + [len(self._data) - share * (FRAMES - 1)]
        listed = {
            "frames": [(first + n, 1) for n in range(FRAMES)],
            "packets": [(size, first + n, n == 0) for n, size in enumerate(sizes)],
            "sha256": self._sum,
            "cuts": 0,
        }
        return Made(number, json.dumps(listed).encode(), self._data, FRAMES)

    def under_way(self) -> Mapping[int, int]:
        return {}

    def forget(self, plan: Plan) -> None:
        pass


def a_plan(folder: Path, pieces: int) -> Plan:
    """Of a film of so many pieces."""
    source = folder / "in.mkv"
    with av.open(str(source), "w") as output:
        video = output.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        output.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        output.mux(video.encode(None))
    job = prepare(source, folder / "out.mkv", (), reading=Reading(), encoding=Encoding(), resume=True)
    times = Times(np.arange(pieces * FRAMES + 1), Fraction(1, 25), Fraction(0))
    return Plan("a film", job, times, FRAMES, measure=False)


def ray_takes(calls: int, size: int, rounds: int = 200) -> float:
    """Seconds of Ray on the driver's side for a piece of `size` bytes, while `calls` are under way."""
    from vidrestore.restoration.resume.farm.ray.cluster import LOCAL, _ray

    with _ray(LOCAL, 2):
        import ray

        @ray.remote(num_cpus=1)
        class Stub:
            def make(self) -> bytes:
                return bytes(size)

        stubs = [Stub.remote() for _ in range(2)]
        ray.get([stub.make.remote() for stub in stubs])
        under_way = [stubs[n % 2].make.remote() for n in range(calls)]
        began = perf_counter()
        for n in range(rounds):
            ready, under_way = ray.wait(under_way, num_returns=1, timeout=10)
            ray.get(ready)
            under_way.append(stubs[n % 2].make.remote())
        return (perf_counter() - began) / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--pieces", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=24.0, help="of a worker for a piece")
    parser.add_argument("--megabytes", type=float, default=4.0, help="of a piece")
    parser.add_argument("--ray", action="store_true", help="what Ray takes, too")
    asked = parser.parse_args()
    size = int(asked.megabytes * 1e6)
    with tempfile.TemporaryDirectory(dir=".") as place:
        folder = Path(place)
        plan = a_plan(folder, asked.pieces)
        clock = Clock()
        pool = Stubs(asked.workers, asked.seconds, size, clock)
        part = folder / "out.mkv.part"
        part.mkdir()
        Crew(pool).fill(Filling.of(plan, part))
        per_piece = clock.own / asked.pieces
        print(
            f"{asked.pieces} pieces of {asked.megabytes:g} MB by {asked.workers} workers of {asked.seconds:g} s a piece"
        )
        print(f"all done after {clock.now:.1f} s; workers busy {pool.busy / asked.workers / clock.now:.1%} of it")
        print(
            f"driver: {1000 * per_piece:.2f} ms a piece; {asked.pieces / clock.now * asked.megabytes:.1f} MB/s came in"
        )
    takes = ray_takes(asked.workers, size) if asked.ray else 0.0
    if asked.ray:
        print(f"Ray: {1000 * takes:.2f} ms a piece more")
    print(f"so one driver takes in {1 / (per_piece + takes):.0f} pieces a second at most")


if __name__ == "__main__":
    main()
