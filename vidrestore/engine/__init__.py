"""Engines that run networks: torch on a CPU or a GPU, and OpenVINO."""

from ..base.settings import Settings
from .allocator import keep_memory
from .base import Engine, EngineName, Precision
from .choose import choose
from .run import Keep, Runner, run

__all__ = ["Engine", "EngineName", "Keep", "Precision", "Runner", "Settings", "choose", "keep_memory", "run"]
