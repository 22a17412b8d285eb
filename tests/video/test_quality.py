"""How compressed and noisy a video is found to be: noise that is known, encoders at known settings."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.cli import app
from vidrestore.errors import InputError
from vidrestore.video.facts.compression import compression_of, guessed_step, step_of
from vidrestore.video.facts.quality import noise, source_quality, with_kind
from vidrestore.video.pictures.quality import picture_quality


def scene(size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """(H, W): a calm half, and one full of edges."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    picture = 120 + 40 * np.sin(rows / 40)
    return np.where(columns < size[1] / 2, picture, 120 + 80 * ((rows // 3 + columns // 3) % 2)).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.0, 2.0, 5.0, 15.0])
def test_noise_is_measured_where_least_goes_on(sigma: float) -> None:
    noisy = scene() + sigma * np.random.default_rng(0).standard_normal((240, 320)).astype(np.float32)
    assert noise(noisy) == pytest.approx(sigma, rel=0.15, abs=0.1)


def test_black_bars_do_not_hide_noise() -> None:
    noisy = scene() + 8 * np.random.default_rng(0).standard_normal((240, 320)).astype(np.float32)
    noisy[:60] = noisy[-60:] = 16
    assert noise(noisy) == pytest.approx(8, rel=0.15)


@pytest.mark.parametrize("size", [(1, 1), (17, 400), (2, 2)])
def test_tiny_pictures_have_no_noise(size: tuple[int, int]) -> None:
    assert noise(np.full(size, 100, np.float32)) == 0


def test_compression_falls_with_the_bits() -> None:
    rng = np.random.default_rng(0)
    lumas = [cv2.GaussianBlur(rng.uniform(0, 255, (64, 96)).astype(np.float32), (0, 0), 2) for _ in range(2)]
    found = [guessed_step(bits, "h264", lumas) for bits in (0.01, 0.1, 0.35, 1.0, 50.0)]
    assert found == sorted(found, reverse=True) and found[0] > 50 and found[-1] < 1
    assert guessed_step(0.35, "hevc", lumas) < found[2] < guessed_step(0.35, "mpeg2video", lumas)
    assert guessed_step(0.35, "h264", lumas[:1] * 2) < guessed_step(0.35, "h264", lumas[:1])  # nothing moves
    assert guessed_step(0, "h264", lumas) == guessed_step(1, "h264", []) == 0


def test_a_step_and_its_compression() -> None:
    assert [compression_of(step) for step in (0, 8, 80, 1000)] == pytest.approx([0, 0.5, 1, 1])
    assert [step_of(compression_of(step)) for step in (0.5, 3, 60)] == pytest.approx([0.5, 3, 60])


def test_a_decoder_that_tells_its_quantiser_is_believed(tmp_path: Path) -> None:
    """MPEG-4 with the quantiser 6 has a step of 12 in each frame, whatever the bits."""
    for size in ((64, 48), (320, 240)):
        clip = make_clip(
            tmp_path / f"{size[0]}.avi", codec="mpeg4", frames=6, size=size, options={"qmin": "6", "qmax": "6"}
        )
        assert source_quality(clip).compression == pytest.approx(compression_of(12), abs=0.001)


@pytest.mark.parametrize(
    ("compression", "noise", "kind"),
    [(0.4, 0, "clean"), (0.5, 1.9, "compressed"), (0, 2, "noisy"), (1, 30, "compressed and noisy")],
)
def test_kinds(compression: float, noise: float, kind: str) -> None:
    assert with_kind(compression, noise).kind == kind


def test_the_worse_the_encoder_the_more_compressed(tmp_path: Path) -> None:
    found = []
    for crf in (1, 20, 40):
        clip = make_clip(tmp_path / f"{crf}.mp4", frames=24, size=(320, 240), options={"crf": str(crf)})
        found.append(source_quality(clip).compression)
    assert found == sorted(found) and found[0] < found[-1]
    raw = make_clip(tmp_path / "raw.mkv", codec="ffv1", frames=3, size=(320, 240))
    assert source_quality(raw).kind in ("clean", "noisy")


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="is not a video"):
        source_quality(path)


def test_a_lossless_video_is_not_compressed_however_few_bits_it_takes(tmp_path: Path) -> None:
    flat = np.full((48, 64, 3), 90, np.uint8)
    folder = tmp_path / "flat"
    folder.mkdir()
    for number in range(4):
        cv2.imwrite(str(folder / f"{number}.png"), flat)
    video = tmp_path / "flat.mkv"
    assert CliRunner().invoke(app, ["join-frames", str(folder), str(video), "-c", "ffv1", "-q"]).exit_code == 0
    assert source_quality(video) == with_kind(0.0, 0.0)
    assert picture_quality(folder) == with_kind(0.0, 0.0)


def test_pictures_tell_by_their_files_what_jpeg_left_of_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 256, (30, 40, 3), np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
    found = []
    for quality in (100, 60, 5):
        path = tmp_path / f"{quality}.jpg"
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        found.append(picture_quality(path).compression)
    assert found == sorted(found)
    assert found[0] < 0.5 < found[-1]
    noisy = np.clip(90 + 12 * rng.standard_normal((240, 320, 3)), 0, 255)
    for name, codes in (("8.png", noisy.astype(np.uint8)), ("16.png", (noisy * 257).astype(np.uint16))):
        cv2.imwrite(str(tmp_path / name), codes)
        quality = picture_quality(tmp_path / name)
        assert (quality.kind, quality.compression) == ("noisy", 0.0)
        # of luma, which is a weighted mean of the three
        assert quality.noise == pytest.approx(12 * np.sqrt(0.299**2 + 0.587**2 + 0.114**2), rel=0.15)
