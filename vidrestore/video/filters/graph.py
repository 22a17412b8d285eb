"""FFmpeg's filter graphs: each result comes beside what its frame was paired with."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import TypeVar

from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.video.frame import VideoFrame

T = TypeVar("T")
Shape = tuple[int, int, str, int, int]


def apply_filters(frames: Iterable[tuple[T, VideoFrame]], *filters: str) -> Iterator[tuple[T, VideoFrame]]:
    """The frames that a chain of filters makes, in order, with what their frames came paired with.

    A filter is its name, or "name=options". It may look at the frames around and give several for one; which one they
    are of is told by their time stamps, so it must not make times of its own. Frames of another size, format or colour
    begin a chain of their own, and no filter looks across.
    """
    for shape, run in groupby(frames, key=_shape):
        yield from _through(run, _graph(shape, filters))


def _shape(pair: tuple[object, VideoFrame]) -> Shape:
    frame = pair[1]
    return frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range


def _through(frames: Iterable[tuple[T, VideoFrame]], graph: Graph) -> Iterator[tuple[T, VideoFrame]]:
    waiting: deque[tuple[int, T]] = deque()
    for number, (tag, frame) in enumerate(frames):
        frame.pts, frame.dts = number, None
        waiting.append((number, tag))
        graph.vpush(frame)
        yield from _ready(graph, waiting)
    graph.vpush(None)
    yield from _ready(graph, waiting)


def _graph(shape: Shape, filters: Iterable[str]) -> Graph:
    width, height, name, matrix, limits = shape
    graph = Graph()
    source = graph.add(
        "buffer",
        video_size=f"{width}x{height}",
        pix_fmt=name,
        time_base="1/1",
        colorspace=str(matrix),
        range=str(limits),
    )
    chain = (graph.add(*filter.partition("=")[::2]) for filter in filters)
    graph.link_nodes(source, *chain, graph.add("buffersink"))
    graph.configure()
    return graph


def pull_all(pull: Callable[[], T]) -> Iterator[T]:
    """What a graph has ready, by its `pull` or `vpull`."""
    with suppress(BlockingIOError, EOFError):
        while True:
            yield pull()


def _ready(graph: Graph, waiting: deque[tuple[int, T]]) -> Iterator[tuple[T, VideoFrame]]:
    for done in pull_all(graph.vpull):
        assert done.pts is not None and done.time_base is not None
        while len(waiting) > 1 and waiting[1][0] <= done.pts * done.time_base:
            waiting.popleft()
        yield waiting[0][1], done
