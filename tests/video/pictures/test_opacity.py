"""Transparency of pictures: kept, enlarged beside the colours, dropped where there is no place for it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.models.foreign.ncnn_files import compact
from vidrestore.cli import app
from vidrestore.frame.resize import upsample


def invoke(*args: object) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return result.stderr


def sprite(dtype: type = np.uint8, *, channels: int = 3) -> np.ndarray:
    """Noise with a soft edge of opacity across."""
    top = np.iinfo(dtype).max
    colours = np.random.default_rng(0).integers(0, top, (40, 60, channels))
    ramp = np.linspace(0, top, 60).round() * np.ones((40, 1))
    return np.dstack((colours, ramp)).astype(dtype)


def opacity_of(path: Path) -> np.ndarray:
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert stored.ndim == 3 and stored.shape[2] == 4
    return stored[..., 3]


def enlarged(alpha: np.ndarray, scale: int) -> np.ndarray:
    top = np.iinfo(alpha.dtype).max
    made = upsample(torch.from_numpy(alpha.astype(np.float32))[None, None] / top, scale)[0, 0] * top
    return made.round().clamp(0, top).numpy().astype(alpha.dtype)


@pytest.mark.parametrize("model", ["espcn", "foreign"])
def test_opacity_is_enlarged_beside_networks_of_luma_and_rgb(model: str, tmp_path: Path) -> None:
    picture = sprite()
    cv2.imwrite(str(tmp_path / "in.png"), picture)
    network = compact(tmp_path) if model == "foreign" else model
    said = invoke("upscale", tmp_path / "in.png", tmp_path / "out.png", "-s", 2, "-m", network)
    assert "transparency is kept in PNG, TIFF and WebP" in said
    assert np.array_equal(opacity_of(tmp_path / "out.png"), enlarged(picture[..., 3], 2))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_each_kind_of_picture_that_can_holds_it(suffix: str, tmp_path: Path) -> None:
    picture = sprite()
    cv2.imwrite(str(tmp_path / "in.png"), picture)
    invoke("upscale", tmp_path / "in.png", tmp_path / f"out{suffix}", "-s", 3)
    assert np.array_equal(opacity_of(tmp_path / f"out{suffix}"), enlarged(picture[..., 3], 3))


def test_opacity_of_16_bits_of_webp_and_of_a_palette(tmp_path: Path) -> None:
    deep = sprite(np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    invoke("upscale", tmp_path / "deep.png", tmp_path / "deep2.png", "-s", 2)
    assert np.array_equal(opacity_of(tmp_path / "deep2.png"), enlarged(deep[..., 3], 2))
    cv2.imwrite(str(tmp_path / "in.webp"), sprite(), [cv2.IMWRITE_WEBP_QUALITY, 101])
    invoke("upscale", tmp_path / "in.webp", tmp_path / "webp.png", "-s", 2)
    assert np.array_equal(opacity_of(tmp_path / "webp.png"), enlarged(sprite()[..., 3], 2))
    from PIL import Image

    flat = Image.fromarray((sprite()[..., 0] // 64).astype(np.uint8), "P")
    flat.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    flat.save(tmp_path / "flat.png", transparency=1)
    invoke("upscale", tmp_path / "flat.png", tmp_path / "flat2.png", "-s", 2)
    wanted = np.where(sprite()[..., 0] // 64 == 1, 0, 255).astype(np.uint8)
    assert np.array_equal(opacity_of(tmp_path / "flat2.png"), enlarged(wanted, 2))
    grey = Image.fromarray(sprite()[..., 2:4], "LA")
    grey.save(tmp_path / "grey.png")
    invoke("upscale", tmp_path / "grey.png", tmp_path / "grey2.png", "-s", 2)
    assert np.array_equal(opacity_of(tmp_path / "grey2.png"), enlarged(sprite()[..., 3], 2))


def test_a_folder_keeps_it_frame_by_frame(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pictures = [np.roll(sprite(), 7 * number, axis=1) for number in range(3)]
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), picture)
    invoke("extract-frames", tmp_path / "in", tmp_path / "out")
    for number, picture in enumerate(pictures):
        stored = cv2.imread(str(tmp_path / "out" / f"frame_{number + 1:08d}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(stored, picture)


def test_where_there_is_no_place_for_it_it_is_dropped(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), sprite())
    invoke("upscale", tmp_path / "in.png", tmp_path / "out.jpg", "-s", 2)
    assert cv2.imread(str(tmp_path / "out.jpg"), cv2.IMREAD_UNCHANGED).shape == (80, 120, 3)
