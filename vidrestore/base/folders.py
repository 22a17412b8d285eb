"""The user's own folders: one for files that are kept, one for what can be made again."""

import os
import sys
from pathlib import Path
from typing import Literal

_LINUX = {"data": ("XDG_DATA_HOME", Path(".local", "share")), "cache": ("XDG_CACHE_HOME", Path(".cache"))}


def user_folder(kind: Literal["data", "cache"]) -> Path:
    """vidrestore/ in the user's data or cache folder; it may not exist yet."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        variable, usual = _LINUX[kind]
        base = os.environ.get(variable) or Path.home() / usual
    return Path(base) / "vidrestore"
