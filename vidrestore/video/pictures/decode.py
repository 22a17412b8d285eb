"""decode_picture(): the upright samples of one picture file; whether they fit into memory is checked first."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.memory import check_fits, is_out_of_memory
from ...errors import InputError, VidrestoreError
from .formats import tiff
from .formats.header import damaged
from .formats.picture_header import PictureHeader
from .still import jpeg_end

Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
_FLOATS = 12
"""Bytes of a pixel as the tensor that its samples become."""


def decode_picture(path: Path, header: PictureHeader) -> Samples:
    """The picture whose header was read: (H, W) grey or (H, W, 3), red first; turned to be seen, without opacity.

    Raises:
        InputError: it is damaged.
        ResourceError: memory does not suffice, also for a tensor beside the samples.
        MemoryError: and that was seen too late.
    """
    return _decoded(path, header)


def decode_opacity(path: Path, header: PictureHeader) -> Samples:
    """How opaque each pixel of a PNG or WebP is, (H, W), turned to be seen; of one whose header says that it has such.

    Raises:
        InputError, ResourceError, MemoryError: as `decode_picture`.
    """
    return _decoded(path, header, opacity=True)


def _decoded(path: Path, header: PictureHeader, *, opacity: bool = False) -> Samples:
    width, height = header.size
    check_fits(header.bytes_decoded + _FLOATS * width * height, f"{path}, {width}x{height} pixels,")
    try:
        data = np.fromfile(path, np.uint8)
        stored = _of_tiff(data) if header.form == "tiff" else _by_opencv(data, opacity=opacity)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; make it readable or remove it") from error
    except tiff.UnreadError as error:
        raise InputError(f"{path}: its {error}; save it as RGB with 8 or 16 bits") from error
    except ValueError as error:
        raise damaged(path) from error
    if stored.shape[:2] != (header.height, header.width) or str(stored.dtype) != header.samples:
        raise damaged(path)
    return _upright(stored, header.orientation)


def _of_tiff(data: NDArray[np.uint8]) -> NDArray[Any]:
    return tiff.read_samples(BytesIO(data.tobytes()))


def _by_opencv(data: NDArray[np.uint8], *, opacity: bool = False) -> NDArray[Any]:
    """ValueError: it is damaged; MemoryError. Through memory: cv2.imread knows no Unicode names on Windows."""
    cv2 = _opencv()
    if not _is_whole(data.tobytes()):
        raise ValueError("it is cut off")
    colours = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED if opacity else colours)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        raise ValueError(str(error)) from error
    if stored is None:
        raise ValueError("it cannot be decoded")
    if opacity:
        return np.asarray(stored if stored.ndim == 2 else stored[..., -1])
    return np.asarray(stored if stored.ndim == 2 else stored[..., ::-1])


def _upright(stored: NDArray[Any], orientation: int) -> Samples:
    """Turned as EXIF says: 2 is mirrored across, 3 turned by half, 4 mirrored down; from 5 on rows are columns."""
    if orientation >= 5:
        stored = stored.swapaxes(0, 1)
    across = orientation in (2, 3, 6, 7)
    down = orientation in (3, 4, 7, 8)
    return stored[:: -1 if down else 1, :: -1 if across else 1]


@lru_cache(maxsize=1)
def _opencv() -> ModuleType:
    """OpenCV, loaded when the first picture is: a video needs it not."""
    try:
        import cv2
    except ImportError as error:
        raise VidrestoreError(f"OpenCV does not load ({error}); install opencv-python-headless") from error
    cv2.utils.logging.setLogLevel(0)  # what is wrong with a picture is said by the error raised
    module: ModuleType = cv2
    return module


def _is_whole(data: bytes) -> bool:
    """Whether a JPEG or PNG has its end: decoders fill a missing rest with grey and say nothing."""
    if data.startswith(b"\xff\xd8"):
        return jpeg_end(data) > 0
    return not data.startswith(b"\x89PNG") or b"IEND" in data[-1024:]
