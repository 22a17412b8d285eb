"""Run the examples of README.md and docs/ as they are printed, on clips of the test data under the documents' names.

    python tools/checks/run_documents.py --data ../shared/data                 # every page
    python tools/checks/run_documents.py --data ../shared/data README.md docs/guides/anime.md

Each ```bash and ```python block of a page is run, one after the other, in one folder for each page. A block that
cannot be run says why in the line above it: <!-- not run: REASON -->.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

GIVEN = {
    "in.mp4": "clips/slow_motion_sef.mp4",
    "in.mkv": "clips/two_audio_two_subs.mp4",
    "film.mp4": "clips/slow_motion_sef.mp4",
    "family.mp4": "clips/interlaced_480i_audio.mp4",
    "anime.mkv": "clips/yuv444.mkv",
    "phone.mp4": "clips/rotated_90_small.mov",
    "race.mp4": "clips/slow_motion_sef.mp4",
    "original.mp4": "clips/slow_motion_sef.mp4",
    "scans": "eval/davis_triplets/monkeys",
    "pictures": "eval/set5",
}
"""What the documents call a file or a folder, and which of the test data stands for it."""

BLOCK = re.compile(
    r"^(?P<why><!-- not run: [^\n]+ -->\n)?```(?P<language>bash|python)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Block:
    """One example."""

    line: int
    """Of the page, from 1."""
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that ended with an error."""

    block: Block
    printed: str


def pages() -> list[Path]:
    """README.md and every page of docs/."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """The examples of a page that are to be run."""
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        if not found["why"]:
            yield Block(text.count("\n", 0, found.start()) + 1, found["language"], found["text"])


def failures(page: Path, data: Path) -> list[Failure]:
    """Run the examples of a page, all of them whatever fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_given(page, data, folder)
        printed = ((block, output_if_failed(block, folder)) for block in blocks(page))
        return [Failure(block, output) for block, output in printed if output is not None]


def copy_given(page: Path, data: Path, folder: Path) -> None:
    """Copy what the examples of a page name into the folder they run in."""
    examples = "\n".join(block.text for block in blocks(page))
    for name, source in GIVEN.items():
        if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", examples):
            copy = shutil.copytree if (data / source).is_dir() else shutil.copyfile
            copy(data / source, folder / name)


def output_if_failed(block: Block, folder: Path) -> str | None:
    """Run a block. What it printed where it failed; None where it did not."""
    words = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else [sys.executable, "-c"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    # So that the examples run this checkout, wherever their folder is.
    imports = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [*words, block.text],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": imports},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return f"{done.stdout}exit code {done.returncode}" if done.returncode else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with clips/ and eval/")
    parser.add_argument("pages", type=Path, nargs="*", help="all where none is named")
    asked = parser.parse_args()
    ran = failed = 0
    for page in asked.pages or pages():
        count, wrong = len(list(blocks(page))), failures(page, asked.data)
        print(f"{page}: {count} blocks, {len(wrong)} failed", flush=True)
        for failure in wrong:
            print(f"{page}:{failure.block.line}\n{failure.block.text}{failure.printed}", flush=True)
        ran, failed = ran + count, failed + len(wrong)
    print(f"{ran - failed} passed, {failed} failed")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
