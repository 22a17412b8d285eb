"""open_video(): opens a video by OpenCV, and no file that it names."""

import os
from pathlib import Path

import cv2

from ...errors import InputError, UsageError
from ...video.facts.references import REFUSING, list_format, refers

# OpenCV hands these to the FFmpeg inside it, and takes them from nowhere else; -8 is silence.
_OPTIONS = {
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "|".join(";".join(option) for option in REFUSING.items()),
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
}


def open_video(path: Path) -> cv2.VideoCapture:
    """A capture of one file.

    Raises:
        UsageError: it is of a kind that opens other files.
        InputError: it is no video.
    """
    try:
        name = str(path.absolute()).encode().decode()
    except UnicodeEncodeError:  # OpenCV would crash
        raise InputError(f"{path}: its name is not UTF-8, and OpenCV reads no such video; rename it") from None
    if not path.is_file():
        raise InputError(f"{path} is not a file; remove it from the training folder")
    kind = list_format(path) or ("a MOV file whose data lies elsewhere" if refers(path) else "")
    if kind:
        raise UsageError(f"{path} is {kind}, which opens other files; put those into the training folder in its place")
    os.environ.update(_OPTIONS)
    clip = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    if not clip.isOpened():
        raise InputError(f"{path} cannot be read as a video; remove it from the training folder")
    return clip
