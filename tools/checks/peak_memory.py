"""Peak memory of `vidrestore upscale` on a 1080p clip of 60 frames and of 600: bounded memory means the same for both.

python tools/checks/peak_memory.py ../shared/data/clips/high_fps_60.mp4
"""

import resource
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av


def lengthened(source: Path, target: Path, frames: int) -> None:
    """The first pictures of `source` over and over, `frames` in all."""
    with av.open(str(source)) as container:
        pictures = [f for f, _ in zip(container.decode(video=0), range(60), strict=False)]
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = pictures[0].width, pictures[0].height, "yuv420p"
        for i in range(frames):
            picture = pictures[i % len(pictures)]
            picture.pts, picture.time_base, picture.pict_type = i, Fraction(1, 30), 0
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def peak(source: Path, target: Path) -> float:
    """MiB of a whole run, the interpreter and every library included."""
    words = [sys.executable, "-m", "vidrestore", "upscale", str(source), str(target), "--preset", "ultrafast", "-q"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run(words, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # The maximum over all children so far: the shorter run must come first, and the longer may not be hidden by it.
    assert after >= before
    return after / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for frames in (60, 600):
            source = Path(folder) / f"{frames}.mp4"
            lengthened(Path(sys.argv[1]), source, frames)
            peaks.append(peak(source, Path(folder) / f"{frames}_x2.mp4"))
            print(f"{frames} frames: {peaks[-1]:.0f} MiB", flush=True)
        print(f"ratio {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
