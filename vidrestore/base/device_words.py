"""Checks the words for device, engine and precision before torch is loaded."""

import re

from ..errors import UsageError
from .settings import Settings

_DEVICE = re.compile(r"auto|cpu|cuda(?::[0-9]{1,6})?")


def check_words(settings: Settings) -> None:
    """UsageError: words that mean nothing, or that contradict one another."""
    words = settings.device.split(",")
    for word in words:
        if not _DEVICE.fullmatch(word):
            raise UsageError(f"unknown device {word}: say auto, cpu, cuda, cuda:N or cuda:0,cuda:1")
    numbers = {int(word[5:]) for word in words if word.startswith("cuda:")}
    if len(words) > 1 and len(numbers) < len(words):
        raise UsageError(f"device {settings.device}: several are different GPUs by number, such as cuda:0,cuda:1")
    on_gpu = words[0].startswith("cuda")
    if settings.engine == "openvino" and on_gpu:
        raise UsageError(f"engine openvino does not compute on {words[0]}: use --engine torch or --device cpu")
    if settings.precision == "fp16" and (words[0] == "cpu" or settings.engine == "openvino"):
        raise UsageError("precision fp16 is for GPUs: use --precision bf16 or fp32 on a CPU")
    if settings.precision == "int8" and (on_gpu or settings.engine == "torch"):
        name = "torch" if settings.engine == "auto" else settings.engine
        raise UsageError(f"precision int8 is for OpenVINO on a CPU, not for {name} on {words[0]}: use --precision auto")
