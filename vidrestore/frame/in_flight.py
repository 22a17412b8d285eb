"""Memory of the pictures in flight, and the peak of the whole process."""

import sys
import threading
import weakref
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import psutil

from .frame import Frame, Planes


class InFlight:
    """Counts the pictures of the frames it watches, from then until nothing holds them any more.

    most  bytes, the largest there were at once
    """

    def __init__(self) -> None:
        self.most = self._now = 0
        self._known: set[int] = set()
        self._lock = threading.RLock()  # a picture may end while one is added, in the same thread

    def count(self, frame: Frame) -> Frame:
        """The frame itself."""
        picture = frame.picture
        for plane in (picture.y, picture.u, picture.v) if isinstance(picture, Planes) else (picture,):
            if plane is None or id(plane) in self._known:
                continue
            with self._lock:
                self._known.add(id(plane))
                self._now += plane.nbytes
                self.most = max(self.most, self._now)
            weakref.finalize(plane, self._ended, id(plane), plane.nbytes)
        return frame

    def count_all(self, frames: Generator[Frame, None, None]) -> Generator[Frame, None, None]:
        """The same frames; closed with this."""
        with closing(frames):
            for frame in frames:
                yield self.count(frame)

    def _ended(self, key: int, size: int) -> None:
        with self._lock:
            self._known.discard(key)
            self._now -= size


def peak_memory() -> int:
    """Bytes of main memory that this process took at most."""
    status = Path("/proc/self/status")
    if status.exists():  # what Linux tells by getrusage may be the peak of the process that started this one
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if peak := fields.get("VmHWM"):
            return int(peak.split()[0]) << 10
    try:
        import resource
    except ImportError:  # Windows
        return int(psutil.Process().memory_info().peak_wset)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10
