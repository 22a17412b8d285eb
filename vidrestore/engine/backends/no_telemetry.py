"""Imported before OpenVINO, which else tells its makers of every import and conversion, from processes of its own.

Where its package for that is missing, OpenVINO goes on without; so it is made to look missing.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
