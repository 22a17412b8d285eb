"""OpenVINO, once for the whole process."""

import sys
from functools import lru_cache

# OpenVINO else tells its makers of every import and conversion, from processes of its own. Where its package for that
# is missing, it goes on without; so it is made to look missing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

# isort: split
import openvino as ov  # noqa: E402


@lru_cache(maxsize=1)
def plugins() -> ov.Core:
    """Its devices, and its readers of files.

    Each of its CPU plugins gives signals a stack of its own, and the stack before it back when it ends. Two that end
    in the order in which they began leave a stack that is freed: the next signal then ends the process.
    """
    return ov.Core()
