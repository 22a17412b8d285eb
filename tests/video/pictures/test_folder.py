"""Folders of pictures, and single ones, read as a video."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vidrestore.base.settings import Reading
from vidrestore.errors import InputError, UsageError
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.folder import list_pictures
from vidrestore.video.pictures.read import read_picture
from vidrestore.video.reader import Reader


def noise(height: int = 20, width: int = 30, *, dtype: type = np.uint8, seed: int = 0) -> NDArray[np.generic]:
    """RGB codes over the whole range."""
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (height, width, 3), dtype, endpoint=True)


def store(path: Path, rgb: NDArray[np.generic], *params: int) -> Path:
    bgr = rgb if rgb.ndim == 2 else np.ascontiguousarray(rgb[..., [2, 1, 0, 3][: rgb.shape[2]]])
    done, data = cv2.imencode(path.suffix, bgr, params)
    assert done
    data.tofile(path)
    return path


def as_tensor(rgb: NDArray[np.generic]) -> torch.Tensor:
    return torch.from_numpy(rgb.astype(np.float32)).permute(2, 0, 1) / float(np.iinfo(rgb.dtype).max)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "webp"])
def test_values_are_exact(tmp_path: Path, suffix: str, dtype: type) -> None:
    if dtype is np.uint16 and suffix in ("bmp", "webp"):
        pytest.skip("8 bit format")
    rgb = noise(dtype=dtype)
    path = store(tmp_path / f"ünï.{suffix}", rgb, *((cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == "webp" else ()))
    picture = read_picture(path)
    assert picture.dtype == torch.float32 and picture.is_contiguous()
    assert torch.equal(picture, as_tensor(rgb))
    info = probe(path)
    assert (info.kind, info.pix_fmt, info.frames) == ("pictures", "rgb24" if dtype is np.uint8 else "rgb48", 1)
    assert (info.colour.depth, info.colour.full_range) == (8 if dtype is np.uint8 else 16, True)


def test_grey_is_repeated_and_alpha_dropped(tmp_path: Path) -> None:
    rgb = noise()
    grey = store(tmp_path / "grey.png", rgb[..., 0])
    assert torch.equal(read_picture(grey), as_tensor(rgb)[:1].expand(3, -1, -1))
    clear = store(tmp_path / "clear.png", np.dstack([rgb, rgb[..., :1] // 2]))
    assert torch.equal(read_picture(clear), as_tensor(rgb))
    assert not probe(grey).alpha
    assert probe(clear).alpha
    assert any("transparency" in line for line in probe(clear).warnings)


def test_a_folder_in_natural_order(tmp_path: Path) -> None:
    names = ["frame_1.png", "frame_2.png", "frame_10.png", "frame_100.JPG"]
    for seed, name in enumerate(names):
        store(tmp_path / name, noise(seed=seed))
    for other in ("notes.txt", ".hidden.png", "frames.csv"):
        (tmp_path / other).write_text("not a picture")
    assert [path.name for path in list_pictures(tmp_path)] == names
    info = probe(tmp_path, rate=Fraction(30000, 1001))
    assert (info.width, info.height, info.frames, info.rate) == (30, 20, 4, Fraction(30000, 1001))
    frames = list(Reader(info))
    assert [frame.pts for frame in frames] == [Fraction(1001 * k, 30000) for k in range(4)]
    assert {frame.duration for frame in frames} == {Fraction(1001, 30000)}
    for seed, frame in enumerate(frames[:3]):
        assert isinstance(frame.picture, torch.Tensor)
        assert torch.equal(frame.picture, as_tensor(noise(seed=seed)))


def test_a_window_of_pictures(tmp_path: Path) -> None:
    for k in range(5):
        store(tmp_path / f"{k}.png", noise(seed=k))
    reader = Reader(probe(tmp_path, rate=Fraction(10)), Reading(start=Fraction(1, 10), end=3))
    frames = list(reader)
    assert [frame.pts for frame in frames] == [0, Fraction(1, 10)]
    assert isinstance(frames[0].picture, torch.Tensor)
    assert torch.equal(frames[0].picture, as_tensor(noise(seed=1)))


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    """EXIF orientation 6: turn clockwise to view."""
    wide = np.zeros((16, 32, 3), np.uint8)
    wide[:, :16] = 255
    data = store(tmp_path / "a.jpg", wide).read_bytes()
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    path = tmp_path / "turned.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    info = probe(path)
    assert (info.width, info.height) == (16, 32)
    picture = read_picture(path)
    assert picture[:, :12].min() > 0.9 and picture[:, 20:].max() < 0.1  # what was left is now on top


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff", "bmp"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95])
def test_a_broken_picture_is_named(
    tmp_path: Path, suffix: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path / "1.png", noise())
    path = store(tmp_path / f"2.{suffix}", noise())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    info = probe(tmp_path)
    with pytest.raises(InputError, match=rf"2\.{suffix} is damaged"):
        list(Reader(info))
    assert capfd.readouterr().err == ""  # the error says it, nothing else does


def test_a_jpeg_cut_behind_its_thumbnail_is_broken(tmp_path: Path) -> None:
    data = store(tmp_path / "a.jpg", noise(200, 300)).read_bytes()
    thumb = store(tmp_path / "t.jpg", noise(8, 8)).read_bytes()
    whole = data[:2] + b"\xff\xe1" + (len(thumb) + 2).to_bytes(2, "big") + thumb + data[2:]
    path = tmp_path / "b.jpg"
    path.write_bytes(whole)
    assert read_picture(path).shape == (3, 200, 300)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_picture(path)


def test_sizes_must_agree(tmp_path: Path) -> None:
    store(tmp_path / "1.png", noise(20, 30))
    store(tmp_path / "2.png", noise(20, 32))
    with pytest.raises(InputError, match=r"2\.png is 32x20 but 1\.png is 30x20"):
        list(Reader(probe(tmp_path)))


def test_folders_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(InputError, match="holds no pictures"):
        probe(tmp_path)
    with pytest.raises(UsageError, match="above 0"):
        probe(tmp_path, rate=Fraction(0))


def test_floating_point_pictures_come_as_they_are(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).normal(0.5, 1, (6, 8, 3)).astype(np.float32)
    path = store(tmp_path / "a.tiff", rgb)
    assert torch.equal(read_picture(path), torch.from_numpy(rgb).permute(2, 0, 1))
    info = probe(path)
    assert (info.pix_fmt, info.colour.depth, info.alpha) == ("gbrpf32le", 16, False)


def test_other_samples_are_refused(tmp_path: Path) -> None:
    path = store(tmp_path / "a.tiff", np.ones((4, 4, 3), np.float64))
    with pytest.raises(InputError, match="samples are float64; read are uint8, uint16, float32"):
        read_picture(path)


def test_a_photo_with_a_video_behind_it_is_whole(tmp_path: Path) -> None:
    """Phones append one, whose bytes look like any mark of a JPEG's."""
    path = store(tmp_path / "moving.jpg", noise(60, 80))
    whole = path.read_bytes()
    plain = read_picture(path)
    path.write_bytes(whole + b"\0\0\0\x18ftypmp42" + b"\xff\xda and \xff\xc0" * 3)
    assert torch.equal(read_picture(path), plain)
    path.write_bytes(whole[: len(whole) // 2] + b"\0\0\0\x18ftypmp42")
    with pytest.raises(InputError, match="damaged"):
        read_picture(path)
