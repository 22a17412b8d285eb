"""Damaged files: results that others can read, or one line and exit code 3; never a traceback."""

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import pytest
import torch
from typer.testing import CliRunner, Result

from tests.clips import make_clip, picture
from tests.conftest import REPOSITORY
from vidrestore.base.settings import Reading
from vidrestore.cli import app
from vidrestore.errors import InputError
from vidrestore.frame.frame import Colour
from vidrestore.video.decode.planes import Unpacker
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.resume.pieces import Piece

MUTANTS = REPOSITORY.parent / "shared" / "data" / "mutants"
TURN_UP_LATE = ("m532.flv", "m581.flv")
"""In these a second sound track turns up while the file is read."""


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def tags(path: Path) -> list[dict[str, str]]:
    """Of a file, its streams and its chapters, read as strictly as PyAV does of itself."""
    with av.open(str(path)) as container:
        chapters: Any = container.chapters()
        found = [container.metadata, *(s.metadata for s in container.streams), *(c["metadata"] for c in chapters)]
        return [dict(each) for each in found]


@pytest.mark.skipif(not MUTANTS.is_dir(), reason="no data/mutants")
@pytest.mark.parametrize("source", sorted(MUTANTS.glob("m*")), ids=lambda path: path.name)
def test_a_damaged_file_gives_what_decodes_or_one_line(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    result = run("upscale", source, target, "-m", "espcn", "--preset", "ultrafast", "--end", "2f", "--progress", "none")
    assert result.exit_code in (0, 3), result.stderr
    if target.exists():
        tags(target)
        with av.open(str(target)) as container:
            assert 1 <= sum(1 for _ in container.decode(video=0)) <= 2
    else:
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not MUTANTS.is_dir(), reason="no data/mutants")
@pytest.mark.parametrize("name", TURN_UP_LATE)
def test_a_packet_that_the_container_does_not_take_costs_itself(name: str, tmp_path: Path) -> None:
    """The sound that turns up late has no header, which Matroska wants."""
    pictures, target = tmp_path / "pictures", tmp_path / "out.mkv"
    run("extract-frames", make_clip(tmp_path / "in.mp4", frames=35), pictures)
    result = run("join-frames", pictures, target, "--audio", MUTANTS / name, "--preset", "ultrafast")
    assert result.exit_code == 0, result.stderr
    assert "audio track 2 (aac): damaged packets, which matroska does not take, are left out: 1\n" in result.stderr
    with av.open(str(target)) as container:
        count = Counter(packet.stream.index for packet in container.demux() if packet.size)
    assert count[0] == 35
    assert count[1] > 40
    assert count[2] == 0


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_tags_that_are_not_utf8_are_read_as_windows_1252(suffix: str, tmp_path: Path) -> None:
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    clip = make_clip(source, frames=2, chapters=True, metadata={"title": "CafX film", "comment": "na\u00efve"})
    clip.write_bytes(clip.read_bytes().replace(b"CafX", b"Caf\xe9").replace(b"one", b"\x93ne"))
    result = run("upscale", source, target, "-m", "espcn", "--preset", "ultrafast")
    assert result.exit_code == 0, result.stderr
    file, *_, first, second = tags(target)
    assert file["title"] == "Caf\u00e9 film"
    assert file[next(key for key in file if key.lower() == "comment")] == "na\u00efve"
    assert first["title"] == "\u201cne"
    assert second["title"] == "two"


def test_codes_beyond_the_depth_are_clipped() -> None:
    """Decoders leave them where data is damaged, and x264 aborts the process at them."""
    frame = picture(0, (64, 48), "yuv420p10le")
    torch.from_dlpack(frame.planes[0])[3, 4] = 0x8080
    colour = Colour("bt601", depth=10)
    unpack = Unpacker(width=64, height=48, pix_fmt="yuv420p10le", colour=colour)
    clipped = unpack.uniform(frame)
    planes = [torch.from_dlpack(plane).to(torch.int32) for plane in clipped.planes]
    assert planes[0][3, 4] == 1023
    wanted = [torch.from_dlpack(plane).to(torch.int32).clamp(max=1023) for plane in frame.planes]
    assert all(map(torch.equal, planes, wanted))
    assert torch.from_dlpack(frame.planes[0]).to(torch.int32)[3, 4] == 0x8080  # others may refer to it
    assert unpack.uniform(clipped) is clipped


def test_a_short_transport_stream_is_recognised(tmp_path: Path) -> None:
    source, target = make_clip(tmp_path / "in.mp4", frames=1), tmp_path / "out.ts"
    assert run("upscale", source, target, "-m", "espcn", "-e", "crf=51").exit_code == 0
    assert target.stat().st_size % 188 == 0
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 1


@pytest.mark.parametrize("header", ["W60000 H60000 F25:1", "W-64 H48 F25:1", "W99999999999 H48 F25:1"])
def test_a_y4m_header_that_makes_no_sense_is_said_to(header: str, tmp_path: Path) -> None:
    source = tmp_path / "in.y4m"
    source.write_bytes(f"YUV4MPEG2 {header}\n".encode() + b"FRAME\n" + bytes(5000))
    result = run("upscale", source, tmp_path / "out.mp4")
    assert result.exit_code == 3
    assert result.stderr.endswith("(its header makes no sense); try the original file again\n")


@pytest.mark.parametrize("rate", ["2147483647:1", "1:2147483647"])
def test_a_rate_that_cannot_be_is_not_believed(rate: str, tmp_path: Path) -> None:
    source = tmp_path / "in.y4m"
    frame = b"FRAME\n" + bytes(64 * 48 * 3 // 2)
    source.write_bytes(f"YUV4MPEG2 W64 H48 F{rate} Ip C420\n".encode() + 3 * frame)
    result = run("upscale", source, tmp_path / "out.mkv", "-m", "espcn", "-s", 2)
    if rate.startswith("1:"):  # of a clock that ticks once in an age nothing is left that could be repaired
        assert result.exit_code == 3 and "which is no rate of a video; its header is damaged" in result.stderr
    else:
        assert result.exit_code == 0
        assert 1 / 86_400 <= probe(tmp_path / "out.mkv").rate <= 100_000


def test_a_piece_whose_data_is_damaged_is_not_whole(tmp_path: Path) -> None:
    """Of a run that goes on: it is made again, and no frame of the result is lost."""
    piece, data = Piece(tmp_path, 1), bytes(range(100))
    listed = {"frames": [[0, 1], [1, 1]], "packets": [[60, 1, True], [40, 0, False]], "cuts": 1}
    piece.data.write_bytes(data)
    summed = listed | {"sha256": sha256(data).hexdigest()}
    for name, content, whole in (
        ("whole", summed, True),
        ("other bytes", summed | {"sha256": sha256(data[::-1]).hexdigest()}, False),
        ("no sum", listed, False),
        ("no cuts", {k: v for k, v in summed.items() if k != "cuts"}, False),
        ("no frame of a packet", summed | {"frames": [[0, 1], [2, 1]]}, False),
        ("endless times", summed | {"frames": [[0, 1], [10**30, 1]]}, False),
    ):
        piece.index.write_text(json.dumps(content))
        assert (piece.read_list() is not None) == whole, name


def test_nothing_that_decodes_is_damage_whatever_part_is_asked_for(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6, options={"bf": "0"})
    info = probe(source)
    data = source.read_bytes()
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    source.write_bytes(data[:begin] + bytes(end - begin) + data[end:])
    with pytest.raises(InputError, match="it is damaged"):
        list(Reader(info, Reading(end=4)))
