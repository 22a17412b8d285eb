"""Deinterlacing with FFmpeg's bwdif: as many pictures out as in, at the same times."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.video.frame import VideoFrame

T = TypeVar("T")


def deinterlace(frames: Iterable[tuple[T, VideoFrame]], *, flagged_only: bool) -> Iterator[tuple[T, VideoFrame]]:
    """Each frame made progressive from its neighbours, with what it came paired with.

    `flagged_only`: leave frames alone that say they are progressive. All frames have the size and format of the first.
    """
    graph: Graph | None = None
    waiting: deque[T] = deque()
    for number, (tag, frame) in enumerate(frames):
        if graph is None:
            graph = _bwdif(frame, "interlaced" if flagged_only else "all")
        frame.pts, frame.dts = number, None
        waiting.append(tag)
        graph.vpush(frame)
        yield from ((waiting.popleft(), done) for done in _ready(graph))
    if graph is not None:
        graph.vpush(None)
        yield from ((waiting.popleft(), done) for done in _ready(graph))


def _bwdif(frame: VideoFrame, which: str) -> Graph:
    graph = Graph()
    source = graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base="1/1",
        colorspace=str(frame.colorspace),
        range=str(frame.color_range),
    )
    graph.link_nodes(source, graph.add("bwdif", f"mode=send_frame:deint={which}"), graph.add("buffersink"))
    graph.configure()
    return graph


def _ready(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (BlockingIOError, EOFError):
            return
