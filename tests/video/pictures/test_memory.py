"""Memory is asked for before it is taken: a picture's header says its size, and nothing is decoded to learn it."""

import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.base import memory
from vidrestore.base.memory import is_out_of_memory
from vidrestore.cli import app
from vidrestore.errors import InputError, ResourceError
from vidrestore.video.facts.probe import probe
from vidrestore.video.pictures import decode
from vidrestore.video.pictures.read import read_picture
from vidrestore.video.pictures.still import is_still
from vidrestore.video.reader import Reader

SIDE = 16_000
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is seen, and limited, as on Linux")
MOST = 300 * 10**6
"""Bytes that looking at a picture, or refusing it, may take."""


def saved(form: str, **options: object) -> bytes:
    file = BytesIO()
    Image.new("RGB", (16, 16), (9, 9, 9)).save(file, form, **options)
    return file.getvalue()


def jpeg(width: int, height: int) -> bytes:
    """A small one whose header says another size."""
    data = saved("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def png(width: int, height: int, row: int = 0) -> bytes:
    """Black, 8 bit RGB, in `height` rows of `row` bytes."""
    packer = zlib.compressobj(9)
    samples = b"".join(packer.compress(bytes(row)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in ((b"IHDR", head), (b"IDAT", samples), (b"IEND", b""))
    )


def webp(width: int, height: int) -> bytes:
    """A canvas of this size, in which a small picture lies."""
    data = saved("WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    assert data[12:16] == b"VP8X"
    return data[:24] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + data[30:]


def bmp(width: int, height: int) -> bytes:
    data = saved("BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def tiff(width: int, height: int) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, np.zeros((16, 16, 3), np.uint8), photometric="rgb")
    data = file.getvalue()
    for tag, size in ((256, width), (257, height)):
        at = data.index(struct.pack("<H", tag), 8)
        data = data[:at] + struct.pack("<HHII", tag, 4, 1, size) + data[at + 12 :]
    return data


CLAIMS: dict[str, Callable[[int, int], bytes]] = {"jpg": jpeg, "png": png, "webp": webp, "bmp": bmp, "tif": tiff}


COMMAND = """
import sys
from pathlib import Path
from vidrestore.cli import main
where = sys.argv.pop()
try:
    main()
finally:
    Path(where).write_text(Path("/proc/self/status").read_text())
"""


def peak(words: list[str], tmp_path: Path) -> tuple[int, int, str]:
    """Exit code, bytes held at most, and what was said by a command in a process of its own.

    Not the peak that wait4 tells: that counts this process, which it is forked from.
    """
    command = [sys.executable, "-c", COMMAND, *words, str(tmp_path / "status")]
    done = subprocess.run(command, capture_output=True, text=True)
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", (tmp_path / "status").read_text())
    return done.returncode, int(most) * 1024, done.stdout + done.stderr


@linux
@pytest.mark.parametrize("suffix", CLAIMS)
def test_what_a_header_claims_is_not_taken(tmp_path: Path, suffix: str) -> None:
    """Neither to look nor to refuse."""
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / f"a.{suffix}"
    path.write_bytes(CLAIMS[suffix](32_000, 32_000))
    for words in (["info", str(path)], ["upscale", str(folder), str(tmp_path / "out")]):
        code, most, said = peak(words, tmp_path)
        assert code == 3 and said.count("\n") == 1, said
        wrong = "is damaged or not a picture" if suffix == "webp" else "32000x32000 is too large; at most 268435456"
        assert wrong in said
        assert most < MOST


@linux
def test_info_of_a_large_picture_decodes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(SIDE, SIDE, 1 + 3 * SIDE))
    code, most, said = peak(["info", str(path), "--json"], tmp_path)
    assert code == 0 and most < MOST
    facts = json.loads(said)
    assert (facts["width"], facts["height"], facts["warnings"]) == (SIDE, SIDE, [])


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp"])
def test_more_pixels_than_the_bytes_can_hold_are_damage(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(CLAIMS[suffix](SIDE, SIDE))
    size = path.stat().st_size
    with pytest.raises(InputError, match=f"is damaged: it says {SIDE}x{SIDE} pixels, and has {size} bytes; replace"):
        probe(path)


@linux
@pytest.mark.parametrize("name", ["a.bin", "a.mp4", "a"])
@pytest.mark.parametrize("form", CLAIMS)
def test_a_picture_is_one_whatever_its_name(tmp_path: Path, form: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(CLAIMS[form](16, 16))
    assert (probe(path).kind, probe(path).width) == ("pictures", 16)
    path.write_bytes(CLAIMS[form](SIDE, SIDE))
    if name == "a.bin":
        code, most, _ = peak(["info", str(path)], tmp_path)
        assert code == (0 if form == "tif" else 3) and most < MOST


@pytest.mark.parametrize("form", ["jpg", "png"])
def test_a_stream_of_pictures_is_a_video(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(CLAIMS[form](16, 16) if form == "jpg" else png(16, 16, 49))
    path.write_bytes(path.read_bytes() * 5)
    assert probe(path).kind == "video"
    assert len(list(Reader(probe(path)))) == 5


def test_what_begins_like_a_picture_by_chance_is_none(tmp_path: Path) -> None:
    for start in (b"BMX", b"RIFF\0\0\0\0AVI LIST"):
        (tmp_path / "a.bin").write_bytes(start + b"x" * 99)
        assert not is_still(tmp_path / "a.bin")
    assert not is_still(tmp_path)


@linux
@pytest.mark.parametrize("animated", [False, True])
def test_a_canvas_of_webp_is_no_reason_to_take_memory(tmp_path: Path, animated: bool) -> None:
    """A still picture fills it; of an animation Pillow decodes no larger one."""
    path = tmp_path / "a.webp"
    data = webp(SIDE, SIDE)
    if animated:
        one = Image.new("RGB", (16, 16))
        data = saved("WEBP", save_all=True, append_images=[one], duration=40)
        data = data[:24] + 2 * (SIDE - 1).to_bytes(3, "little") + data[30:]
    path.write_bytes(data)
    for words in (["info", str(path)], ["extract-frames", str(path), str(tmp_path / "out")]):
        code, most, said = peak(words, tmp_path)
        assert code == 3 and said.count("\n") == 1 and most < MOST, said
    assert ("at most 178956970 pixels" if animated else "is damaged") in said


@linux
def test_info_of_a_large_video_decodes_one_frame(tmp_path: Path) -> None:
    """Though it is to be shown after others: frames that a decoder holds back take 100 MB each."""
    path, side = tmp_path / "a.mp4", 8192
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        stream.options = {"preset": "ultrafast", "x264-params": "bframes=3:threads=1:rc-lookahead=0"}
        frame = av.VideoFrame(side, side, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(3):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    code, most, said = peak(["info", str(path), "--json"], tmp_path)
    assert code == 0 and most < MOST
    facts = json.loads(said)
    assert (facts["width"], facts["frames"], facts["start"], facts["rate"]) == (side, 3, "0", "25")


def test_a_size_that_the_samples_do_not_have_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(2000, 1000))
    assert probe(path).width == 2000
    with pytest.raises(InputError, match="is damaged or not a picture"):
        read_picture(path)


def test_a_picture_that_does_not_fit_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (1000, 1000)).save(tmp_path / "a.png")
    needed = (3 + 12) * 1000 * 1000
    monkeypatch.setattr(memory, "available", lambda: needed)
    assert read_picture(tmp_path / "a.png").shape == (3, 1000, 1000)
    monkeypatch.setattr(memory, "available", lambda: needed - 1)
    monkeypatch.setattr(decode, "_by_opencv", None)
    with pytest.raises(ResourceError, match=r"a\.png, 1000x1000 pixels, takes 15 MiB of memory, and 15 MiB are free"):
        list(Reader(probe(tmp_path)))


def test_frames_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=3)  # 64x48
    monkeypatch.setattr(memory, "available", lambda: 6 * 64 * 48)
    assert probe(clip).width == 64
    done = CliRunner().invoke(app, ["upscale", str(clip), str(tmp_path / "o.mp4")])
    assert done.exit_code == 5
    assert "vidrestore: a frame of the result, 128x96 pixels, takes 1 MiB of memory, and 1 MiB are free" in done.stderr
    monkeypatch.setattr(memory, "available", lambda: 6 * 64 * 48 - 1)
    with pytest.raises(ResourceError, match=r"a frame of .*, 64x48 pixels, takes"):
        probe(clip)


ALL = """
import resource, sys
from pathlib import Path
from typer.testing import CliRunner
import cv2, tifffile, torch
from vidrestore.base import memory as main_memory
from vidrestore.cli import app
from vidrestore.video.pictures import decode as decode_picture
decode_picture.check_fits = lambda *_: None
held = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (held + (int(sys.argv[2]) << 20),) * 2)
print(CliRunner().invoke(app, ["metrics", sys.argv[1], sys.argv[1]]))
"""


@linux
@pytest.mark.parametrize(("suffix", "room"), [("png", 60), ("tif", 60), ("jpg", 300)])
def test_memory_that_runs_out_is_no_damage(tmp_path: Path, suffix: str, room: int) -> None:
    """Exit code 5, wherever it happens: in the decoder, or afterwards."""
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (6000, 5000)).save(path, **({"compression": "tiff_lzw"} if suffix == "tif" else {}))
    done = subprocess.run([sys.executable, "-c", ALL, path, str(room)], capture_output=True, text=True, check=True)
    assert "SystemExit(5)" in done.stdout, done.stdout + done.stderr


def test_opencv_says_what_it_lacks() -> None:
    import cv2

    with pytest.raises(cv2.error) as caught:
        cv2.imdecode(np.empty(0, np.uint8), cv2.IMREAD_COLOR)
    assert not is_out_of_memory(caught.value)
    caught.value.code = cv2.Error.StsNoMem
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError()) and is_out_of_memory(RuntimeError("bad_alloc"))
    assert not is_out_of_memory(OSError("out of memory"))


def apng(width: int, height: int, padding: int) -> bytes:
    """Two frames of one byte, beside a text of so many."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    frames = [struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0) for number in (0, 1)]
    chunks = (
        (b"IHDR", head),
        (b"acTL", struct.pack(">II", 2, 0)),
        (b"fcTL", frames[0]),
        (b"IDAT", zlib.compress(b"\0")),
        (b"fcTL", frames[1]),
        (b"fdAT", struct.pack(">I", 2) + zlib.compress(b"\0")),
        (b"IEND", b""),
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
            for name, content in chunks
        )
        + bytes(padding)
    )


@linux
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("two.bin", 2 * png(SIDE, SIDE)),
        ("two.mp4", 2 * png(SIDE, SIDE)),
        ("moving.png", apng(SIDE, SIDE, 200_000)),
        ("moving.apng", apng(SIDE, SIDE, 200_000)),
    ],
)
def test_what_a_stream_of_pictures_claims_is_not_taken(tmp_path: Path, name: str, data: bytes) -> None:
    """FFmpeg decodes what it opens, to learn what it is."""
    (tmp_path / name).write_bytes(data)
    for words in (["info", name], ["upscale", name, "out.mp4"]):
        words = [str(tmp_path / word) if "." in word else word for word in words]
        code, most, said = peak(words, tmp_path)
        assert code == 3 and said.count("\n") == 1 and "not one picture of it can be decoded" in said, said
        assert most < MOST


def test_large_films_are_what_they_say(tmp_path: Path) -> None:
    """Beyond what any file is given: FFmpeg knew neither the format nor the siting of such."""
    for name, codec, pix_fmt in (("a.avi", "mjpeg", "yuvj420p"), ("a.mkv", "ffv1", "yuv420p")):
        path = tmp_path / name
        make_clip(path, frames=1, size=(5120, 4096), codec=codec, pix_fmt=pix_fmt)
        info = probe(path)
        assert (info.width, info.height, info.codec, info.pix_fmt) == (5120, 4096, codec, pix_fmt)
        assert info.colour.siting == ("center" if codec == "mjpeg" else "left")
