"""windows(): each frame with its neighbours, never across a cut."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar


class _InShot(Protocol):
    @property
    def cut(self) -> bool: ...


T = TypeVar("T", bound=_InShot)


def windows(frames: Iterable[T], *, before: int, after: int) -> Iterator[tuple[T, ...]]:
    """For each frame, in order, the `before` frames before it, itself, and the `after` frames after it.

    A window never leaves its shot: where the stream or a cut ends it, the outermost frame stands in for what is
    missing, as the same object. The window of a frame is given once `after` frames beyond it are known, or its shot
    has ended.
    """
    past: deque[T] = deque(maxlen=before)
    ahead: deque[T] = deque()

    def first() -> tuple[T, ...]:
        current = ahead.popleft()
        left = (past[0] if past else current,) * (before - len(past)) + tuple(past)
        right = tuple(islice(ahead, after))
        right += ((current, *right)[-1],) * (after - len(right))
        past.append(current)
        return (*left, current, *right)

    for frame in frames:
        if frame.cut:
            while ahead:
                yield first()
            past.clear()
        ahead.append(frame)
        if len(ahead) > after:
            yield first()
    while ahead:
        yield first()
