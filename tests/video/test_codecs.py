"""Which encoder, which options, which pixel format."""

from pathlib import Path

import av
import pytest

from tests.clips import make_clip
from vidrestore.base.settings import Encoding
from vidrestore.errors import UsageError
from vidrestore.video.codecs import CODECS, CONTAINERS, encoder_options, find_encoder
from vidrestore.video.encode.formats import layout, pixel_format
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.writer import Writer, plan


def test_every_default_encoder_exists() -> None:
    for name in {*CODECS, *(c.codec for c in CONTAINERS.values()), *(c.deep for c in CONTAINERS.values())}:
        assert find_encoder(name).name == name


def test_every_option_we_set_is_one_the_encoder_has() -> None:
    for name, codec in CODECS.items():
        options = encoder_options(name, Encoding())
        if codec.lossless is not None:
            options |= encoder_options(name, Encoding(lossless=True))
        supported = av.CodecContext.create(name, "w").supported_options
        assert set(options) <= {o.name for o in (*supported.generic, *supported.private)}, name


def test_format_names_mean_an_encoder() -> None:
    assert find_encoder("hevc").name == "libx265"


@pytest.mark.parametrize("name", ["libx266", "aac", ""])
def test_unknown_encoders_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no video encoder is called"):
        find_encoder(name)


def test_quality_preset_and_own_options() -> None:
    options = encoder_options("libx264", Encoding(crf=21.5, preset="fast", options={"g": "30"}))
    assert options == {"crf": "21.5", "preset": "fast", "g": "30"}


def test_own_options_win() -> None:
    assert encoder_options("libx264", Encoding(options={"crf": "30"}))["crf"] == "30"
    options = encoder_options("libx265", Encoding(lossless=True, options={"x265-params": "aq-mode=3"}))
    assert options["x265-params"] == "lossless=1:aq-mode=3"


@pytest.mark.parametrize(
    ("name", "encoding", "said"),
    [
        ("libx264", Encoding(crf=52), "--crf 52 is outside"),
        ("libx264", Encoding(crf=-1), "--crf -1 is outside"),
        ("libx264", Encoding(preset="mid"), "no --preset 'mid'"),
        ("libx264", Encoding(options={"cfr": "20"}), "did you mean 'crf'"),
        ("libx264", Encoding(lossless=True, crf=10), "--lossless leaves no choice"),
        ("ffv1", Encoding(crf=10), "ffv1 has no --crf"),
        ("ffv1", Encoding(preset="fast"), "it has none"),
        ("prores_ks", Encoding(lossless=True), "no lossless mode"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, encoding: Encoding, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        encoder_options(name, encoding)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("codec", "source", "lossless", "chosen"),
    [
        ("libx264", "yuv420p", False, "yuv420p"),
        ("libx264", "yuvj420p", False, "yuv420p"),
        ("libx264", "nv12", False, "yuv420p"),
        ("libx264", "yuva444p", False, "yuv444p"),
        ("libx264", "yuv420p12le", False, "yuv420p10le"),
        ("libx264", "yuv411p", False, "yuv422p"),
        ("libx264", "rgb24", False, "yuv420p"),
        ("libx265", "rgb48", False, "yuv420p10le"),
        ("libx265", "gbrp10le", True, "gbrp10le"),
        ("ffv1", "rgb24", False, "bgr0"),
        ("ffv1", "rgb48", False, "gbrp16le"),
        ("ffv1", "gray", False, "gray"),
        ("libvpx-vp9", "gray", True, "yuv420p"),
    ],
)
def test_pixel_formats(codec: str, source: str, lossless: bool, chosen: str) -> None:
    assert pixel_format(find_encoder(codec), source, Encoding(lossless=lossless)) == chosen


def test_a_pixel_format_the_encoder_does_not_take_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no --pix-fmt yuv420p12le; it takes yuv420p"):
        pixel_format(find_encoder("libx264"), "yuv420p", Encoding(pix_fmt="yuv420p12le"))


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv410p", "gray12le", "gbrp16le", "nv12", "p010le"])
def test_layouts_agree_with_ffmpeg(name: str) -> None:
    found, form = layout(name), av.VideoFormat(name, 64, 64)
    assert found is not None
    assert (found.depth, found.rgb) == (form.components[0].bits, form.is_rgb)
    if len(form.components) == 3 and not form.is_rgb:
        assert (64 >> found.subsample_x, 64 >> found.subsample_y) == (form.chroma_width(), form.chroma_height())


@pytest.mark.parametrize("name", ["yuva420p", "pal8", "yuyv422", "yuv420p10be", "rgb48le"])
def test_formats_that_are_not_filled(name: str) -> None:
    assert layout(name) is None


@pytest.mark.parametrize("name", ["libx264", "libx265", "libsvtav1"])
def test_a_rate_of_ones_own_takes_the_place_of_crf(name: str) -> None:
    """They look at crf first, so that -e b=... did nothing."""
    assert "crf" not in encoder_options(name, Encoding(options={"b": "50k"}))
    assert "crf" not in encoder_options(name, Encoding(options={"qp": "40"}))
    with pytest.raises(UsageError, match=r"--crf 20 and -e b=.* both set the quality"):
        encoder_options(name, Encoding(crf=20, options={"b": "50k"}))
    assert encoder_options("libvpx-vp9", Encoding(options={"b": "50k"}))["crf"], "a limit there, beside crf"


@pytest.mark.parametrize("name", ["libx264", "libx265", "libsvtav1"])
def test_a_smaller_rate_makes_a_smaller_file(tmp_path: Path, name: str) -> None:
    info = probe(make_clip(tmp_path / "in.mkv", codec="ffv1", size=(256, 192), frames=20))

    def size(path: Path, encoding: Encoding) -> int:
        target = plan(info, path, encoding)
        with Writer(target, info) as writer:
            for frame in Reader(info):
                writer.write(frame)
        return path.stat().st_size

    plain = size(tmp_path / "plain.mkv", Encoding())
    assert size(tmp_path / "small.mkv", Encoding(options={"b": "20k"})) < plain / 2
