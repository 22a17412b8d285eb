"""Every depth and layout of pictures, read as what was written into them, or as a second reader sees them."""

import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vidrestore.errors import InputError
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures.formats.header import read_header
from vidrestore.video.pictures.read import read_picture

HEIGHT, WIDTH = 33, 45
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1}


def noise(dtype: str, channels: int) -> NDArray[Any]:
    """(HEIGHT, WIDTH, channels) over the whole range, and beyond it in floating point."""
    rng = np.random.default_rng(channels)
    size = (HEIGHT, WIDTH, channels)
    if dtype == "float32":
        return rng.normal(0.5, 1, size).astype(np.float32)
    return rng.integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)


def check(path: Path, rgb: NDArray[Any], *, alpha: bool = False, error: float = 0) -> None:
    """What is read is `rgb`, (H, W, 3), and what the header says agrees."""
    picture = read_picture(path).permute(1, 2, 0).numpy()
    wanted = rgb.astype(np.float32) / np.float32(WHITE[str(rgb.dtype)])
    assert picture.shape == wanted.shape
    assert np.abs(picture - wanted).max() <= error
    header, info = read_header(path), probe(path)
    assert (header.samples, header.alpha) == (str(rgb.dtype), alpha)
    assert (info.height, info.width, info.alpha) == (*rgb.shape[:2], alpha)


def three(codes: NDArray[Any]) -> NDArray[Any]:
    """Grey is repeated, opacity left out."""
    return np.repeat(codes[..., :1], 3, axis=2) if codes.shape[2] < 3 else codes[..., :3]


@pytest.mark.parametrize(("dtype", "channels"), list(product(WHITE, (1, 2, 3, 4))))
def test_tiff_of_all_layouts(tmp_path: Path, dtype: str, channels: int) -> None:
    codes, path = noise(dtype, channels), tmp_path / "a.tif"
    layouts = product(("contig", "separate"), (None, "zlib", "lzw", "packbits"), (None, (16, 32)), "<>", (False, True))
    for planes, compression, tile, order, differences in layouts:
        if differences and (compression in (None, "packbits") or dtype == "float32"):
            continue
        flat = codes[..., 0] if channels == 1 else codes if planes == "contig" else np.moveaxis(codes, -1, 0)
        tifffile.imwrite(
            path,
            np.ascontiguousarray(flat),
            photometric="minisblack" if channels < 3 else "rgb",
            planarconfig=None if channels == 1 else planes,
            extrasamples=None if channels in (1, 3) else ["unassalpha"],
            compression=compression,
            predictor=differences,
            tile=tile,
            rowsperstrip=None if tile else 8,
            byteorder=order,
        )
        check(path, three(codes), alpha=channels in (2, 4))


@pytest.mark.parametrize("bits", [1, 2, 4, 10, 12, 14])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_tiff_of_odd_depths_fills_the_whole_range(tmp_path: Path, bits: int, photometric: str) -> None:
    dtype = np.uint8 if bits <= 8 else np.uint16
    codes = np.random.default_rng(0).integers(0, 1 << bits, (HEIGHT, WIDTH), dtype)
    codes[0, 0], codes[0, 1] = 0, (1 << bits) - 1
    path = tmp_path / "a.tif"
    stored = codes.astype(bool) if bits == 1 else codes
    tifffile.imwrite(path, stored, bitspersample=bits, photometric=photometric)
    light = codes if photometric == "minisblack" else (1 << bits) - 1 - codes
    full = np.rint(light * (np.iinfo(dtype).max / ((1 << bits) - 1))).astype(dtype)
    check(path, three(full[..., None]), error=1.01 / np.iinfo(dtype).max if bits > 8 else 0)
    assert {float(read_picture(path).min()), float(read_picture(path).max())} == {0, 1}


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "group4", "jpeg", "tiff_adobe_deflate"])
def test_tiff_as_pillow_sees_it(tmp_path: Path, mode: str, compression: str) -> None:
    if (compression == "group4") != (mode == "1") or (compression == "jpeg" and mode in ("P", "LA", "RGBA")):
        pytest.skip("there are none")
    path, smooth = tmp_path / "a.tif", cv2.GaussianBlur(noise("uint8", 3), (0, 0), 3)
    Image.fromarray(smooth).convert(mode).save(path, compression=compression)
    with Image.open(path) as image:
        whole = image.convert("RGBA") if mode in ("LA", "RGBA") else image.convert("RGB")
        wanted = np.asarray(whole)[..., :3]
    # The formulas of CMYK and YCbCr are rounded in several ways.
    check(path, wanted, alpha=mode in ("LA", "RGBA"), error=1.01 / 255 if mode in ("CMYK", "YCbCr") else 0)
    notes = probe(path).warnings
    assert any("CMYK" in note for note in notes) == (mode == "CMYK")
    assert any("transparency" in note for note in notes) == (mode in ("LA", "RGBA"))


def test_tiff_of_16_bit_inks(tmp_path: Path) -> None:
    inks = noise("uint16", 4)
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated")
    paper = 65535 - inks.astype(np.int64)
    wanted = np.rint(paper[..., :3] * paper[..., 3:] / 65535).astype(np.uint16)
    check(tmp_path / "a.tif", wanted)


@pytest.mark.parametrize("dtype", ["uint32", "int32", "float64", "complex64"])
def test_tiff_of_other_samples_is_refused_by_its_header(tmp_path: Path, dtype: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise("uint8", 3).astype(dtype), photometric="rgb")
    with pytest.raises(InputError, match=f"its samples are {dtype}; read are uint8, uint16, float32; save it as RGB"):
        probe(tmp_path / "a.tif")


def test_tiff_of_other_colours_is_refused_by_its_header(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise("uint16", 3), photometric="cielab")
    with pytest.raises(InputError, match="its colours are stored as CIELAB; save it as RGB"):
        probe(tmp_path / "a.tif")


def png(codes: NDArray[Any], bits: int, kind: int, *extra: bytes) -> bytes:
    """A PNG of codes (H, W, channels), written by hand."""
    height, width = codes.shape[:2]
    flat = codes.reshape(height, -1)
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in flat]
    else:
        single = (flat[..., None] >> np.arange(bits)[::-1] & 1).reshape(height, -1).astype(np.uint8)
        rows = [np.packbits(row).tobytes() for row in single]
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), *extra, (b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


KINDS = [(0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (3, 1, (1, 2, 4, 8)), (4, 2, (8, 16)), (6, 4, (8, 16))]


@pytest.mark.parametrize(("kind", "channels", "bits"), [(k, c, bits) for k, c, depths in KINDS for bits in depths])
@pytest.mark.parametrize("see_through", [False, True])
def test_png_of_all_kinds(tmp_path: Path, kind: int, channels: int, bits: int, see_through: bool) -> None:
    if see_through and kind >= 4:
        pytest.skip("these have opacity of their own")
    codes = np.random.default_rng(0).integers(0, 1 << bits, (HEIGHT, WIDTH, channels), np.uint16)
    colours = np.random.default_rng(1).integers(0, 256, (1 << min(bits, 8), 3), np.uint8)
    extra = [(b"PLTE", colours.tobytes())] if kind == 3 else []
    if see_through:
        extra.append((b"tRNS", b"\x40" if kind == 3 else struct.pack(f">{channels}H", *[1] * channels)))
    path = tmp_path / "a.png"
    path.write_bytes(png(codes, bits, kind, *extra))
    dtype = np.uint16 if bits == 16 else np.uint8
    whole = colours[codes[..., 0]] if kind == 3 else (codes * (255 // ((1 << bits) - 1) if bits < 8 else 1))
    check(path, three(whole).astype(dtype), alpha=see_through or kind >= 4)
    with av.open(str(path), format="png_pipe") as container:  # a second reader
        (frame,) = container.decode(video=0)
        seen = frame.to_ndarray(format="rgb48le" if bits == 16 else "rgb24")
    if not see_through:  # in those FFmpeg's way to RGB is its own
        assert np.array_equal(seen, three(whole))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "png"])
def test_others_as_pillow_sees_them(tmp_path: Path, mode: str, suffix: str) -> None:
    if (mode == "CMYK") > (suffix == "jpg") or (suffix == "jpg" and mode in ("1", "P", "RGBA")):
        pytest.skip("there are none")
    path, smooth = tmp_path / f"a.{suffix}", cv2.GaussianBlur(noise("uint8", 4), (0, 0), 3)
    picture = Image.fromarray(smooth) if mode == "RGBA" else Image.fromarray(smooth[..., :3]).convert(mode)
    for options in ({"progressive": True}, {"interlace": 1, "lossless": True, "exact": True, "quality": 90}):
        picture.save(path, **options)
        with Image.open(path) as image:
            has_alpha, wanted = image.has_transparency_data, np.asarray(image.convert("RGBA"))[..., :3]
        check(path, np.ascontiguousarray(wanted), alpha=has_alpha, error=1.01 / 255 if suffix == "jpg" else 0)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_seen_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x112] = orientation
    path, smooth = tmp_path / f"a.{suffix}", cv2.GaussianBlur(noise("uint8", 3), (0, 0), 3)
    Image.fromarray(smooth).save(path, exif=tags, lossless=True)
    with Image.open(path) as image:
        wanted = np.ascontiguousarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert wanted.shape[:2] == ((WIDTH, HEIGHT) if orientation >= 5 else (HEIGHT, WIDTH))
    check(path, wanted)


def test_a_name_says_nothing(tmp_path: Path) -> None:
    """The content does."""
    Image.fromarray(noise("uint8", 3)).save(tmp_path / "a.png")
    named = (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    check(named, noise("uint8", 3))
    assert probe(named).codec == "png"
