"""frames() and restore_frames(): video as NumPy arrays, out of a file and through the networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..base.device_words import check_words
from ..base.settings import Reading, Settings
from ..errors import UsageError
from .refusals import known_errors
from .restoring import Name
from .steps import wish_for
from .words import FIND_CUTS, Number, frame_rate, scenes_of, timing_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..frame.frame import Frame

    Rgb = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]

RATE = Fraction(25)
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1}
"""dtype -> what white is."""
DEPTH = {"uint8": 8, "uint16": 16, "float32": 32}


class Picture(NamedTuple):
    """One frame of a video, and its place in time."""

    rgb: Rgb
    """(H, W, 3), red first, upright: uint8 with white at 255, or uint16 with white at 65535 of more than 8 bits."""
    time: Fraction
    """When it appears: seconds from the start of the stream, exact."""
    duration: Fraction
    """Seconds until the next one."""


def frames(path: Name, *, reading: Reading = Reading()) -> Iterator[Picture]:  # noqa: B008 - frozen
    """The frames of a video, a folder of pictures or a picture, in order, decoded as they are asked for.

    Raises:
        UsageError: there is no such file, or nothing between the start and the end asked for.
        InputError: it is damaged, or no video.
    """
    from ..video.facts.probe import probe
    from ..video.filters.interlacing import as_read
    from ..video.pictures.turn import turn_of, turn_upright
    from ..video.pictures.write import samples_of
    from ..video.reader import Reader  # torch

    with known_errors():
        info = as_read(probe(Path(path), rate=reading.rate, follow_references=reading.follow_references), reading)
        turn, depth = turn_of(info.display_matrix), 8 if info.colour.depth == 8 else 16
        with closing(iter(Reader(info, reading))) as decoded:
            for frame in decoded:
                samples = turn_upright(samples_of(frame.picture, depth=depth), turn)
                yield Picture(samples[..., ::-1], frame.pts, frame.duration)


def restore_frames(
    frames: Iterable[Rgb],
    *,
    rate: Number = RATE,
    clean: bool = False,
    deblur: bool = False,
    factor: Number | None = None,
    fps: Number | None = None,
    scale: int | None = None,
    models: Sequence[str] = (),
    cuts: Name = FIND_CUTS,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Iterator[Rgb]:
    """The steps of `restore` over arrays: each is taken when it is needed, and a few are held.

    Args:
        frames: RGB, (H, W, 3), all of one size and dtype: uint8, uint16, or float32 in [0, 1].
        rate: how many of them are shown a second; what `fps` and the search for cuts go by.
        clean: as the others, see `restore`; since there is no file to look at, auto takes the network for
            compression artefacts, and what it changes is shown in full.
        settings: what computes the networks.

    Returns:
        RGB of the same dtype, (scale * H, scale * W, 3), float32 not clipped to [0, 1]; what is made of a frame comes
        before the next is read, but for the few that a network looks ahead.

    Raises:
        UsageError: the call makes no sense as given, or a frame has another shape or dtype.
        ModelError, ResourceError: as `restore`.
    """
    check_words(settings)
    wish = wish_for(
        clean=clean,
        deblur=deblur,
        timing=None if factor is None and fps is None else timing_of(factor, fps)[0],
        scale=scale,
        models=models,
        scenes=scenes_of(str(cuts), None),
    )
    stages = wish.stages(settings=settings)
    step = 1 / (frame_rate(rate, "rate") or RATE)

    def made() -> Iterator[Rgb]:
        from ..restoration.pipeline import Clock, through
        from ..restoration.stage import NOTHING
        from ..video.pictures.write import samples_of  # torch, as all here

        form: list[tuple[tuple[int, ...], str]] = []
        with known_errors():
            loaded = [stage.load() for stage in stages]
            taken = _taken(frames, step, form)
            with closing(through(taken, stages, loaded, [NOTHING] * len(stages), Clock())) as results:
                for frame in results:
                    yield samples_of(frame.picture, depth=DEPTH[form[0][1]])[..., ::-1]

    return made()


def _taken(arrays: Iterable[Rgb], step: Fraction, form: list[tuple[tuple[int, ...], str]]) -> Iterator[Frame]:
    """Arrays as frames; `form` gets the shape and dtype of the first."""
    import numpy as np
    import torch

    from ..frame.frame import Frame

    for number, array in enumerate(arrays):
        found = array.shape, array.dtype.name
        if len(found[0]) != 3 or found[0][2] != 3 or found[1] not in WHITE:
            raise UsageError(
                f"frame {number} is {found[1]} of shape {found[0]}; give RGB (H, W, 3) as uint8, uint16 or float32"
            )
        form[:] = form or [found]
        if found != form[0]:
            raise UsageError(
                f"frame {number} is {found[1]} of shape {found[0]}, and the first was {form[0][1]} of {form[0][0]}; "
                "give frames of one size and dtype"
            )
        planes = np.ascontiguousarray(array.transpose(2, 0, 1), np.float32)
        picture = torch.from_numpy(planes / np.float32(WHITE[found[1]]))
        yield Frame(picture, number * step, step)
