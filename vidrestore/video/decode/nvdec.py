"""NVDEC: decoding on an NVIDIA GPU, by FFmpeg, into main memory."""

from av.codec.codec import Codec
from av.codec.hwaccel import HWAccel
from av.error import FFmpegError

from ...errors import UsageError
from ..container import open_container, stream_at
from ..facts.info import VideoInfo


def nvdec(info: VideoInfo) -> HWAccel:
    """What `open_container` takes for a video to be decoded there. Its frames have interleaved chroma: nv12, p010le.

    Raises:
        UsageError: this machine cannot, or FFmpeg has no such decoder for the video's codec.
    """
    # Without software behind it: PyAV would change to that and say nothing.
    accelerator = HWAccel("cuda", allow_software_fallback=False)
    try:
        accelerator.create(Codec("h264", "r"))
    except (FFmpegError, NotImplementedError) as error:
        raise UsageError(
            "--decoder cuda: no NVIDIA GPU with its driver is found on this machine; use --decoder cpu"
        ) from error
    try:
        with open_container(info.path, accelerator, follow_references=info.follow_references) as container:
            can = stream_at(container, info.stream_index).codec_context.is_hwaccel
    except RuntimeError:  # it can decode none of the streams
        can = False
    if not can:
        raise UsageError(f"{info.path}: --decoder cuda does not decode {info.codec} here; use --decoder cpu")
    return accelerator
