"""What begins after the frames by which a file was described is noticed, and told at the end."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from av.sidedata.sidedata import Type

from tests.clips import make_clip
from vidrestore.base.settings import Encoding, Reading
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.video.facts.info import Hdr10
from vidrestore.video.facts.probe import probe
from vidrestore.video.facts.watch import Watch
from vidrestore.video.reader import Reader


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 frames that are progressive, of pixels 16:15; then 8 interlaced ones of 64:45."""
    folder = tmp_path_factory.mktemp("changing")
    parts = (
        make_clip(folder / "a.h264", frames=8, rate=Fraction(25), sample_aspect_ratio=Fraction(16, 15)),
        make_clip(
            folder / "b.h264",
            frames=8,
            rate=Fraction(25),
            sample_aspect_ratio=Fraction(64, 45),
            options={"x264-params": "tff=1"},
        ),
    )
    path = folder / "both.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def warnings(path: Path, reading: Reading) -> list[str]:
    reader = Reader(probe(path), reading)
    list(reader)
    return reader.warnings


def test_interlacing_and_aspect_that_begin_later_are_told(changing: Path) -> None:
    assert not probe(changing).interlaced
    said = warnings(changing, Reading())
    (interlacing,) = (line for line in said if "interlaced" in line)
    assert "--deinterlace auto" in interlacing and "(from 0.320 s on)" in interlacing
    (aspect,) = (line for line in said if "aspect" in line)
    assert "changes to 64/45; the result keeps 16/15" in aspect


def test_they_reach_the_report(changing: Path, tmp_path: Path) -> None:
    encoding = Encoding(preset="ultrafast")
    report = restore(prepare(changing, tmp_path / "out.mkv", (), reading=Reading(), encoding=encoding))
    assert any("--deinterlace auto" in line for line in report.warnings)
    assert any("aspect" in line for line in report.warnings)


def test_only_what_is_read_counts(changing: Path) -> None:
    assert not any("interlaced" in line or "aspect" in line for line in warnings(changing, Reading(end=4)))
    assert any("aspect" in line for line in warnings(changing, Reading(start=10)))


def test_a_clip_that_stays_as_it_begins_is_not_spoken_of(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", sample_aspect_ratio=Fraction(4, 3), options={"x264-params": "tff=1"})
    assert warnings(path, Reading()) == []


def frame(*kinds: Type, name: str = "yuv420p") -> av.VideoFrame:
    data = [SimpleNamespace(type=kind) for kind in kinds]
    return SimpleNamespace(interlaced_frame=False, side_data=data, format=SimpleNamespace(name=name))  # type: ignore[return-value]


def test_captions_and_transparency_that_begin_later_are_told(tmp_path: Path) -> None:
    watch = Watch(probe(make_clip(tmp_path / "a.mp4", frames=3)))
    for second, seen in enumerate((frame(), frame(Type.A53_CC), frame(Type.A53_CC), frame(name="yuva420p"))):
        watch.see(seen, Fraction(second), aspect=None, header=None)
    assert watch.warnings == [
        "closed caption metadata is dropped (from 1.000 s on)",
        "transparency is dropped (from 3.000 s on)",
    ]


def test_what_was_said_before_is_not_said_again(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "a.mp4", frames=3))
    watch = Watch(replace(info, warnings=("closed caption metadata is dropped",)))
    watch.see(frame(Type.A53_CC), Fraction(1), aspect=None, header=None)
    assert watch.warnings == []


def test_other_hdr10_metadata_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    params = "max-cll=1000,400:log-level=none"
    make_clip(path, frames=3, codec="libx265", pix_fmt="yuv420p10le", options={"x265-params": params})
    info = probe(path)
    assert info.hdr10 == Hdr10("", "1000,400")
    for known, said in (
        (info.hdr10, []),
        (Hdr10(), ["the HDR10 metadata changes; the result has none"]),
        (Hdr10("", "9,9"), ["the HDR10 metadata changes; the result keeps the first"]),
    ):
        reader = Reader(replace(info, hdr10=known))
        list(reader)
        assert [line.partition(" (from")[0] for line in reader.warnings] == said
