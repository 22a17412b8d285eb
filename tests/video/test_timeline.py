"""One clock for joined recordings, and time stamps that cannot be true."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import make_clip, picture
from vidrestore.base.settings import Encoding
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.time.timeline import Timeline
from vidrestore.video.writer import Writer, plan

STEP = Fraction(1, 25)


def recording(path: Path, *, pictures: int, sound: int, at: int = 0) -> Path:
    """25 pictures a second and `sound` packets of AAC from second `at` on, interleaved as a recorder does it."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "2", "b-adapt": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = output.add_stream("aac", rate=48000, layout="mono")
        noise = np.random.default_rng(1).normal(0, 0.1, (1, sound * 1024)).astype(np.float32)
        packets = []
        for number in range(pictures):
            frame = picture(number, (64, 48), "yuv420p")
            frame.pts, frame.time_base = number + 25 * at, STEP
            packets += video.encode(frame)
        packets += video.encode(None)
        for first in range(0, sound * 1024, 1024):
            heard = av.AudioFrame.from_ndarray(noise[:, first : first + 1024], format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 48000, first + 48000 * at, Fraction(1, 48000)
            packets += audio.encode(heard)
        packets += audio.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return path


def joined(path: Path, parts: Sequence[Path]) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def found(path: Path) -> tuple[list[tuple[str, Fraction, bytes]], Timeline]:
    """Every packet: its kind, its time and its content."""
    with av.open(str(path)) as container:
        timeline = Timeline(container, *container.streams)
        packets = [
            (packet.stream.type, packet.pts * packet.time_base, bytes(packet))
            for packet in timeline.packets()
            if packet.size and packet.pts is not None
        ]
    return packets, timeline


def shifts(part: Path, whole: Path, kind: str) -> list[set[Fraction]]:
    """By repetition of the part, by how much each packet of a kind comes later than in the part alone."""
    alone = {data: time for each, time, data in found(part)[0] if each == kind}
    seen: dict[bytes, int] = {}
    by: list[set[Fraction]] = []
    for _, time, data in (packet for packet in found(whole)[0] if packet[0] == kind):
        seen[data] = seen.get(data, -1) + 1
        while len(by) <= seen[data]:
            by.append(set())
        by[seen[data]].add(time - alone[data])
    return by


def read(path: Path) -> tuple[list[Fraction], Fraction, list[str]]:
    """Steps between the pictures, the seconds they last, and what the reader says."""
    reader = Reader(probe(path))
    frames = list(reader)
    times = [frame.pts for frame in frames]
    lasts = frames[-1].pts + frames[-1].duration - times[0]
    return [later - earlier for earlier, later in pairwise(times)], lasts, reader.warnings


@pytest.mark.parametrize("sound", [46, 94, 98, 141], ids=["shorter", "as long", "a little longer", "longer"])
@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_each_part_has_one_offset_for_all_tracks(tmp_path: Path, suffix: str, sound: int) -> None:
    """The second part's sound came up to a second early, and each join cost 65 ms."""
    if suffix == ".mpg":
        part = tmp_path / "part.mpg"
        with (
            av.open(str(recording(tmp_path / "a.ts", pictures=50, sound=sound))) as old,
            av.open(str(part), "w") as new,
        ):
            tracks = [
                new.add_stream_from_template(stream, opaque=True) for stream in old.streams if stream.type == "video"
            ]
            for packet in old.demux(video=0):
                if packet.size:
                    packet.stream = tracks[0]
                    new.mux(packet)
    else:
        part = recording(tmp_path / "part.ts", pictures=50, sound=sound)
    whole = joined(tmp_path / f"whole{suffix}", [part] * 3)
    pictures, heard = shifts(part, whole, "video"), shifts(part, whole, "audio")
    assert len(pictures) == 3 and all(len(shift) == 1 for shift in pictures)
    assert all(shift <= picture for shift, picture in zip(heard, pictures, strict=False))
    steps, lasts, said = read(whole)
    assert len(steps) == 149 and any("joined recordings" in each for each in said)
    if sound < 141 or suffix == ".mpg":
        assert set(steps) == {STEP} and lasts == 6
    else:  # the next part waits for the sound of the one before
        assert sorted(steps)[:147] == [STEP] * 147 and 1 < sorted(steps)[-1] < Fraction(11, 10)


def test_sound_that_two_parts_have_at_once_is_left_out_and_said(tmp_path: Path) -> None:
    part = recording(tmp_path / "part.ts", pictures=50, sound=97)
    whole = joined(tmp_path / "whole.ts", [part, part])
    info = probe(whole)
    target = plan(
        info, tmp_path / "o.mkv", Encoding(preset="ultrafast"),
    )  # fmt: skip
    reader = Reader(info)
    with Writer(target, info, reader) as writer:
        for frame in reader:
            writer.write(frame)
    assert writer.duration == 4 and not any("repaired" in each for each in writer.warnings)
    (twice,) = (each for each in writer.warnings if "at the same time" in each)
    with av.open(str(tmp_path / "o.mkv")) as container:
        times = [packet.pts for packet in container.demux(audio=0) if packet.size]
    assert times == sorted(set(times)) and int(twice.split()[-2]) == 2 * 98 - len(times) <= 5


@pytest.mark.parametrize("at", [13, 300, 40000])
def test_a_jump_forwards_is_a_join_where_a_format_allows_it(tmp_path: Path, at: int) -> None:
    first = recording(tmp_path / "a.ts", pictures=50, sound=90)
    second = recording(tmp_path / "b.ts", pictures=25, sound=40, at=at)
    steps, lasts, said = read(joined(tmp_path / "whole.ts", [first, second]))
    assert steps == [STEP] * 74 and lasts == 3
    assert any("jumps at 2.0" in each for each in said)


def test_a_part_without_sound_and_parts_in_any_order(tmp_path: Path) -> None:
    early = recording(tmp_path / "a.ts", pictures=100, sound=180)
    late = recording(tmp_path / "b.ts", pictures=100, sound=180, at=500)
    steps, lasts, _ = read(joined(tmp_path / "whole.ts", [late, early, late, early]))
    assert steps == [STEP] * 399 and lasts == 16


def test_a_recording_by_itself_is_left_as_it_is(tmp_path: Path) -> None:
    part = recording(tmp_path / "part.ts", pictures=50, sound=60)
    packets, timeline = found(part)
    with av.open(str(part)) as container:
        raw = [(p.stream.type, p.pts * p.time_base, bytes(p)) for p in container.demux() if p.size]
    assert packets == raw and (timeline.joins, timeline.gaps, timeline.overlapping) == ([], [], {})


class Restamped:
    """A container some of whose packets get other time stamps."""

    def __init__(self, container: av.container.InputContainer, change: Callable[[int, av.Packet], None]) -> None:
        self._container, self._change = container, change

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def demux(self, *streams: av.stream.Stream) -> Iterator[av.Packet]:
        for number, packet in enumerate(self._container.demux(*streams)):
            if packet.size:
                self._change(number, packet)
            yield packet


@pytest.mark.parametrize("wrong", [10**15, 2 * 10**9, -(10**15), 30 * 90000])
@pytest.mark.parametrize("where", [1, 20, 60])
def test_a_single_wrong_stamp_is_no_join(tmp_path: Path, wrong: int, where: int) -> None:
    def stray(number: int, packet: av.Packet) -> None:
        if number == where:
            packet.pts = packet.dts = wrong

    part = recording(tmp_path / "part.ts", pictures=50, sound=60)
    with av.open(str(part)) as container:
        timeline = Timeline(Restamped(container, stray), *container.streams)  # type: ignore[arg-type]
        after = [packet for packet in timeline.packets() if packet.size]
        assert timeline.joins == [] and sum(packet.pts is None for packet in after) == 1
    raw = found(part)[0]
    assert [bytes(packet) for packet in after] == [data for _, _, data in raw]
    times = [None if packet.pts is None else packet.pts * packet.time_base for packet in after]
    assert all(time is None or time == right for time, (_, right, _) in zip(times, raw, strict=True))


def stamped(path: Path, stamps: Sequence[int]) -> Path:
    """One picture per stamp, in 1/25 s, in a container that takes any."""
    header = b"DKIF" + bytes([0, 0, 32, 0]) + b"MJPG"
    header += (64).to_bytes(2, "little") + (48).to_bytes(2, "little")
    header += (25).to_bytes(4, "little") + (1).to_bytes(4, "little") + len(stamps).to_bytes(4, "little") + bytes(4)
    with av.open(
        str(make_clip(path.with_suffix(".avi"), frames=len(stamps), codec="mjpeg", pix_fmt="yuvj420p"))
    ) as clip:
        pictures = [bytes(packet) for packet in clip.demux(video=0) if packet.size]
    blocks = (
        len(data).to_bytes(4, "little") + (stamp % 2**64).to_bytes(8, "little") + data
        for stamp, data in zip(stamps, pictures, strict=True)
    )
    path.write_bytes(header + b"".join(blocks))
    return path


ABSURD = 52354345668182017


@pytest.mark.parametrize(
    "change",
    [
        {0: ABSURD},
        {0: 5000},
        {20: ABSURD},
        {20: 1300, 21: 1301},
        {49: ABSURD},
        {20: -ABSURD},
        {10: 9000, 30: 2785017892},
    ],
    ids=str,
)
def test_impossible_stamps_are_replaced_by_the_rate(tmp_path: Path, change: dict[int, int]) -> None:
    """Results lasted up to 10^17 seconds, with exit 0."""
    source = stamped(tmp_path / "in.ivf", [change.get(number, number) for number in range(50)])
    steps, lasts, said = read(source)
    assert steps == [STEP] * 49 and lasts == 2
    assert [each for each in said if "cannot be true" in each] == [
        f"time stamps that cannot be true, replaced by the frame rate: {len(change)}"
    ]


def test_a_clock_that_is_lost_for_good_is_replaced_by_the_rate(tmp_path: Path) -> None:
    source = stamped(tmp_path / "in.ivf", [number + (number > 20) * 10**9 for number in range(50)])
    steps, lasts, _ = read(source)
    assert steps == [STEP] * 49 and lasts == 2


@pytest.mark.parametrize("name", ["m1436.mov", "m447.mp4", "m587.mp4", "m736.mp4", "m913.mp4", "m2409.mp4"])
def test_damaged_files_last_no_longer_than_they_say(shared_data: Path, name: str) -> None:
    info = probe(shared_data / "mutants" / name)
    reader = Reader(info)
    frames = list(reader)
    assert info.duration is not None and frames[-1].pts + frames[-1].duration <= info.duration and reader.warnings


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".nut"])
def test_a_gap_that_is_meant_is_kept_and_said(tmp_path: Path, suffix: str) -> None:
    stamps = [number + (number > 20) * 25 * 300 for number in range(40)]
    clip = make_clip(tmp_path / f"in{suffix}", rate=Fraction(25), frames=40, pts=stamps, audio=0, size=(320, 240))
    steps, lasts, said = read(clip)
    assert abs(lasts - Fraction(stamps[-1] + 1, 25)) < Fraction(1, 100) and max(steps) > 299
    assert [each for each in said if "gap in the time stamps" in each]
