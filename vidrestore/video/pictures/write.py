"""PictureFiles: frames as a folder of pictures with their exact times, or as one picture."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from itertools import count
from os import cpu_count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...base.files import put_in_place, write_whole
from ...base.settings import Pictures
from ...errors import UsageError, VidrestoreError
from ...frame.frame import Frame, Planes
from ..decode.rgb import Floats, rgb_rows
from ..encode.target import Target
from ..facts.info import VideoInfo
from ..resume.swap import swap_in
from .earlier import earlier
from .formats import exif, png, tiff
from .formats.cicp import CICP, cicp, is_hdr
from .formats.exif import Resolution
from .formats.header import read_header
from .formats.picture_header import PictureHeader
from .opacity import KEPT, with_opacity
from .times import TIMES, Row, times_csv
from .turn import size_after, turn_of, turn_upright

NAME = "frame_{:08d}{}"
_JPEG = (".jpg", ".jpeg")
_LONGEST_EXIF = 65527
"""Bytes that a segment of JPEG holds."""
# The longest side in pixels that libjpeg, libwebp and libpng write.
_SIDES = {".jpg": 65500, ".jpeg": 65500, ".webp": 16383, ".png": 1_000_000}
# White, and what OpenCV calls the type of the samples, by bits per sample.
_TYPES = {8: (255, np.uint8, cv2.CV_8U), 16: (65535, np.uint16, cv2.CV_16U), 32: (1, np.float32, cv2.CV_32F)}

Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


class PictureFiles:
    """Writes each frame to a file of its own, upright: in `part`, a folder, or for one picture that file itself.

    Several are encoded at once, in threads: that is where the time goes. A folder gets its `frames.csv` too.

    Args:
        part: NEW in the folder that is claimed for the target (video/resume/unfinished.py), or the file.
        source_offset: seconds of the source that are pts 0.
        sources: the source's own pictures, where it is made of such, by their seconds on its clock: a picture of the
            same time gets their EXIF (but for the orientation, which is applied), resolution and opacity.
        first: pictures that come before these; their numbers go on from there.
        before: pictures that an earlier run has left in the folder, which are not made again, and `abandon` leaves
            what is whole; None: the run cannot be resumed.

    Raises:
        OSError, UsageError: a picture could not be written; said of one of the next frames, or at the end.
    """

    def __init__(
        self,
        part: Path,
        target: Target,
        *,
        source_offset: Fraction = Fraction(0),
        sources: Mapping[Fraction, Path] | None = None,
        first: int = 0,
        before: int | None = None,
    ) -> None:
        self._part, self._target, self._offset, self._before = part, target, source_offset, before
        self._first = first
        self._sources = sources or {}
        self._without_exif: list[Path] = []
        self._rows: list[Row] = []
        self._threads = cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, "pictures")
        self._stored: deque[Future[None]] = deque()
        if target.kind == "folder":
            part.mkdir(exist_ok=before is not None)
            self._keep_only(before or 0)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be kept, one line each; known after `finish`."""
        if not self._without_exif:
            return ()
        why = "damaged, or more than such pictures hold"
        return (f"pictures whose EXIF is left out, because it is {why}: {len(self._without_exif)}",)

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return self._rows[-1].pts + self._rows[-1].duration - self._rows[0].pts

    def add(self, frame: Frame, *, index: int | None = None, scene: int | None = None) -> None:
        """Write one picture; `index` and `scene` are for the list, by default its place in the folder and none."""
        if self._target.kind == "picture" and self._rows:
            raise UsageError(f"{self._target.path} holds one picture, the result has more; give a folder")
        number = self._first + len(self._rows) + 1
        name = NAME.format(number, self._target.suffix)
        path = self._part / name if self._target.kind == "folder" else self._part
        source_pts = frame.pts / self._target.stretch + self._offset
        if number > (self._before or 0):
            self._stored.append(self._pool.submit(self._store, path, frame.picture, self._sources.get(source_pts)))
        if len(self._stored) > self._threads:
            self._stored.popleft().result()
        self._rows.append(Row(name, frame.pts, frame.duration, index or number, frame.key, scene, source_pts))

    def _keep_only(self, number: int) -> None:
        """Whatever else a run that was killed left goes: it may be half a picture."""
        names = {NAME.format(n + 1, self._target.suffix) for n in range(number)}
        for path in self._part.iterdir():
            if path.name not in names:
                path.unlink()

    def _store(self, path: Path, picture: Planes | Tensor, source: Path | None) -> None:
        depth = self._target.pictures.depth or 8
        samples: Samples = samples_of(picture, depth=depth)
        header = None if source is None else read_header(source)
        if source and header and header.opacity and self._target.suffix in KEPT and depth < 32:
            samples = with_opacity(samples, source, header)
        samples = turn_upright(samples, turn_of(self._target.display_matrix))
        block, dpi = (b"", None) if source is None or header is None else self._tags_of(source, header, samples)
        data = encode_picture(samples, self._target.suffix, self._target.pictures, self._target.profile, block, dpi)
        if self._target.suffix == ".png" and is_hdr(self._target.colour):
            data = png.with_chunks(data, [(CICP, cicp(self._target.colour))])
        if self._before is not None:  # then what has its name is whole
            write_whole(path, data, overwrite=True)
        else:
            path.write_bytes(data)

    def _tags_of(self, source: Path, header: PictureHeader, samples: Samples) -> tuple[bytes, Resolution | None]:
        """The EXIF and the resolution that a picture made of `source` gets."""
        try:
            block = exif.for_copy(header.exif, width=samples.shape[1], height=samples.shape[0], dpi=header.dpi)
        except ValueError:
            block = exif.for_copy(b"", width=0, height=0, dpi=header.dpi)
            self._without_exif.append(source)
        if self._target.suffix in _JPEG and len(block) > _LONGEST_EXIF:
            block = b""
            self._without_exif.append(source)
        return block, header.dpi

    def finish(self) -> None:
        """Wait for the last pictures and write the list."""
        while self._stored:
            self._stored.popleft().result()
        self._pool.shutdown()
        if self._target.kind == "folder":
            (self._part / TIMES).write_text(times_csv(self._rows), encoding="utf-8")

    def give_name(self, path: Path) -> None:
        """Put everything in its place; in a folder that exists, pictures of an earlier run go, other files stay."""
        overwrite = self._target.overwrite
        if self._target.kind == "folder":
            swap_in(self._part.parent, path, outdated=earlier(path), overwrite=overwrite, shared=False)
        else:
            put_in_place(self._part, path, overwrite=overwrite)

    def abandon(self) -> None:
        """Delete the picture; of a folder, whoever has claimed it does."""
        self._pool.shutdown(cancel_futures=True)
        if self._target.kind == "picture":
            self._part.unlink(missing_ok=True)
        elif self._before is not None and self._part.is_dir() and not any(self._part.iterdir()):
            self._part.rmdir()


def sources_of(info: VideoInfo) -> dict[Fraction, Path]:
    """A source's own pictures, as PictureFiles takes them."""
    return {} if info.animated else {each.pts + info.source_offset: each.path for each in info.pictures}


def pictures_there(folder: Path, suffix: str) -> int:
    """How many of the first pictures of a folder are whole."""
    return next(n for n in count() if not (folder / NAME.format(n + 1, suffix)).is_file())


def samples_of(picture: Planes | Tensor, *, depth: int) -> Samples:
    """(H, W, 3), blue first: 8 or 16 bits, rounded to the nearest code, or 32 bits of floating point, not clipped.

    `picture`: planes, or RGB (3, H, W) in [0, 1].
    """
    white, dtype, name = _TYPES[depth]
    samples: Samples | None = None
    for rows, rgb in _rgb(picture, white):
        if samples is None:
            height = picture.y.shape[0] if isinstance(picture, Planes) else picture.shape[1]
            samples = np.empty((height, rgb.shape[1], 3), dtype)
        # Adding nothing rounds, and clips to what the type holds.
        samples[rows] = cv2.cvtColor(cv2.add(rgb, 0, dtype=name), cv2.COLOR_RGB2BGR)
    assert samples is not None
    return samples


def _rgb(picture: Planes | Tensor, white: float) -> Iterator[tuple[slice, Floats]]:
    if isinstance(picture, Planes):
        yield from rgb_rows(picture, white=white)
    else:
        yield slice(None), np.asarray(cv2.merge([channel.numpy() for channel in (picture.float() * white).cpu()]))


def upright_size(target: Target) -> tuple[int, int]:
    """Width and height of the pictures as they are stored."""
    return size_after(turn_of(target.display_matrix), target.width, target.height)


def encode_picture(
    samples: Samples,
    suffix: str,
    pictures: Pictures,
    profile: bytes = b"",
    exif: bytes = b"",
    dpi: Resolution | None = None,
) -> bytes:
    """The bytes of a file of kind `suffix`: PNG and TIFF without loss, JPEG and WebP as `pictures` says.

    Args:
        profile: how RGB is meant, an ICC profile; empty: as sRGB, or as another mark says.
        exif: what else is said of the picture, as `exif.for_copy` makes it.
        dpi: its resolution.

    Raises:
        UsageError: the format cannot hold pictures of that size.
        VidrestoreError: OpenCV could not encode them.
    """
    height, width = samples.shape[:2]
    if max(width, height) > (longest := _SIDES.get(suffix, max(width, height))):
        raise UsageError(f"{width}x{height} is too large for {suffix}: at most {longest} pixels a side; use tiff")
    options: tuple[int, ...] = ()
    if suffix in _JPEG and pictures.quality is not None:
        # Colour at full size: by default it is halved once more, in its own siting.
        options = (cv2.IMWRITE_JPEG_QUALITY, pictures.quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111)
    elif suffix == ".webp" and pictures.quality is not None:
        options = (cv2.IMWRITE_WEBP_QUALITY, pictures.quality)
    is_tiff = suffix in (".tif", ".tiff")
    tags = {cv2.IMAGE_METADATA_ICCP: profile, cv2.IMAGE_METADATA_EXIF: exif}
    data = _by_opencv(samples, suffix, options, {} if is_tiff else tags)
    if is_tiff and (profile or exif or dpi):
        return tiff.with_tags(data, exif=exif, profile=profile, dpi=dpi)
    return data if dpi is None else _with_resolution(data, suffix, dpi)


def _by_opencv(samples: Samples, suffix: str, options: tuple[int, ...], tags: Mapping[int, bytes]) -> bytes:
    """`tags`: metadata by OpenCV's kind; a profile that is damaged is refused, and left out then."""
    present = {kind: np.frombuffer(content, np.uint8) for kind, content in tags.items() if content}
    while present:
        done, data = cv2.imencodeWithMetadata(suffix, samples, [*present], [*present.values()], options)
        if done:
            return bytes(data.tobytes())
        del present[min(present)]
    done, data = cv2.imencode(suffix, samples, options)
    if not done:
        height, width = samples.shape[:2]
        raise VidrestoreError(f"a picture of {width}x{height} could not be encoded as {suffix}; try another format")
    return bytes(data.tobytes())  # not cv2.imwrite, which only returns False on a full disk


def _with_resolution(data: bytes, suffix: str, dpi: Resolution) -> bytes:
    """A PNG or JPEG that says how large it is printed; WebP says it in EXIF alone."""
    if suffix == ".png":
        per_metre = b"".join(round(each / 0.0254).to_bytes(4) for each in dpi)
        return png.with_chunks(data, [(b"pHYs", per_metre + b"\1")])
    if suffix in _JPEG and data[6:11] == b"JFIF\0":
        per_inch = b"".join(min(max(round(each), 1), 65535).to_bytes(2) for each in dpi)
        return data[:13] + b"\1" + per_inch + data[18:]
    return data
