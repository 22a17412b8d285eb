"""Files that name other files: nothing but the file given is read, unless --follow-references is given."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vidrestore.cli import app
from vidrestore.errors import InputError, UsageError
from vidrestore.training.data.footage import scenes
from vidrestore.video.facts.probe import probe
from vidrestore.video.facts.references import ALONE, list_format, refers
from vidrestore.video.reader import Reader

from ..clips import make_clip

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\n"
MPD = '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n'
INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"dinf")


def hls(clip: Path) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n"


def ffconcat(clip: Path) -> str:
    return f"ffconcat version 1.0\nfile '{clip}'\n"


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def with_reference(film: bytes, entry: bytes) -> bytes:
    """A MOV file whose data references are this one; its header must come after its data."""
    made, at = b"", 0
    while at < len(film):
        size, kind = int.from_bytes(film[at : at + 4]), film[at + 4 : at + 8]
        content = film[at + 8 : at + size]
        if kind == b"dref":
            content = bytes(4) + (1).to_bytes(4) + entry
        elif kind in INSIDE:
            content = with_reference(content, entry)
        made, at = made + box(kind, content), at + size
    return made


def elsewhere(clip: Path) -> bytes:
    """A MOV file whose data lies in another one, by the alias that QuickTime writes."""
    name = str(clip).encode()
    alias = bytes(150) + (2).to_bytes(2) + len(name).to_bytes(2) + name + bytes(len(name) % 2) + b"\xff\xff"
    return with_reference(clip.read_bytes(), box(b"alis", bytes(4) + alias))


FORMATS: dict[str, tuple[str, Callable[[Path], str | bytes]]] = {
    "list.m3u8": ("HLS playlist", hls),
    "hls.mp4": ("HLS playlist", hls),
    "clip.mp4": ("ffconcat list", ffconcat),
    "clip.txt": ("ffconcat list", ffconcat),
    "s.sdp": ("SDP description", lambda _: SDP),
    "sdp.mkv": ("SDP description", lambda _: SDP),
    "d.mpd": ("DASH manifest", lambda _: MPD),
    "elsewhere.mov": ("mov data references", elsewhere),
    "url.mov": (
        "mov data references",
        lambda clip: with_reference(clip.read_bytes(), box(b"url ", bytes(4) + b"file:///etc/passwd\0")),
    ),
    "frame%02d.pgm": ("in the format image2", lambda _: b"P5 4 4 255 " + bytes(16)),
}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "real").mkdir()
    return make_clip(tmp_path / "real" / "real.mov", frames=8)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    return result.exit_code, result.output


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_opens_others_is_refused_by_its_format(name: str, clip: Path, tmp_path: Path) -> None:
    kind, content = FORMATS[name]
    path = write(tmp_path / name, content(clip))
    code, said = run("upscale", path, tmp_path / "out.mp4")
    assert code == 2
    assert kind in said and "--follow-references" in said and said.count("\n") == 1


def test_a_command_without_the_option_does_not_name_it(clip: Path, tmp_path: Path) -> None:
    write(tmp_path / "list.mp4", ffconcat(clip))
    code, said = run("evaluate", "flow", "--data", tmp_path)
    assert (code, "opens other files" in said, "--follow-references" in said) == (2, True, False), said


def test_every_command_refuses_it(clip: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "list.mp4", ffconcat(clip))
    pictures = tmp_path / "pictures"
    assert run("extract-frames", clip, pictures)[0] == 0
    for words in (
        ("upscale", path, tmp_path / "o.mp4"),
        ("deblur", path, tmp_path / "o.mp4", "--dry-run"),
        ("interpolate", path, tmp_path / "o.mp4"),
        ("restore", path, tmp_path / "o.mp4", "--deblur"),
        ("extract-frames", path, tmp_path / "o"),
        ("split-scenes", path, tmp_path / "o"),
        ("split-scenes", path, "--list-only"),
        ("join-frames", pictures, tmp_path / "o.mp4", "--audio", path),
        ("metrics", clip, path),
        ("metrics", path, clip),
        ("info", path),
    ):
        code, said = run(*words)
        assert (code, "ffconcat list" in said) == (2, True), said
    data = tmp_path / "data"
    data.mkdir()
    write(data / "list.mp4", ffconcat(clip))
    for words in (
        ("evaluate", "unblur", "--data", data),
        ("evaluate", "average", "--data", data),
        ("train", "espcn-x2", "--data", data, "--out", tmp_path / "run"),
        ("train", "sepconv-narrow", "--data", data, "--out", tmp_path / "run"),
    ):
        code, said = run(*words)
        assert (code, "ffconcat list" in said) == (2, True), said
    assert not (tmp_path / "o").exists() and not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize("name", ["list.m3u8", "clip.mp4", "elsewhere.mov"])
def test_the_option_follows(name: str, clip: Path, tmp_path: Path) -> None:
    path = write(tmp_path / name, FORMATS[name][1](clip))
    info = probe(path, follow_references=True)
    assert len(list(Reader(info))) == 8
    code, said = run("extract-frames", path, tmp_path / "o", "--follow-references", "--json", "-q")
    assert code == 0 and json.loads(said)["frames_out"] == 8
    code, _ = run("deblur", path, tmp_path / "o.mkv", "-m", "wiener", "--psf", "disk:2", "--follow-references", "-q")
    assert code == 0


def test_what_a_list_names_may_be_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "s.sdp", SDP)
    with pytest.raises(InputError, match="SDP description; what it names cannot be read"):
        probe(path, follow_references=True)


def test_own_data_references_are_no_others(clip: Path) -> None:
    assert not refers(clip)
    assert not list_format(clip)


def test_training_data_is_read_from_its_own_files(clip: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name, (kind, content) in FORMATS.items():
        path = data / Path(name).with_suffix(".mp4")
        if kind.startswith("in the format"):
            continue
        write(path, content(clip))
        with pytest.raises(UsageError, match="opens other files"):
            scenes(data, tmp_path / "scratch", least=2, side=16)
        path.unlink()
    (data / "real.mov").write_bytes(clip.read_bytes())
    assert len(scenes(data, tmp_path / "scratch", least=2, side=16)) == 1


def test_opencv_is_told_the_same_list(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidrestore.training.data.video_capture.list_format", lambda _: "")
    data = tmp_path / "data"
    data.mkdir()
    write(data / "list.mp4", ffconcat(Path("real.mov")))
    (data / "real.mov").write_bytes(clip.read_bytes())
    with pytest.raises(InputError, match="cannot be read as a video"):
        scenes(data, tmp_path / "scratch", least=2, side=16)


def test_the_list_leaves_out_what_opens_others() -> None:
    others = {
        "concat",
        "dash",
        "hls",
        "image2",
        "imf",
        "lavfi",
        "mlv",
        "rtp",
        "rtsp",
        "sap",
        "sdp",
        "svg_pipe",
        "vobsub",
    }
    assert not others & set(ALONE.split(","))
