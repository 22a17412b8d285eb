"""The index of a source: its packets, how many frames it has, and what is kept of it."""

from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import make_clip
from vidrestore.base.cache import folder
from vidrestore.video.facts.probe import probe
from vidrestore.video.index import store
from vidrestore.video.index.index import HIDDEN, Packets, SourceIndex
from vidrestore.video.index.scan import scan
from vidrestore.video.index.store import index_of
from vidrestore.video.reader import Reader

COUNTED = [
    "edit_list.mp4",
    "hlg10_dolby_rotated.mov",
    "mpeg2_24fps.ts",
    "odd_175x143.mp4",
    "prores_422_10bit.mp4",
    "screen_518x488_jpeg_range.mp4",
    "yuv444.mkv",
    "fragmented.mp4",
    "hevc_10bit.mp4",
]
RATE = Fraction(30)
NOT_COUNTED = ["corrupted.mp4", "no_initial_keyframe.ts", "interlaced_bff.mkv", "packed_vfr.avi", "truncated_60pct.mp4"]


@pytest.mark.parametrize("name", COUNTED)
def test_frames_are_counted_as_decoding_counts_them(shared_data: Path, name: str) -> None:
    info = probe(shared_data / "clips" / name)
    assert index_of(info).frames == sum(1 for _ in Reader(info))


@pytest.mark.parametrize("name", NOT_COUNTED)
def test_what_only_decoding_tells_is_not_guessed(shared_data: Path, name: str) -> None:
    assert index_of(probe(shared_data / "clips" / name)).frames is None


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_it_holds_what_the_demuxer_gives(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"a.{suffix}", frames=40, audio=1, options={"g": "10", "bf": "2"})
    index = index_of(probe(path))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    found = index.packets
    assert found.pts.tolist() == [packet.pts for packet in packets]
    assert [None if dts == store.NONE else dts for dts in found.dts.tolist()] == [packet.dts for packet in packets]
    assert found.size.tolist() == [packet.size for packet in packets]
    assert found.duration.tolist() == [packet.duration for packet in packets]
    assert index.starts.tolist() == [n for n, packet in enumerate(packets) if packet.is_keyframe]
    assert index.refusal == ""


def same(one: SourceIndex, other: SourceIndex) -> bool:
    columns = (np.array_equal(getattr(one.packets, f.name), getattr(other.packets, f.name)) for f in fields(Packets))
    return all(columns) and replace(one, packets=other.packets) == other


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.h264"])
def test_it_is_kept_and_read_back(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_clip(tmp_path / name, frames=40, options={"g": "10"})
    info = probe(path)
    made = scan(path, info.stream_index)
    assert same(index_of(info), made)
    with monkeypatch.context() as patch:
        patch.setattr(store, "scan", lambda *_, **__: pytest.fail("it is in the cache"))
        assert same(index_of(info), made)
    make_clip(path, frames=50, options={"g": "10"})  # another file
    if name != "a.h264":
        assert len(index_of(probe(path)).packets.pts) == 50


def test_a_kept_index_is_not_trusted(tmp_path: Path) -> None:
    index = scan(make_clip(tmp_path / "a.mp4", frames=40), 0)
    packed = store._packed(index)
    assert same(store._unpacked(packed), index)
    wrong = [
        b"",
        packed[:-5],
        packed[: packed.index(b"\n") + 1],
        packed.replace(b'"packets": 40', b'"packets": 41'),
        packed.replace(b'"packets": 40', b'"packets": 4000000000'),
        packed.replace(b'"time_base": [1, ', b'"time_base": [0, '),
        packed.replace(b'"refusal": ""', b'"refusal": 7'),
    ]
    for name, value in (("flags", 16), ("size", -1), ("pts", store.NONE)):
        column = getattr(index.packets, name).copy()
        column[3] = value
        wrong.append(store._packed(replace(index, packets=replace(index.packets, **{name: column}))))
    for content in wrong:
        with pytest.raises(ValueError):
            store._unpacked(content)


def test_a_wrong_index_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    from vidrestore.base.cache import cached

    info = probe(make_clip(tmp_path / "a.mp4", frames=40))
    key = store._key(info)
    assert key is not None and folder() is not None
    cached(key, lambda: b"of another version", anew=True)
    assert index_of(info).frames == 40


def test_a_packet_is_hidden_by_an_edit_list(shared_data: Path) -> None:
    index = index_of(probe(shared_data / "clips" / "edit_list.mp4"))
    assert (index.packets.flags & HIDDEN).sum() == 1


def test_entries_go_back_to_what_is_independent(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=60, options={"g": "20", "bf": "0", "sc_threshold": "0"})
    index = index_of(probe(path))
    entry = index.entry(Fraction(45, 30), rate=RATE)
    assert entry is not None
    assert (entry.packet, entry.number, entry.pts * index.time_base) == (40, 45, Fraction(45, 30))
    early = index.entry(Fraction(45, 30), rate=RATE, lead=Fraction(10, 30))
    assert early is not None and (early.packet, early.number) == (20, 35)
    counted = index.entry_at(45, rate=RATE, frames=3)
    assert counted is not None and (counted.packet, counted.number) == (40, 42)
    assert index.entry(Fraction(10, 30), rate=RATE) is None  # that is the first shot
    beyond = index.entry(Fraction(99), rate=RATE)
    assert beyond is not None and beyond.number == 59
