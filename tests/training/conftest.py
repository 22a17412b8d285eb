"""What tests of training share: a few pictures to learn from."""

from pathlib import Path

import cv2
import pytest


@pytest.fixture
def pictures(shared_data: Path, tmp_path: Path) -> Path:
    """The middles, 160x160, of eight of the pictures to learn from."""
    stills = sorted((shared_data / "train" / "stills").rglob("*.jpg"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, path in enumerate(stills[:: len(stills) // 8][:8]):
        picture = cv2.imread(str(path))
        y, x = ((n - 160) // 2 for n in picture.shape[:2])
        cv2.imwrite(str(folder / f"{number}.png"), picture[y : y + 160, x : x + 160])
    return folder
