"""Compare two copies of the package: every --help, the keys of --json, and the bytes of ten runs.

    python tools/checks/same_results.py ../old ../new ../shared/data/clips

A change that moves or untangles code, and means to change nothing that users see, is held against the copy before it.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = (
    *("", "upscale", "interpolate", "deblur", "restore", "extract-frames", "join-frames", "split-scenes", "metrics"),
    *("info", "models", "models list", "models info", "models verify", "models convert", "train", "evaluate"),
    *("benchmark", "benchmark local-conv", "benchmark metrics"),
)
RUNS = {
    "upscale": "upscale {clips}/cursed_vfr.mp4 OUT.mkv -s 2 --end 12f",
    "upscale-4": "upscale {clips}/odd_175x143.mp4 OUT.mp4 -s 4 --end 4f",
    "interpolate": "interpolate {clips}/mpeg2_24fps.ts OUT.mp4 --fps 60 --end 8f",
    "slow": "interpolate {clips}/two_audio_two_subs.mp4 OUT.mkv --slow-motion 2 --audio stretch --end 8f",
    "deblur": "deblur {clips}/portrait.mp4 OUT.mp4 --end 4f",
    "restore": "restore {clips}/h263_176x144.3gp OUT.mkv --deblur -x 2 -s 2 --end 4f",
    "extract": "extract-frames {clips}/h264_10bit.mp4 OUT --end 6f",
    "join": "join-frames FRAMES OUT.mkv --like {clips}/h264_10bit.mp4",
    "split": "split-scenes {clips}/subs_srt.mkv OUT",
    "metrics": "metrics {clips}/bt601.mov {clips}/bt601.mov --csv OUT.csv",
}


def call(package: Path, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One command of one copy, on its own cache."""
    environment = os.environ | {"PYTHONPATH": str(package), "VIDRESTORE_CACHE": str(folder / "cache"), "COLUMNS": "100"}
    command = [sys.executable, "-m", "vidrestore", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)


def digest(path: Path) -> str:
    """Of a file, or of all files of a folder with their names."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = hashlib.sha256()
    for file in files:
        if file.is_file():
            found.update(str(file.relative_to(path)).encode() + file.read_bytes())
    return found.hexdigest()[:16]


def keys(value: object, where: str = "") -> set[str]:
    """Every key of a report, with the keys it lies under."""
    if not isinstance(value, dict):
        return set()
    found = {f"{where}{key}" for key in value}
    return found.union(*(keys(inner, f"{where}{key}.") for key, inner in value.items()))


def seen(package: Path, clips: Path) -> dict[str, str]:
    """All that is compared, by name."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for command in COMMANDS:
            said = call(package, [*command.split(), "--help"], folder)
            found[f"help {command}"] = said.stdout + said.stderr
        call(package, ["extract-frames", str(clips / "h264_10bit.mp4"), "FRAMES", "--end", "6f"], folder)
        for title, line in RUNS.items():
            out = next(word for word in line.split() if word.startswith("OUT"))
            words = line.format(clips=clips).replace(out, f"{title}{Path(out).suffix}").split()
            done = call(package, [*words, "--json"], folder)
            result = folder / f"{title}{Path(out).suffix}"
            found[f"bytes {title}"] = digest(result) if result.exists() else f"none: {done.stderr}"
            found[f"keys {title}"] = " ".join(sorted(keys(json.loads(done.stdout or "{}"))))
    return found


def main() -> None:
    """Print what differs; exit code 1 if anything does."""
    old, new, clips = (Path(word).resolve() for word in sys.argv[1:4])
    before, after = seen(old, clips), seen(new, clips)
    for name, value in before.items():
        print(f"{'same' if value == after[name] else 'DIFFERS'}  {name}")
        if value != after[name]:
            print(f"--- before\n{value}\n--- after\n{after[name]}")
    sys.exit(before != after)


if __name__ == "__main__":
    main()
