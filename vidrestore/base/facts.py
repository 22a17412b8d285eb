"""Facts: how frames were computed, as a report tells it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one step did so far, or several together."""

    engine: str = ""
    device: str = ""
    precision: str = ""
    tile: int = 0
    """Input pixels a side; 0 is the whole picture."""
    batch: int = 1
    halvings: int = 0
    """How often the tile was halved because memory ran out."""
    over: int = 0
    """Bytes beyond `Settings.max_memory` that were held at most."""
    seconds: float = 0.0
    """Spent in the network, prepare and finish included."""
    frames: int = 0
    """Made in that time; those that were handed on as they came count too."""
    blur: tuple[tuple[float, float], ...] = ()
    """Of each frame, before and after, by `metrics.blur`, where it was measured."""
    untouched: int = 0
    """Frames that were sharp enough to be left as they were."""
    confidence: tuple[float | None, ...] = ()
    """Of each frame of a piece that a worker made, as `Frame.confidence`."""
    notes: tuple[str, ...] = ()
    """What the user should know of it afterwards, one line each."""
    counted: tuple[str, ...] = ()
    """The same, where only the end of the video tells: of a trial it would be wrong."""


def together(steps: Iterable[Facts]) -> Facts:
    """Of steps that follow one another: where the last of them computed, and what all of them did."""
    each = list(steps)
    last = next((facts for facts in reversed(each) if facts.engine), Facts())
    return replace(
        last,
        halvings=sum(facts.halvings for facts in each),
        over=max((facts.over for facts in each), default=0),
        seconds=sum(facts.seconds for facts in each),
        blur=sum((facts.blur for facts in each), ()),
        confidence=sum((facts.confidence for facts in each), ()),
        untouched=sum(facts.untouched for facts in each),
        notes=sum((facts.notes for facts in each), ()),
        counted=sum((facts.counted for facts in each), ()),
    )


def followed_by(parts: Sequence[Facts]) -> Facts:
    """Of parts of one stream that the same step has done, in order."""
    notes = dict.fromkeys(note for facts in parts for note in facts.notes)
    frames = sum(facts.frames for facts in parts)
    return replace(together(parts), frames=frames, notes=tuple(notes))
