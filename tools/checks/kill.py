"""Stop every command that writes, by each signal, at seeded moments and before each step that changes a name.

    python tools/checks/kill.py [--moments 40] [--only NAME]... [--seed 0]

Held after each: under the final names lies the old result whole or the new one whole, nothing else lies beside them
but what a killed process could not take away, the exit code is the one that docs/commands.md says, and the same
command, given again, makes the same bytes as a run that nobody stopped. Ends with 1 where something is not held.

A moment counts from when a process of its own waits for signals, which it does from its first line (__main__.py); what
comes before is Python's own start. `evaluate` and `models verify` write nothing, `benchmark` temporary files alone.
"""

import argparse
import atexit
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.clips import make_clip

ROOT = sys.path[0]

LIMIT = 600
"""Seconds a command may take, on a machine that has much else to do."""
NAMES = ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir")
"""Python's audit events of steps that change a name; renameat2 shows as the lookup of its symbol."""


@dataclass(frozen=True)
class Case:
    """A command in words, run in a folder that has in.mp4, in2.mp4, pictures/, learn/ and public.pth."""

    words: str
    outputs: tuple[str, ...]
    """What it makes there."""
    before: str = ""
    """A command that has made an older result of the same names."""
    shared: bool = True
    """Somebody else's file lies in a folder of that result."""
    resume: bool = False
    goes_on_from: str = ""
    """A file that, once there, has the command continue with --resume, and its results appear one by one."""


RUN = "--engine torch --precision fp32 --progress none"
LEARNT = ("run/best.safetensors", "run/log.csv", "run/settings.json")
"""A checkpoint, last.pt, holds the same, but its bytes tell whether one was read before it."""
LEARN = "train espcn-x2 --data learn --out run --workers 0"
CASES = {
    "video": Case(f"upscale in.mp4 out.mp4 -y -m espcn {RUN}", ("out.mp4",)),
    "video over another": Case(
        f"upscale in.mp4 out.mkv -y -m espcn {RUN}", ("out.mkv",), f"upscale in2.mp4 out.mkv -m espcn {RUN}"
    ),
    "resume": Case(f"upscale in.mp4 out.mkv -y -m espcn --resume {RUN}", ("out.mkv",), resume=True),
    "interpolate": Case(f"interpolate in.mp4 out.mkv -y --quality fast {RUN}", ("out.mkv",)),
    "deblur": Case(f"deblur in.mp4 out.mkv -y -m wiener --psf disk:2 {RUN}", ("out.mkv",)),
    "restore": Case(f"restore in.mp4 out.mkv -y --scale 2 {RUN}", ("out.mkv",)),
    "picture": Case(f"upscale pictures/1.png out.png -y -m espcn {RUN}", ("out.png",)),
    "folder": Case(f"upscale in.mp4 out -y -m espcn {RUN}", ("out",)),
    "folder by resume over another": Case(
        f"upscale in.mp4 out -y -m espcn --resume {RUN}", ("out",), "extract-frames in2.mp4 out", resume=True
    ),
    "frames": Case("extract-frames in.mp4 out -y --progress none", ("out",)),
    "frames over others": Case(
        "extract-frames in.mp4 out -y --progress none", ("out",), "extract-frames in2.mp4 out --format jpg"
    ),
    "frames in a folder of their own": Case(
        "extract-frames in.mp4 out -y --progress none", ("out",), "extract-frames in2.mp4 out", shared=False
    ),
    "scenes' frames over others": Case(
        "extract-frames in.mp4 out -y --scenes pairs.csv --progress none",
        ("out",),
        "extract-frames in2.mp4 out --scenes pairs.csv",
    ),
    "join": Case("join-frames pictures out.mkv -y --rate 25 --progress none", ("out.mkv",)),
    "clips": Case("split-scenes in.mp4 out -y --scenes pairs.csv --csv out.csv --progress none", ("out", "out.csv")),
    "clips over others": Case(
        "split-scenes in.mp4 out -y --copy --csv out.csv --stats stats.csv --plot plot.png --progress none",
        ("out", "out.csv", "stats.csv", "plot.png"),
        "split-scenes in.mp4 out --csv out.csv --stats stats.csv --plot plot.png --preset ultrafast --crf 40",
    ),
    "metrics": Case(
        "metrics in.mp4 in2.mp4 -y --align none --offset 0 --csv m.csv --plot m.png --report m.html --diff diff"
        " --progress none",
        ("m.csv", "m.png", "m.html", "diff"),
        "metrics in.mp4 in.mp4 --csv m.csv --plot m.png --report m.html --diff diff --progress none",
    ),
    "convert": Case("models convert public.pth out.safetensors -m five-parallel -y", ("out.safetensors",)),
    "train": Case(f"{LEARN} --steps 6", LEARNT, goes_on_from="run/last.pt"),
    "train on": Case(f"{LEARN} --steps 6 --resume", LEARNT, f"{LEARN} --steps 2", goes_on_from="run/last.pt"),
    "benchmark": Case("benchmark --quick --only decode", ()),
}

Tree = dict[str, bytes]


def tree(folder: Path) -> Tree:
    """All files, but for those of TensorBoard, which begin with the time."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("events.out"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def of(found: Tree, output: str) -> Tree:
    return {name: content for name, content in found.items() if name == output or name.startswith(f"{output}/")}


@dataclass(frozen=True)
class Stop:
    """Signals, and when: after so many seconds, or before this step that changes a name."""

    signals: tuple[signal.Signals, ...]
    seconds: float = 0
    step: int = 0

    def __str__(self) -> str:
        when = f"before step {self.step}" if self.step else f"after {self.seconds:.2f} s"
        return f"{' '.join(number.name for number in self.signals)} {when}"


@dataclass(frozen=True)
class Ended:
    code: int
    errors: str
    steps: int = 0


def forked(words: str, folder: Path, stop: Stop | None) -> Ended:
    """Run a command in a copy of this process, which has imported what it needs; count its steps, stop it at one."""
    log, counted = folder.parent / "log", folder.parent / "steps"
    log.touch()
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))  # until the command listens for them
    child = os.fork()
    if child == 0:
        try:
            os._exit(_child(words, folder, log, counted, stop))
        except BaseException:
            traceback.print_exc()
            os._exit(99)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    began = time.monotonic()
    pending = list(stop.signals) if stop and not stop.step else []
    while (status := os.waitpid(child, os.WNOHANG))[0] == 0:
        if pending and time.monotonic() - began >= stop.seconds:
            os.kill(child, pending.pop(0))
            began = time.monotonic() - stop.seconds + 0.01  # the next a little later
        elif time.monotonic() - began > LIMIT:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    steps = len(counted.read_text()) if counted.exists() else 0
    counted.unlink(missing_ok=True)
    return Ended(os.waitstatus_to_exitcode(status[1]), log.read_text(), steps)


def _child(words: str, folder: Path, log: Path, counted: Path, stop: Stop | None) -> int:
    """The exit code of a command; not by SystemExit, which would clean up what is the parent's."""
    os.chdir(folder)
    tempfile.tempdir = str(folder)  # what lies about there is found
    with log.open("w") as file, open(os.devnull, "w") as nowhere:
        os.dup2(file.fileno(), 2)
        os.dup2(nowhere.fileno(), 1)
    sys.argv = ["vidrestore", *words.split()]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    atexit._clear()  # what is registered is the parent's
    _count(folder, counted, stop)
    from vidrestore import cli
    from vidrestore.base import stop as stops

    stops.listen(cli.LAST_WORDS)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        cli.main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    atexit._run_exitfuncs()
    return code


def _count(folder: Path, counted: Path, stop: Stop | None) -> None:
    file = counted.open("wb", buffering=0)
    number = 0
    inside = str(folder)

    def heard(event: str, values: tuple[object, ...]) -> None:
        nonlocal number
        if event in NAMES:
            if not any(
                os.path.abspath(os.fsdecode(v)).startswith(inside)
                for v in values
                if isinstance(v, str | bytes | os.PathLike)
            ):
                return
        elif event != "ctypes.dlsym" or values[-1] != "renameat2":
            return
        number += 1
        file.write(b".")
        if stop and stop.step == number:
            for each in stop.signals:
                os.kill(os.getpid(), each)
                time.sleep(0.02)

    sys.addaudithook(heard)


def fresh(words: str, folder: Path, stop: Stop) -> Ended:
    """Run a command in a process that begins with its imports."""
    running = subprocess.Popen(
        [sys.executable, "-m", "vidrestore", *words.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": ROOT, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while running.poll() is None and not _waits_for(signal.SIGTERM, running.pid):
        time.sleep(0.0005)
    time.sleep(stop.seconds)
    for number in stop.signals:
        running.send_signal(number)
        time.sleep(0.01)
    try:
        errors = running.communicate(timeout=LIMIT)[1]
    except subprocess.TimeoutExpired:
        running.kill()
        errors = running.communicate()[1]
    return Ended(running.returncode, errors)


def _waits_for(number: signal.Signals, process: int) -> bool:
    """Whether a process has blocked a signal, or set a handler for it."""
    status = Path(f"/proc/{process}/status").read_text()
    masks = [line.split()[1] for line in status.splitlines() if line.startswith(("SigBlk", "SigCgt"))]
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


@dataclass
class Bench:
    """A case with its folder as it is before the command, and what the command makes of it."""

    case: Case
    start: Path
    old: Tree
    new: Tree
    steps: int
    seconds: float

    def faults(self, ended: Ended, stop: Stop, folder: Path) -> Iterator[str]:
        """What is not held after a stop."""
        found, outputs = tree(folder), self.case.outputs
        state = {output: self._state(found, output) for output in outputs}
        killed = signal.SIGKILL in stop.signals
        expected = {-signal.SIGKILL} if killed else {128 + number for number in stop.signals}
        if ended.code not in {0, *expected}:
            yield f"exit code {ended.code}: {ended.errors[-300:]}"
        if "Traceback" in ended.errors:
            yield f"traceback: {ended.errors[-300:]}"
        others = sorted(set(found) - set(self.old) - set(self.new))
        at_once = killed or len(stop.signals) > 1
        unfinished = [name for name in others if ".part" in name or name.startswith("tmp")]
        if wrong := others if not (at_once or self.case.resume) else sorted({*others} - {*unfinished}):
            yield f"left behind: {wrong[:3]}"
        pending = any(name.endswith("moves.json") for name in others) and killed
        split = not at_once and len(set(state.values()) - {"same"}) > 1
        if not self.case.goes_on_from and (split or ("mixed" in state.values() and not pending)):
            yield f"results: {state}"
        if ended.code == 0 and set(state.values()) - {"new", "same"}:
            yield f"exit code 0 and {state}"
        if not self.case.goes_on_from and not at_once and ended.code and "new" in state.values():
            yield f"exit code {ended.code} and a new result"
        resume = " --resume" if self.case.goes_on_from in found and "--resume" not in self.case.words else ""
        again = forked(self.case.words + resume, folder, None)
        if again.code:
            yield f"the same command then ends with {again.code}: {again.errors[-200:]}"
        elif any(of(tree(folder), output) != of(self.new, output) for output in outputs):
            yield "the same command then makes something else"
        if left := [name for name in set(tree(folder)) - set(self.new) if name not in unfinished or not at_once]:
            yield f"left behind by the same command: {left[:3]}"

    def _state(self, found: Tree, output: str) -> str:
        there, old, new = of(found, output), of(self.old, output), of(self.new, output)
        if there == new == old:
            return "same"
        return "new" if there == new else "old" if there == old else "mixed"


def make_inputs(folder: Path) -> None:
    make_clip(folder / "in.mp4", frames=8, size=(64, 48), audio=1)
    make_clip(folder / "in2.mp4", frames=10, size=(64, 48), rate=12)
    (folder / "pairs.csv").write_text("1,3\n4,8\n")
    forked("extract-frames in.mp4 pictures --rate 10 --progress none", folder, None)
    for number, path in enumerate(sorted((folder / "pictures").glob("*.png")), 1):
        path.rename(path.with_name(f"{number}.png"))
    (folder / "pictures" / "frames.csv").unlink()
    make_clip(folder / "learn.mp4", frames=4, size=(192, 160))
    forked("extract-frames learn.mp4 learn --progress none", folder, None)
    (folder / "learn.mp4").unlink()
    code = (
        "import torch; from tests.models.weights.test_conversion_vsr import public; torch.save(public(), 'public.pth')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=os.environ | {"PYTHONPATH": ROOT}, check=True)


def prepared(case: Case, inputs: Path, scratch: Path) -> Bench:
    start, whole = scratch / "start", scratch / "trial"
    shutil.copytree(inputs, start)
    if case.before:
        made = forked(case.before, start, None)
        assert made.code == 0, made.errors
        for output in case.outputs if case.shared else ():
            if (start / output).is_dir():
                (start / output / "mine.txt").write_text("of somebody else")
    shutil.copytree(start, whole)
    began = time.monotonic()
    made = forked(case.words, whole, None)
    assert made.code == 0, (made.code, made.errors)
    bench = Bench(case, start, tree(start), tree(whole), made.steps, time.monotonic() - began)
    shutil.rmtree(whole)
    return bench


def stops(bench: Bench, moments: int, random_: random.Random) -> Iterator[tuple[Stop, bool]]:
    """Each with whether it is for a process that begins with its imports."""
    ways = [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGKILL,), (signal.SIGINT, signal.SIGINT)]
    for way in ways:
        for step in range(1, bench.steps + 1):
            yield Stop(way, step=step), False
        for number in range(moments):
            # Training as cut below is that of this process alone.
            is_fresh = number % 4 == 0 and not bench.case.goes_on_from
            yield Stop(way, random_.random() * (3 if is_fresh else bench.seconds)), is_fresh


def load() -> None:
    """Import what commands do, and cut a recipe and a benchmark to seconds."""
    import torch.utils.tensorboard.writer  # noqa: F401

    import vidrestore

    for module in walk_packages(vidrestore.__path__, "vidrestore."):
        if not module.name.endswith("__main__"):  # which has signals wait
            import_module(module.name)
    from vidrestore.benchmark import row
    from vidrestore.training.recipes import RECIPES

    row.QUICK = row.Effort(repeats=1, frames=2)
    RECIPES["espcn-x2"] = replace(RECIPES["espcn-x2"], batch=2, validate_every=2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=40, help="for each command and signal")
    parser.add_argument("--only", action="append", choices=CASES, help="these commands")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    load()
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name).resolve() / "inputs"
        inputs.mkdir()
        make_inputs(inputs)
        for title in options.only or CASES:
            scratch = Path(name).resolve() / "case"
            scratch.mkdir()
            bench = prepared(CASES[title], inputs, scratch)
            counts = Counter[str]()
            for stop, is_fresh in stops(bench, options.moments, random.Random(options.seed)):
                folder = scratch / "trial"
                shutil.copytree(bench.start, folder)
                ended = (fresh if is_fresh else forked)(bench.case.words, folder, stop)
                counts[f"{stop.signals[0].name if len(stop.signals) == 1 else 'twice'} -> {ended.code}"] += 1
                for fault in bench.faults(ended, stop, folder):
                    wrong += 1
                    print(f"{title}: {stop}: {fault}", flush=True)
                shutil.rmtree(folder)
            shutil.rmtree(scratch)
            said = ", ".join(f"{key}: {count}" for key, count in sorted(counts.items()))
            print(f"{title}: {sum(counts.values())} stops, {bench.steps} steps; {said}", flush=True)
    print(f"{wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
