"""A camera that turned, found in one picture; the scene that it saw; and what its blur is taken for elsewhere."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidrestore.restoration.deblurring import psf
from vidrestore.restoration.deblurring.blind.camera import SMALLEST, camera
from vidrestore.restoration.deblurring.psf_choice import UNSURE, estimate
from vidrestore.restoration.deblurring.scene.moving import CameraMotion, MovingScene
from vidrestore.restoration.deblurring.scene.uniform import Scene
from vidrestore.restoration.deblurring.sparse import sparse

TURN = CameraMotion(2.0, -1.0, 0.07, 0.01)


@pytest.fixture(scope="module")
def scene() -> Tensor:
    """Texture of all sizes, as pictures have it: the spectrum falls with the frequency."""
    down, across = torch.fft.fftfreq(300)[:, None], torch.fft.rfftfreq(320)
    noise = torch.randn(3, 300, 320, generator=torch.Generator().manual_seed(3))
    picture = torch.fft.irfft2(torch.fft.rfft2(noise) / (down.square() + across.square() + 1e-5) ** 0.6, s=(300, 320))
    return 0.5 + 0.15 * picture / picture.std()


@pytest.fixture(scope="module")
def seen(scene: Tensor) -> Tensor:
    """The middle of it, (3, 276, 296), as the camera saw it, with noise of one code."""
    turned = MovingScene.of(scene, TURN, 1 / 255)
    blurred = turned.forth(turned.mirrored(scene))[:, 12:-12, 12:-12]
    return blurred + torch.randn(blurred.shape, generator=torch.Generator().manual_seed(0)) / 255


def psnr(made: Tensor, scene: Tensor) -> float:
    return -10 * math.log10(float((made - scene[:, 12:-12, 12:-12]).square().mean()))


def test_a_turn_is_found_and_undone(scene: Tensor, seen: Tensor) -> None:
    found = camera(seen)
    assert found.trusted
    x, y = torch.tensor([-140.0, 140, -140, 140]), torch.tensor([-130.0, -130, 130, 130])
    off = (found.motion.streaks(x, y) - TURN.streaks(x, y), found.motion.streaks(x, y) + TURN.streaks(x, y))
    assert min(float(each.norm(dim=0).max()) for each in off) < 2.5
    assert psnr(sparse(seen, found.motion, noise=1 / 255), scene) > psnr(seen, scene) + 1


@pytest.mark.parametrize("blur", [psf.motion(1e-3, 0), psf.motion(11, 30)])
def test_the_same_blur_all_over_is_no_turn(blur: Tensor, scene: Tensor) -> None:
    whole = Scene.of(scene, blur, 1 / 255)
    assert not camera(whole.forth(whole.mirrored(scene))).trusted


def test_a_camera_that_only_panned_sees_through_one_streak(scene: Tensor) -> None:
    angle = math.radians(30)
    panned = MovingScene.of(scene, CameraMotion(9 * math.cos(angle), -9 * math.sin(angle), 0, 0), 1 / 255)
    streak = Scene.of(scene, psf.motion(9, 30), 1 / 255)
    assert (panned.forth(panned.mirrored(scene)) - streak.forth(streak.mirrored(scene))).abs().max() < 0.03


def test_back_is_the_transpose_of_forth() -> None:
    chance = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 40, 50, generator=chance)
    turned = MovingScene.of(picture, CameraMotion(3.0, 1.0, 0.2, -0.1), 1 / 255)
    x = torch.rand(1, *turned.size, generator=chance)
    assert float((turned.forth(x) * picture).sum()) == pytest.approx(float((x * turned.back(picture)).sum()), rel=1e-4)


def test_small_and_flat_pictures_show_no_turn() -> None:
    with pytest.raises(ValueError, match="300x255 is too small"):
        camera(torch.rand(3, SMALLEST - 1, 300))
    assert not camera(torch.full((3, 256, 256), 0.5)).trusted
    assert estimate(torch.full((3, 256, 256), 0.5), moving=True) == (None, UNSURE)


@pytest.mark.parametrize("blur", [psf.motion(9, 30), CameraMotion(3.0, 1.0, 0.02, 0.01)], ids=["uniform", "moving"])
def test_workers_with_fewer_threads_restore_the_same_bits(blur: Tensor | CameraMotion) -> None:
    noise = torch.rand(3, 181, 321, generator=torch.Generator().manual_seed(1))
    picture, made = F.avg_pool2d(noise[None], 5, 1, 2)[0], []
    usual = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(sparse(picture, blur, noise=0.01))
    finally:
        torch.set_num_threads(usual)
    assert torch.equal(*made)
