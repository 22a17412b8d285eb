"""The clips of data/clips and data/eval: their names, and their sound."""

from pathlib import Path

import av

from tests.conftest import REPOSITORY

CLIPS = REPOSITORY.parent / "shared" / "data" / "clips"
NOT_VIDEOS = {"empty.mp4", "text_named.mp4", "truncated_2kB.mp4"}
NAMES = sorted(p.name for p in CLIPS.glob("*") if p.suffix != ".md") if CLIPS.is_dir() else []
# Time stamps that are broken in the file itself: repaired, counted and said.
BROKEN_TIMES = {"packed_vfr.avi"}


def sound(path: Path) -> list[bytes]:
    """Every packet of the first audio track; none where there is no track."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


SIX = ("davis_cows", "bbb_forest", "davis_bmx-trees", "sav_dog", "davis_rollercoaster", "udacity_highway")
