"""Reading from the middle, held against reading from the beginning."""

from fractions import Fraction
from pathlib import Path
from zlib import crc32

from vidrestore.base.settings import Moment, Reading
from vidrestore.frame.frame import Frame, Planes
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader

Seen = tuple[Fraction, Fraction, bool, int]
"""Of a frame: when it appears on the source's own clock, how long, whether it is a key frame, a sum of its samples."""


def seen(frame: Frame, origin: Fraction) -> Seen:
    planes = (frame.picture.y, frame.picture.u, frame.picture.v) if isinstance(frame.picture, Planes) else frame.picture
    total = 0
    for plane in planes:
        if plane is not None:
            total = crc32(plane.contiguous().numpy(), total)
    return frame.pts + origin, frame.duration, frame.key, total


def read(path: Path, **asked: object) -> tuple[Reader, list[Seen]]:
    """All that a Reader gives; frames are not kept."""
    reader = Reader(probe(path), Reading(**asked))  # type: ignore[arg-type]
    return reader, [seen(frame, reader.origin) for frame in reader]


def first_decoded(reader: Reader) -> int:
    """The frame, counted from 0, with which its decoder began to give frames."""
    assert reader._decoder is not None
    return reader._decoder.first


def starts(frames: list[Seen], start_of_file: Fraction, places: int) -> list[Moment]:
    """Moments and numbers of frames all over a file, the last frame among them."""
    numbers = sorted({len(frames) * (2 * place + 1) // (2 * places) for place in range(places)} | {len(frames) - 1})
    return [start for n in numbers if n for start in (frames[n][0] - start_of_file, n)]


def compare(path: Path, places: int = 10, **asked: object) -> list[int]:
    """Read from so many places and hold each against the rest of the whole; with which frames decoders began."""
    whole, frames = read(path, **asked)
    source = read(path)[1] if "deinterlace" in asked else frames  # numbers are of its frames
    begun = []
    for start in starts(source, whole.origin, places):
        reader, rest = read(path, start=start, **asked)
        begins = source[start][0] if isinstance(start, int) else start + whole.origin
        expected = [each for each in frames if each[0] >= begins]
        if len(rest) == 1:  # how long a frame lasts that has none beside it, only its file tells
            rest[0], expected[0] = (each[:1] + each[2:] for each in (rest[0], expected[0]))  # type: ignore[assignment]
        assert rest == expected, f"{path.name} from {start}: {len(rest)} of {len(expected)} frames"
        assert reader.origin == expected[0][0]
        begun.append(first_decoded(reader))
    return begun
