"""Unblur: the network that the tool deblurs with."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.models.seams import HALF_A_CODE, reach, seam
from vidrestore.metrics.blur import blur
from vidrestore.metrics.psnr import psnr
from vidrestore.models.networks.unblur import Unblur
from vidrestore.models.processor import apply
from vidrestore.models.weights import files, manifest
from vidrestore.video.encode.round_trip import compress, x264


@pytest.fixture(scope="module")
def trained() -> Unblur:
    network = files.load(manifest.rows()["unblur"])
    assert isinstance(network, Unblur)
    return network


def crop(path: Path, *, top: int, left: int, height: int, width: int) -> Tensor:
    """(1, 1, 3, height, width) in [0, 1]."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert picture is not None, path
    area = torch.from_numpy(picture[top : top + height, left : left + width])
    return area.permute(2, 0, 1)[None, None].float() / 255


def alone(picture: Tensor) -> Tensor:
    """As the engine shows a picture without neighbours: (1, 1, 3, H, W) -> (1, 3, 3, H, W)."""
    absent = torch.full_like(picture, torch.nan)
    return torch.cat((absent, picture, absent), 1)


def blur_of(picture: Tensor) -> float:
    rgb = codes(picture)[0, 0].byte().permute(1, 2, 0).numpy()
    return blur(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) / np.float32(255), np.float32))


def codes(picture: Tensor) -> Tensor:
    return (picture * 255).round().clamp(0, 255)


def test_a_picture_blurred_by_a_camera_comes_nearer_to_the_sharp_one(trained: Unblur, shared_data: Path) -> None:
    area = {"top": 200, "left": 300, "height": 320, "width": 480}
    blurred = crop(shared_data / "eval/deblur/Flower_blur1.png", **area)
    sharp = crop(shared_data / "eval/deblur/Flower_sharp1.png", **area)
    restored = codes(apply(trained, blurred))
    assert psnr(codes(sharp).numpy(), restored.numpy()) > psnr(codes(sharp).numpy(), codes(blurred).numpy()) + 0.3


@pytest.mark.parametrize("number", range(4))
def test_a_real_blurred_picture_is_less_blurred_afterwards(number: int, trained: Unblur, shared_data: Path) -> None:
    path = sorted((shared_data / "eval/deblur/blur_only").glob("*.png"))[number]
    before = crop(path, top=100, left=200, height=480, width=640)
    assert blur_of(apply(trained, before)) < blur_of(before)


@pytest.mark.parametrize("name", ["kodim01", "kodim13", "kodim19"])
def test_a_sharp_picture_stays_as_it_is(name: str, trained: Unblur, shared_data: Path) -> None:
    sharp = crop(shared_data / f"eval/kodak/{name}.png", top=96, left=96, height=256, width=256)
    assert psnr(codes(sharp).numpy(), codes(apply(trained, sharp)).numpy()) > 40


@pytest.mark.parametrize("name", ["deblur/Flower_blur1", "kodak/kodim23"])
def test_its_stated_halo_is_enough_and_less_than_it_sees(name: str, trained: Unblur, shared_data: Path) -> None:
    picture = crop(shared_data / f"eval/{name}.png", top=96, left=96, height=320, width=320)
    assert reach(trained, picture, at=(0.5,)) <= trained.needs.halo < Unblur().needs.halo
    assert seam(trained, picture, tile=224) < HALF_A_CODE


def test_it_changes_nothing_before_it_is_trained() -> None:
    window = torch.rand(2, 1, 3, 40, 56)
    assert torch.equal(apply(Unblur(), window), window)


def test_its_size() -> None:
    assert sum(p.numel() for p in Unblur().parameters()) == 10_993_836
    assert Unblur().needs.halo == 203 and Unblur().needs.multiple == 8
    assert Unblur(halo=96).needs.halo == 96


def test_what_it_adds_is_laid_where_it_was_seen() -> None:
    """With every residual block and the way through smaller pictures silent, it is two convolutions at half size."""
    network = Unblur((12, 16, 24), (1, 1, 1))
    for name, parameter in network.named_parameters():
        if not name.startswith(("core.first", "core.last")):
            nn.init.zeros_(parameter)
    first, last = network.core.first, network.core.last
    for layer in (first, last):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        with torch.no_grad():
            for channel in range(12):
                layer.weight[channel, channel, 1, 1] = 1
    window = torch.rand(1, 1, 3, 16, 24)
    assert torch.allclose(apply(network, window), 2 * window - 0.5, atol=1e-6)


def test_what_is_sharp_and_compressed_is_not_made_worse(trained: Unblur, shared_data: Path) -> None:
    """Without the gate this loses 1 to 4 dB: softness of compression looks like blur."""
    capture = cv2.VideoCapture(str(shared_data / "train/footage/face_redhair.mkv"))
    frame = capture.read()[1][:288, :384]
    planes = np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_BGR2YUV_I420), np.uint8)
    decoded = compress([planes, planes], x264(23)).frames[1]
    sharp, seen = (torch.from_numpy(cv2.cvtColor(each, cv2.COLOR_YUV2RGB_I420)) for each in (planes, decoded))
    before, truth = seen.permute(2, 0, 1)[None, None].float() / 255, sharp.permute(2, 0, 1)[None, None].float()
    after = codes(apply(trained, before))
    assert psnr(truth.numpy(), after.numpy()) > psnr(truth.numpy(), codes(before).numpy()) - 0.4


def test_a_pan_is_sharper_and_what_stands_still_stays(shared_data: Path) -> None:
    """Twelve pixels a frame, of which the shutter sees seven."""
    network = files.load(manifest.rows()["unblur-video"])
    picture = crop(shared_data / "eval/kodak/kodim01.png", top=96, left=96, height=256, width=400)[0, 0]
    film = torch.stack([picture[..., n : n + 320] for n in range(40)])
    exposed = [(film[n - 3 : n + 4] ** 2.2).mean(0) ** (1 / 2.2) for n in (8, 20, 32)]
    sharp, window = film[20], codes(torch.stack(exposed)[None]) / 255

    def gain(window: Tensor) -> float:
        made, truth = codes(apply(network, window))[0, 0].numpy(), codes(sharp).numpy()
        return psnr(truth, made) - psnr(truth, codes(window[0, 1]).numpy())

    assert gain(window) > 0.7 and gain(alone(window[:, 1:2])) > 0.7  # as at the ends of a shot
    still = film[None, 20].expand(3, -1, -1, -1)[None]
    assert torch.equal(apply(network, still)[0, 0], sharp)
