"""choose(): the engine for this machine and what the user asks for."""

import importlib.util

import torch

from ..base.device_words import check_words
from ..base.settings import Settings
from ..errors import UsageError
from .backends.torch_engine import TorchEngine
from .base import Engine, EngineName, Precision


def choose(settings: Settings) -> Engine:
    """CUDA where there is one, else OpenVINO, else torch; in half the bits where the hardware computes in them.

    Raises:
        UsageError: what is asked for cannot be had here.
    """
    if settings.tile != "auto" and settings.tile < 0:
        raise UsageError(f"tile {settings.tile} is negative: give pixels, 0 for the whole picture, or auto")
    if settings.batch != "auto" and settings.batch < 1:
        raise UsageError(f"batch {settings.batch} is too small: give 1 or more, or auto")
    check_words(settings)
    device, *others = (_device(word, settings) for word in settings.device.split(","))
    name = _name(settings, device)
    precision = _precision(settings, device, name)
    if name == "openvino":
        from .backends.openvino_engine import OpenVinoEngine  # 0.2 s, and not needed on a GPU

        return OpenVinoEngine(precision)
    return TorchEngine(device, precision, others=tuple(others))


def _device(asked: str, settings: Settings) -> torch.device:
    count = torch.cuda.device_count()
    kind, _, index = asked.partition(":")
    if kind == "cuda" and int(index or 0) >= count:
        has = f"{count} CUDA devices, numbered from 0" if count else "no CUDA device that this torch can use"
        raise UsageError(f"device {asked}: this machine has {has}; use --device cpu or auto")
    if kind == "cuda":
        return torch.device("cuda", int(index or 0))
    if asked == "auto" and settings.engine != "openvino" and count:
        return torch.device("cuda", 0)
    return torch.device("cpu")


def _name(settings: Settings, device: torch.device) -> EngineName:
    installed = importlib.util.find_spec("openvino") is not None
    if settings.engine == "openvino" and not installed:
        raise UsageError("engine openvino is not installed: pip install openvino, or use --engine torch")
    if settings.engine == "auto":
        return "openvino" if device.type == "cpu" and installed else "torch"
    return settings.engine


def _precision(settings: Settings, device: torch.device, name: EngineName) -> Precision:
    asked = settings.precision
    if asked == "fp16" and device.type == "cpu":
        raise UsageError("precision fp16 is for GPUs: use --precision bf16 or fp32 on a CPU")
    if asked == "int8" and name != "openvino":
        raise UsageError(f"precision int8 is for OpenVINO on a CPU, not for {name} on {device}: use --precision auto")
    if asked == "int8" and not _cpu_has_int8():
        raise UsageError("precision int8: this CPU has no instructions for it (AVX-512 VNNI); use --precision auto")
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        if asked == "bf16" and not native:
            raise UsageError(f"precision bf16: {device} does not compute in it; use --precision fp16 or fp32")
        half: Precision = "bf16" if native else "fp16"
        return half if asked == "auto" else asked
    if asked == "auto":
        return "bf16" if _cpu_has_bf16(name) else "fp32"
    return asked


def _cpu_has_int8() -> bool:
    """Without VNNI sums of products would saturate at 16 bits, and take as long as floats."""
    return torch.cpu._is_vnni_supported()


def _cpu_has_bf16(name: EngineName) -> bool:
    if name == "openvino":
        from .backends.openvino_engine import has_bf16

        return has_bf16()
    return torch.cpu._is_avx512_bf16_supported()
