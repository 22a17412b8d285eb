"""The way of a frame: which of our functions a run enters about once a frame or more, in how many files, how deep.

    python tools/checks/frame_path.py upscale in.mp4 out.mp4 -s 2

Runs one command in this process, with a profiler in every thread that looks at functions of the package alone, from
the first frame that leaves the reader until the last is written: opening files, loading networks and closing files are
no part of a frame's way. The decoder is some frames ahead by then, so the clip should have a hundred frames or more.
"""

import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

import vidrestore
from vidrestore import cli

PACKAGE = str(Path(vidrestore.__file__).parent)
SHARE = 0.9
"""A function is on the way if it is entered so many times a frame of the source."""
FIRST, LAST = ("video/reader.py", "Reader._frame"), ("video/writer.py", "Writer._finish")
"""What is entered for each frame that leaves the reader, and when all are written."""
NAMELESS = ("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>", "<lambda>")
"""What Python enters as a function and no `def` wrote: parts of a line."""


class Calls:
    """How often functions were entered, and the most of ours on the stack at once, in each thread."""

    def __init__(self) -> None:
        self.entered: Counter[tuple[str, str]] = Counter()
        self.deepest: dict[tuple[str, str], list[str]] = {}
        self.over = False

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """What sys.setprofile calls. A generator is entered each time it is resumed."""
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE):
            return
        key = code.co_filename.removeprefix(f"{PACKAGE}/"), code.co_qualname
        self.over |= key == LAST
        if self.over or (not self.entered and key != FIRST):
            return
        self.entered[key] += 1
        self.deepest[key] = max(self.deepest.get(key, []), stack(frame), key=len)


def stack(frame: FrameType | None) -> list[str]:
    """Our functions under way, the innermost first, those of the command line and parts of lines apart."""
    found = []
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_qualname
        if file.startswith(PACKAGE) and not file.startswith(f"{PACKAGE}/cli") and not name.endswith(NAMELESS):
            found.append(name)
        frame = frame.f_back
    return found


def main() -> None:
    """Run the command, then print the table."""
    calls = Calls()
    threading.setprofile(calls)
    sys.setprofile(calls)
    sys.argv[0] = "vidrestore"
    try:
        cli.main()
    except SystemExit as end:
        if end.code:
            raise
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    frames = calls.entered[FIRST]
    often = {key: n for key, n in calls.entered.items() if n >= SHARE * frames}
    for (file, name), n in sorted(often.items()):
        print(f"{n / frames:8.1f}  {file}  {name}")
    named = [key for key in often if not key[1].endswith(NAMELESS)]
    files = len({file for file, _ in named})
    print(f"{len(named)} functions ({len(often)} with comprehensions and lambdas) in {files} files, ", end="")
    deepest = max((calls.deepest[key] for key in named), key=len)
    print(f"{len(deepest)} deep, {frames} frames")
    print("deepest:", " < ".join(deepest))


if __name__ == "__main__":
    main()
