"""PictureFiles: frames as a folder of pictures with their exact times, or as one picture."""

import csv
import re
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import torch
from torch import Tensor

from ..colour import to_rgb
from ..errors import UsageError
from ..frame import Frame, Planes
from .target import Target

NAME = "frame_{:08d}{}"
TIMES = "frames.csv"
_OURS = re.compile(r"frame_\d{8}\.(png|jpe?g|webp|tiff?)")


class PictureFiles:
    """Writes each frame to a file of its own, upright, under `part`: a folder, or for one picture the file itself.

    A folder gets `frames.csv` too: file, pts and duration of each frame, seconds as exact fractions.
    """

    warnings: tuple[str, ...] = ()

    def __init__(self, part: Path, target: Target) -> None:
        self._part, self._target = part, target
        self._rows: list[tuple[str, Fraction, Fraction]] = []
        if target.kind == "folder":
            if part.exists():
                shutil.rmtree(part)
            part.mkdir()

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last."""
        return self._rows[-1][1] + self._rows[-1][2] - self._rows[0][1]

    def add(self, frame: Frame) -> None:
        """Write one picture."""
        if self._target.kind == "picture" and self._rows:
            raise UsageError(f"{self._target.path} holds one picture, the result has more; give a folder")
        name = NAME.format(len(self._rows) + 1, self._target.suffix)
        rgb = to_rgb(frame.picture) if isinstance(frame.picture, Planes) else frame.picture
        deep = self._target.colour.depth > 8
        write_picture(self._part / name if self._target.kind == "folder" else self._part, self._upright(rgb), deep=deep)
        self._rows.append((name, frame.pts, frame.duration))

    def _upright(self, rgb: Tensor) -> Tensor:
        """Turned and mirrored as the display matrix says, since pictures have none."""
        if self._target.display_matrix is None:
            return rgb
        a, b, _, c, d, *_ = self._target.display_matrix
        if abs(b) > abs(a):  # the first row and column of the matrix swap x and y
            rgb, a, d = rgb.transpose(1, 2), c, b
        flips = [axis for axis, scale in ((2, a), (1, d)) if scale < 0]
        return torch.flip(rgb, flips)

    def finish(self) -> None:
        """Write the times."""
        if self._target.kind == "folder":
            with (self._part / TIMES).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("file", "pts", "duration"), *self._rows])

    def give_name(self, path: Path) -> None:
        """Move everything to its place; in a folder that exists, pictures of an earlier run go, other files stay."""
        if not path.is_dir():
            self._part.replace(path)
            return
        for old in path.iterdir():
            if old.name == TIMES or _OURS.fullmatch(old.name):
                old.unlink()
        for new in self._part.iterdir():
            new.replace(path / new.name)
        self._part.rmdir()

    def abandon(self) -> None:
        """Delete what there is."""
        if self._part.is_dir():
            shutil.rmtree(self._part)
        else:
            self._part.unlink(missing_ok=True)


def write_picture(path: Path, rgb: Tensor, *, deep: bool = False) -> None:
    """Store RGB, (3, H, W) float in [0, 1], rounded to the nearest code: PNG, TIFF and WebP without loss, JPEG at 95.

    `deep`: 16 bits per sample where the format has them (PNG, TIFF).
    """
    deep = deep and path.suffix in (".png", ".tif", ".tiff")
    top = 65535 if deep else 255
    codes = (rgb.float() * top).round().clamp(0, top).permute(1, 2, 0).cpu().numpy()
    bgr = cv2.cvtColor(codes.astype("uint16" if deep else "uint8"), cv2.COLOR_RGB2BGR)
    quality = (cv2.IMWRITE_JPEG_QUALITY, 95) if path.suffix in (".jpg", ".jpeg") else ()
    _, data = cv2.imencode(path.suffix, bgr, quality)
    path.write_bytes(data.tobytes())  # not cv2.imwrite, which only returns False on a full disk
