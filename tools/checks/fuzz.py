"""Damaged videos through the commands: no traceback, no hang, exit codes 0 and 3 alone, results that are what was said.

    python tools/checks/fuzz.py ../shared/data/clips --cases 5000 --keep found/

Case N of seed S is always the same file and the same command. Cases run one after the other inside a process of their
own, which is replaced when one crashes it or takes too long. Mutants that find something are kept.
"""

import argparse
import json
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import av
from mutate import mutant

LIMIT = 30
"""Seconds a case may take."""
MEMORY = 2 << 30
"""Bytes that a process may have taken after a case: more is a finding."""
FRESH = 400
"""Cases that one process does."""
PIXELS = 700_000
"""Of all pictures of a source together, but for the first two: a case costs well under a second."""
SUFFIXES = (".mp4", ".mkv", ".mov", ".avi", ".ts", ".webm", ".flv")
OF_THE_COMMAND = ("no frame lies between", "holds a constant frame rate only")
"""What may be said with exit code 2: the damage made the video shorter, or uneven, and the command does not fit it."""
NETWORK = ("-m", "espcn", "--engine", "torch", "--precision", "fp32")
FAST = ("--preset", "ultrafast")


@dataclass(frozen=True)
class Case:
    """One mutant and the command it is given to."""

    number: int
    source: str
    """Name of the clip that was damaged."""
    words: tuple[str, ...]


def heads(clips: Path, folder: Path) -> list[Path]:
    """The first few pictures of every clip that is small enough, with the other tracks, as files of the same kind."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [target for clip in sorted(clips.iterdir()) if (target := _head(clip, folder / clip.name))]
    if not made:
        raise SystemExit(f"{clips} holds no clips")
    return made


def _head(clip: Path, target: Path) -> Path | None:
    try:
        with av.open(str(clip), metadata_errors="surrogateescape") as source:
            video = source.streams.video[0]
            pixels = max(1, video.width * video.height)
            if pixels > PIXELS:
                return None
            if clip.suffix == ".y4m":
                target.write_bytes(clip.read_bytes()[: 100 + 2 * pixels * 3])
                return target
            _copy(source, target, count=max(2, min(12, PIXELS // pixels)))
    except (av.error.FFmpegError, ValueError, IndexError):
        return None
    return target


def _copy(source: av.container.InputContainer, target: Path, *, count: int) -> None:
    """Remux until so many pictures have come."""
    names = {"mov,mp4,m4a,3gp,3g2,mj2": "mov", "matroska,webm": "matroska"}
    with av.open(str(target), "w", format=names.get(source.format.name, source.format.name)) as output:
        wanted = [stream for stream in source.streams if stream.type in ("video", "audio", "subtitle")]
        streams = {s.index: output.add_stream_from_template(s, opaque=True) for s in wanted}
        for stream in wanted:
            streams[stream.index].metadata.update(stream.metadata)
        output.metadata.update({**source.metadata, "title": "A title", "comment": "caf\u00e9"})
        output.set_chapters(source.chapters())
        for packet in source.demux(wanted):
            if packet.size and (packet.dts is not None or packet.pts is not None):
                count -= packet.stream.type == "video"
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
            if count < 0:
                break


def command(rng: Random, source: Path, folder: Path, whole: Path) -> tuple[str, ...]:
    """One of the commands that read videos, its words in the order in which a user gives them."""
    film = str(folder / f"out{rng.choice(SUFFIXES)}")
    preset = FAST if not film.endswith(".webm") else ()
    extra = rng.choice(
        (
            (),
            (),
            (),
            ("--start", "0.1"),
            ("--end", "4f"),
            ("--deinterlace", "auto"),
            ("--deinterlace", "fields"),
            ("--start", "2f"),
        )
    )
    given = str(source)
    choices: tuple[tuple[str, ...], ...] = (
        *(("upscale", given, film, *NETWORK, *preset, *extra),) * 6,
        ("upscale", given, film, *NETWORK, *preset, "--resume"),
        ("upscale", given, str(folder / "pictures"), *NETWORK, *extra),
        ("interpolate", given, film, "--quality", "fast", *preset, *extra),
        ("interpolate", given, film, "--quality", "fast", *preset, "--slow-motion", "2", "--audio", "stretch"),
        ("interpolate", given, film, "--quality", "fast", *preset, "--fps", "50"),
        ("extract-frames", given, str(folder / "pictures"), *extra),
        ("split-scenes", given, str(folder / "clips")),
        ("split-scenes", given, str(folder / "clips"), "--copy"),
        ("join-frames", str(whole), film, "--audio", given, *preset),
        ("metrics", given, given, "--metric", "psnr"),
        ("info", given),
        ("upscale", given, film, *NETWORK, *preset, "--dry-run"),
    )
    return (*rng.choice(choices), "--json")


def cases(seed: int, numbers: Sequence[int], sources: Sequence[Path], folder: Path) -> Iterator[tuple[Case, Path]]:
    """Each case and its mutant, written into `folder`, which must be emptied before the next."""
    whole = _pictures(folder.parent / "whole")
    for number in numbers:
        rng = Random(f"{seed} {number}")
        source, other = rng.choice(sources), rng.choice(sources)
        changed = folder / f"m{number}{source.suffix}"
        changed.write_bytes(mutant(rng, source.read_bytes(), other=other.read_bytes()))
        yield Case(number, source.name, command(rng, changed, folder, whole)), changed


def _pictures(folder: Path) -> Path:
    """Four small pictures, for join-frames."""
    if not folder.exists():
        folder.mkdir()
        for number in range(4):
            picture = av.VideoFrame(64, 48, "rgb24")
            for plane in picture.planes:
                plane.update(bytes([40 * number]) * plane.buffer_size)
            picture.save(str(folder / f"{number}.png"))
    return folder


def judge(case: Case, folder: Path) -> list[str]:
    """What is wrong with how the command ended, one line each."""
    from typer.testing import CliRunner

    from vidrestore.cli import app

    run = CliRunner().invoke(app, list(case.words), env={"COLUMNS": "200"})
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        trace = traceback.extract_tb(run.exception.__traceback__)[-1]
        return [f"{type(run.exception).__name__}: {run.exception} at {Path(trace.filename).name}:{trace.lineno}"]
    said = run.stderr.strip().splitlines()
    if run.exit_code == 2 and any(words in run.stderr for words in OF_THE_COMMAND):
        return []
    if run.exit_code not in (0, 3):
        return [f"exit code {run.exit_code}: {said[-1] if said else ''}"]
    if not run.stdout:
        left = sorted(str(path.relative_to(folder)) for path in folder.iterdir() if path.name[0] != "m")
        wrong = [f"exit code {run.exit_code} and left {left}"] if left else []
        return wrong + ([] if len(said) == 1 else [f"exit code {run.exit_code} with {len(said)} lines: {said}"])
    return list(_differences(case, json.loads(run.stdout), folder))


def _differences(case: Case, report: dict[str, Any], folder: Path) -> Iterator[str]:
    """Between what the report says and what there is."""
    if case.words[0] in ("metrics", "info") or "--dry-run" in case.words:
        return
    target = Path(report["output"])
    if case.words[0] == "split-scenes":
        for scene in report["scenes"]:
            yield from _wrong(Path(scene["path"]), scene["frames"])
    elif target.is_dir():
        found = len([path for path in target.iterdir() if path.suffix == ".png"])
        if found != report["frames_out"]:
            yield f"{found} pictures, {report['frames_out']} were reported"
    else:
        yield from _wrong(target, report["frames_out"])


def _wrong(path: Path, frames: int) -> Iterator[str]:
    """What keeps another program from reading so many frames of a result."""
    try:
        with av.open(str(path)) as container:  # tags that are not UTF-8 raise here
            for stream in container.streams:
                _ = stream.metadata
            video = container.streams.best("video")
            found = sum(1 for _ in container.decode(video))
            if found != frames:
                yield f"{path.suffix}: {found} frames decode, {frames} were reported"
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        yield f"{path.suffix} does not decode: {error!r}"


def work(pipe: Connection, seed: int, sources: list[Path], folder: Path) -> None:
    """Do the cases whose numbers come, until None comes."""
    import resource

    for number in iter(pipe.recv, None):
        for case, _ in cases(seed, [number], sources, folder):
            found = judge(case, folder)
            if (most := resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) > MEMORY:
                found.append(f"took {most >> 20} MiB of memory")
            pipe.send((case, found, most > MEMORY))


def run(
    seed: int, numbers: Sequence[int], sources: list[Path], *, tell: Callable[[Case | int, list[str], Path], None]
) -> int:
    """All cases of these numbers; `tell` gets each with what is wrong, and the folder that holds its mutant.

    Returns:
        How many found something.
    """
    left, bad = iter(numbers), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "case"
        while batch := list(islice(left, FRESH)):
            for number, case, found in _batch(seed, batch, sources, folder):
                bad += bool(found)
                tell(number if case is None else case, found, folder)
                shutil.rmtree(folder)
                folder.mkdir()
    return bad


def _batch(
    seed: int, numbers: list[int], sources: list[Path], folder: Path
) -> Iterator[tuple[int, Case | None, list[str]]]:
    folder.mkdir(exist_ok=True)
    worker = None
    for number in numbers:
        worker = worker or _Worker(seed, sources, folder)
        worker.pipe.send(number)
        case, found, spent = worker.answer()
        yield number, case, found
        if spent:
            worker.end()
            worker = None
    if worker is not None:
        worker.end()


class _Worker:
    """A process that does cases."""

    def __init__(self, seed: int, sources: list[Path], folder: Path) -> None:
        context = get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, seed, sources, folder), daemon=True)
        self.process.start()
        other.close()
        self._fresh = True

    def answer(self) -> tuple[Case | None, list[str], bool]:
        """Of the case that was sent, and whether the process is of no more use."""
        limit = LIMIT + 60 * self._fresh  # it loads its libraries first
        self._fresh = False
        try:
            if self.pipe.poll(limit):
                answer: tuple[Case | None, list[str], bool] = self.pipe.recv()
                return answer
        except EOFError:
            self.process.join()
            return None, [f"the process ended with {self.process.exitcode}"], True
        return None, [f"takes longer than {limit} s"], True

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="a folder of videos to damage")
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the mutants that find something")
    given = parser.parse_args()

    def tell(case: Case | int, found: list[str], folder: Path) -> None:
        if not found:
            return
        words = "" if isinstance(case, int) else f" {case.source}: {' '.join(case.words)}"
        print(f"case {case if isinstance(case, int) else case.number}{words}", *found, sep="\n  ", flush=True)
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
            for file in folder.glob("m*"):
                shutil.copy(file, given.keep)

    with tempfile.TemporaryDirectory() as name:
        sources = heads(given.clips, Path(name) / "heads")
        numbers = range(given.first, given.first + given.cases)
        bad = run(given.seed, numbers, sources, tell=tell)
    print(f"{given.cases} cases of seed {given.seed}, from {given.first} on: {bad} found something")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
