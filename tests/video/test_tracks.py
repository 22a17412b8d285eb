"""Everything of a file besides its pictures."""

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from tests.clips import make_clip, picture
from tests.packets import packets, tags
from vidrestore.base.settings import Encoding, Reading
from vidrestore.video.encode.target import Beside, Target
from vidrestore.video.facts.probe import probe
from vidrestore.video.reader import Reader
from vidrestore.video.tracks.copier import Copier
from vidrestore.video.tracks.metadata import content_tags, homeless_tags
from vidrestore.video.tracks.streams import choose_tracks, open_source
from vidrestore.video.writer import Writer, plan

FAST = Encoding(preset="ultrafast")


def copy(
    source: Path, path: Path, *, reading: Reading | None = None, encoding: Encoding = FAST
) -> tuple[Target, Writer]:
    """Every frame through a Writer as it is."""
    info = probe(source)
    target = plan(info, path, encoding)
    reader = Reader(info, reading or Reading())
    end = None if reading is None or isinstance(reading.end, int) else reading.end
    with Writer(target, info, reader, end=end) as writer:
        for frame in reader:
            writer.write(frame)
    return target, writer


def texts(path: Path) -> list[bytes]:
    """What the first subtitle track says; MP4 has two bytes of length before each line."""
    return [data for _, data in packets(path, "subtitle")[0] if b"line" in data]


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    return make_clip(
        tmp_path / "rich.mkv",
        frames=15,
        audio=2,
        subtitles=2,
        chapters=True,
        metadata={"title": "A title", "artist": "B"},
    )


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_sound_comes_along_byte_for_byte(rich: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    target, writer = copy(rich, out)
    assert target.notes == () and writer.warnings == []
    before, after = packets(rich, "audio"), packets(out, "audio")
    assert len(before) == 2
    assert [[data for _, data in track] for track in after] == [[data for _, data in track] for track in before]
    assert [language for language, _ in tags(out, "audio")] == ["eng", "fra"]


def test_dispositions_come_along(tmp_path: Path) -> None:
    wanted = [Disposition.comment, Disposition.default, Disposition.comment]
    plain, source = make_clip(tmp_path / "plain.mp4", frames=6, audio=3), tmp_path / "in.mkv"
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        streams = [new.add_stream_from_template(s, opaque=True) for s in old.streams]
        for stream, disposition in zip(streams[1:], wanted, strict=True):
            stream.disposition = disposition
        for packet in (packet for packet in old.demux() if packet.size):
            packet.stream = streams[packet.stream_index]
            new.mux(packet)
    for suffix in (".mkv", ".mp4"):
        copy(source, tmp_path / f"out{suffix}")
        assert [flags for _, flags in tags(tmp_path / f"out{suffix}", "audio")] == [int(flag) for flag in wanted]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_sound_keeps_its_place_beside_the_pictures(rich: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    copy(rich, out)

    def lead(path: Path) -> list[Fraction]:
        video = min(time for time, _ in packets(path, "video")[0])
        return [time - video for track in packets(path, "audio") for time, _ in track]

    pairs = zip(lead(rich), lead(out), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= Fraction(1, 1000)


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "subrip"), (".mp4", "mov_text"), (".mov", "mov_text")])
def test_subtitles_are_rewritten_for_the_container(rich: Path, tmp_path: Path, suffix: str, codec: str) -> None:
    out = tmp_path / f"out{suffix}"
    copy(rich, out)
    texts = [[data for _, data in track if b"line" in data] for track in packets(out, "subtitle")]
    assert len(texts) == 2
    for number, track in enumerate(texts):
        assert len(track) == 1 and track[0].endswith(f"line {number}".encode())
    assert [s.codec for s in probe(out).streams if s.kind == "subtitle"] == [codec] * 2
    assert [language for language, _ in tags(out, "subtitle")] == ["eng", "fra"]
    back = tmp_path / "back.mkv"
    copy(out, back)
    assert [b"".join(data for _, data in track) for track in packets(back, "subtitle")] == [b"line 0", b"line 1"]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_chapters_and_metadata_come_along(rich: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    copy(rich, out)
    with av.open(str(rich)) as old, av.open(str(out)) as new:
        found = [(c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]) for c in new.chapters()]
        assert found == [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]) for c in old.chapters()
        ]
        lower = {key.lower(): value for key, value in new.metadata.items()}
    assert len(found) == 2
    assert (lower["title"], lower["artist"]) == ("A title", "B")


def test_what_a_container_cannot_hold_is_said(rich: Path, tmp_path: Path) -> None:
    target, _ = copy(rich, tmp_path / "out.ts")
    assert len([note for note in target.notes if "subtitle" in note]) == 2
    assert any("chapters" in note for note in target.notes)
    assert any("title" in note for note in target.notes)
    assert not any("audio" in note for note in target.notes)
    assert not any("\n" in note for note in target.notes)


def test_attachments_go_to_matroska_only(tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    plain = make_clip(tmp_path / "plain.mp4", frames=3)
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        new.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        for packet in (packet for packet in old.demux() if packet.size):
            packet.stream = stream
            new.mux(packet)
    copy(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        (attachment,) = container.streams.attachments
        assert (attachment.name, attachment.data) == ("font.ttf", b"letters")
    target, _ = copy(source, tmp_path / "out.mp4")
    assert [note for note in target.notes if "attachment" in note]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_cut_in_time_cuts_the_sound_with_the_pictures(tmp_path: Path, suffix: str) -> None:
    source, out = make_clip(tmp_path / "in.mp4", frames=90, audio=1), tmp_path / f"out{suffix}"
    _, writer = copy(source, out, reading=Reading(start=Fraction(1), end=Fraction(2)))
    assert writer.written == 30
    whole, part = packets(source, "audio")[0], packets(out, "audio")[0]
    first = whole.index(next(item for item in whole if item[1] == part[0][1]))
    assert [data for _, data in part] == [data for _, data in whole[first : first + len(part)]]
    assert 0 <= whole[first][0] - 1 <= Fraction(1024, 48000)
    start = min(time for time, _ in packets(out, "video")[0])
    assert abs((part[0][0] - start) - (whole[first][0] - 1)) <= Fraction(1, 1000)
    assert part[-1][0] - start < 1 <= part[-1][0] - start + Fraction(2 * 1024, 48000)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_subtitle_that_is_showing_at_the_cut_is_shortened(tmp_path: Path, suffix: str) -> None:
    source, out = make_clip(tmp_path / "in.mkv", frames=30, subtitles=1), tmp_path / f"out{suffix}"
    assert [time for time, _ in packets(source, "subtitle")[0]] == [Fraction(1, 10)]  # until 0.5 s
    copy(source, out, reading=Reading(start=Fraction(2, 10)))
    with av.open(str(out)) as container:
        (shown,) = [p for p in container.demux(subtitles=0) if b"line" in bytes(p)]
        assert shown.pts == 0 and shown.duration is not None
        assert abs(shown.duration * shown.time_base - Fraction(3, 10)) <= Fraction(1, 1000)
    assert packets(out, "video")[0][0][0] == 0
    copy(source, tmp_path / f"later{suffix}", reading=Reading(start=Fraction(6, 10)))
    assert [data for _, data in packets(tmp_path / f"later{suffix}", "subtitle")[0] if b"line" in data] == []


def test_chapters_of_a_part(rich: Path, tmp_path: Path) -> None:
    copy(rich, tmp_path / "out.mkv", reading=Reading(start=Fraction(1, 10), end=Fraction(1, 5)))
    with av.open(str(tmp_path / "out.mkv")) as container:
        (chapter,) = container.chapters()
    assert (chapter["start"], chapter["metadata"]) == (0, {"title": "one"})
    assert chapter["end"] * chapter["time_base"] == Fraction(1, 10)


def test_tracks_of_another_file(tmp_path: Path) -> None:
    source, sound = make_clip(tmp_path / "in.mp4", frames=30), make_clip(tmp_path / "sound.mkv", audio=1, subtitles=1)
    info = probe(source)
    target = plan(
        info, tmp_path / "out.mp4", FAST,
        beside=Beside(sound, zero=Fraction(0)),
    )  # fmt: skip
    reader = Reader(info)
    with Writer(target, info, reader) as writer:
        for frame in reader:
            writer.write(frame)
    assert [d for _, d in packets(tmp_path / "out.mp4", "audio")[0]] == [d for _, d in packets(sound, "audio")[0]]
    assert [data[2:] for data in texts(tmp_path / "out.mp4")] == texts(sound)


def test_pictures_that_lose_their_time_lose_the_sound(rich: Path, tmp_path: Path) -> None:
    info = probe(rich)
    target = plan(info, tmp_path / "o.mkv", FAST, keep_sound=False)
    assert (target.tracks, target.chapters, target.notes) == ((), False, ())


PNG = cv2.imencode(".png", np.arange(1200, dtype=np.uint8).reshape(20, 20, 3))[1].tobytes()


def with_cover(plain: Path, path: Path) -> Path:
    """The file with a cover picture, as its container stores one."""
    with av.open(str(plain)) as old, av.open(str(path), "w") as new:
        streams = [new.add_stream_from_template(s, opaque=True) for s in old.streams]
        if path.suffix == ".mkv":
            new.add_attachment("cover.png", "image/png", PNG)
        else:
            cover = new.add_mux_stream("png", width=20, height=20)
            cover.disposition = Disposition.attached_pic
            packet = av.Packet(PNG)
            packet.stream, packet.pts, packet.dts = cover, 0, 0
            new.mux(packet)
        for packet in (packet for packet in old.demux() if packet.size):
            packet.stream = streams[packet.stream_index]
            new.mux(packet)
    return path


@pytest.mark.parametrize("before", [".mp4", ".mkv"])
@pytest.mark.parametrize("after", [".mp4", ".mkv", ".mov"])
def test_a_cover_comes_along(tmp_path: Path, before: str, after: str) -> None:
    source = with_cover(make_clip(tmp_path / "plain.mp4", frames=6, audio=1), tmp_path / f"in{before}")
    target, _ = copy(source, tmp_path / f"out{after}")
    with av.open(str(tmp_path / f"out{after}")) as container:
        covers = [s for s in container.streams.video if s.disposition & Disposition.attached_pic]
        found = [bytes(packet) for packet in container.demux(covers) if packet.size] if covers else []
    if after == ".mov":
        assert [note for note in target.notes if "cover" in note] and found == []
    else:
        assert target.notes == () and found == [PNG]


def test_names_of_tracks_become_what_mp4_has(shared_data: Path, tmp_path: Path) -> None:
    copy(shared_data / "clips" / "subs_srt.mkv", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.subtitles[0].metadata["handler_name"] == "Subs Label"


class Source:
    """A container as it is, for others to change what its demuxer gives."""

    def __init__(self, source: av.container.InputContainer) -> None:
        self._source = source

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)


class Broken(Source):
    """A source whose demuxer gives every fifth packet a time stamp that runs back, and every seventh none."""

    def demux(self, *_: object) -> Iterator[av.Packet]:
        for number, packet in enumerate(self._source.demux()):
            if packet.dts is not None and number % 5 == 4:
                packet.pts = packet.dts = packet.dts - 5000
            elif number % 7 == 6:
                packet.pts = packet.dts = None
            yield packet


def test_broken_time_stamps_are_repaired_and_counted(tmp_path: Path) -> None:
    source, out = make_clip(tmp_path / "in.mp4", frames=30, audio=1), tmp_path / "out.mp4"
    with open_source(source) as container, av.open(str(out), "w") as output:
        tracks, _ = choose_tracks(container, muxer="mp4")
        copier = Copier(output, Broken(container), tracks)  # type: ignore[arg-type]
        output.start_encoding()
        copier.until(None)
    (warning,) = copier.warnings
    assert warning.startswith("audio track 1 (aac): ") and "time stamps repaired" in warning
    before, after = packets(source, "audio")[0], packets(out, "audio")[0]
    assert [data for _, data in after] == [data for _, data in before]
    assert [time for time, _ in after] == sorted({time for time, _ in after})


def test_tags_of_the_old_file_stay_behind() -> None:
    old = {"title": "T", "ENCODER": "x", "major_brand": "isom", "BPS-eng": "1", "DURATION": "1", "_STATISTICS_TAGS": ""}
    assert content_tags(old | {"NUMBER_OF_FRAMES": "1", "custom": "c"}) == {"title": "T", "custom": "c"}


def test_tags_without_a_place() -> None:
    assert homeless_tags({"title": "T", "location-eng": "x", "com.apple.make": "A"}, muxer="mov") == ["com.apple.make"]
    assert homeless_tags({"title": "T", "any": "x"}, muxer="matroska") == []
    assert homeless_tags({"title": "T"}, muxer="mpegts") == ["title"]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_free_tags_come_along(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=3, metadata={"title": "T", "com.maker.model": "M"})
    copy(source, tmp_path / f"out{suffix}")
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        lower = {key.lower(): value for key, value in container.metadata.items()}
    assert (lower["title"], lower["com.maker.model"]) == ("T", "M")


CLIPS = [
    "two_audio_two_subs.mp4", "subs_srt.mkv", "subs_ass.mkv", "subs_pgs_broken_timing.mkv", "chapters.mp4",
    "prores_422_10bit.mp4", "failing_audio.mp4", "edit_list.mp4", "flash.flv", "packed_vfr.avi",
]  # fmt: skip


@pytest.mark.parametrize("name", CLIPS)
def test_real_files_lose_nothing_in_matroska(shared_data: Path, name: str) -> None:
    with open_source(shared_data / "clips" / name) as source:
        tracks, notes = choose_tracks(source, muxer="matroska")
        kinds = [s.type for s in source.streams if s.type in ("audio", "subtitle", "attachment")]
    assert [track.kind for track in tracks] == kinds
    assert notes == ()


@pytest.mark.parametrize("name", ["chapters.mp4", "subs_srt.mkv", "edit_list.mp4", "prores_422_10bit.mp4"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_real_sound_comes_along(shared_data: Path, tmp_path: Path, name: str, suffix: str) -> None:
    source, out = shared_data / "clips" / name, tmp_path / f"out{suffix}"
    copy(source, out)
    before, after = packets(source, "audio"), packets(out, "audio")
    assert [[d for _, d in track] for track in after] == [[d for _, d in track] for track in before]


def test_adts_sound_leaves_its_headers(shared_data: Path, tmp_path: Path) -> None:
    source, out = shared_data / "clips" / "no_initial_keyframe.ts", tmp_path / "out.mp4"
    copy(source, out)
    before, after = packets(source, "audio")[0], packets(out, "audio")[0]
    assert [data for _, data in after] == [data[7:] for _, data in before]
    with av.open(str(out)) as container:
        assert len(list(container.decode(audio=0))) == len(after)


class Restamped(Source):
    """A source whose packets' stamps are changed on the way, each by its number."""

    def __init__(self, source: av.container.InputContainer, change: Callable[[int, av.Packet], None]) -> None:
        super().__init__(source)
        self._change = change

    def demux(self, *_: object) -> Iterator[av.Packet]:
        for number, packet in enumerate(self._source.demux()):
            self._change(number, packet)
            yield packet


def sound_copied(
    tmp_path: Path, change: Callable[[int, av.Packet], None], *, suffix: str, **part: Fraction | bool
) -> tuple[list[Fraction], Sequence[str]]:
    """Times of the packets of five seconds of sound whose stamps are changed, and what the copier says."""
    source, out = make_clip(tmp_path / "in.mp4", frames=150, audio=1), tmp_path / f"out{suffix}"
    with open_source(source) as container, av.open(str(out), "w") as output:
        tracks, _ = choose_tracks(container, muxer=output.format.name)
        copier = Copier(output, Restamped(container, change), tracks, **part)  # type: ignore[arg-type]
        output.start_encoding()
        copier.finish(None)
    return [time for time, _ in packets(out, "audio")[0]], copier.warnings


def unstamp(packet: av.Packet) -> None:
    packet.pts = packet.dts = None


def test_repaired_times_do_not_drift_on_a_coarse_clock(tmp_path: Path) -> None:
    """A packet of AAC lasts 21.33 ms, of which Matroska writes down 21."""
    times, _ = sound_copied(tmp_path, lambda number, packet: unstamp(packet) if number else None, suffix=".mkv")
    assert len(times) > 230
    assert all(abs(time - times[0] - number * Fraction(1024, 48000)) < 0.002 for number, time in enumerate(times))


def test_a_first_packet_without_a_stamp_does_not_move_those_behind_it(tmp_path: Path) -> None:
    part = {"zero": Fraction(4), "trimmed": True}
    times, said = sound_copied(tmp_path, lambda n, packet: None if n else unstamp(packet), suffix=".mkv", **part)
    assert 44 <= len(times) <= 50 and times[-1] < 1.1 and said == []


def test_one_stamp_from_far_beyond_the_end_costs_nothing(tmp_path: Path) -> None:
    def stray(number: int, packet: av.Packet) -> None:
        if number == 20:
            packet.pts = packet.dts = packet.dts + 1000 * 48000

    times, _ = sound_copied(tmp_path, stray, suffix=".mkv", length=Fraction(3))
    assert len(times) == 142 and 2.9 < times[-1] < 3.03  # Matroska moves all by what AAC begins early


def test_tracks_that_lie_apart_in_the_file_all_reach_the_end(tmp_path: Path) -> None:
    """A second of one, a second of the other: the first beyond the end says nothing of the other."""
    source, out = make_clip(tmp_path / "in.mp4", frames=150, audio=2), tmp_path / "out.mkv"

    class Apart(Restamped):
        def demux(self, *_: object) -> Iterator[av.Packet]:
            held = [packet for packet in self._source.demux() if packet.size]
            return iter(sorted(held, key=lambda packet: (packet.pts * packet.time_base // 1, packet.stream_index)))

    with open_source(source) as container, av.open(str(out), "w") as output:
        tracks, _ = choose_tracks(container, muxer="matroska")
        copier = Copier(output, Apart(container, lambda *_: None), tracks, length=Fraction(10**9))  # type: ignore[arg-type]
        output.start_encoding()
        copier.until(Fraction(3, 2))
        copier.finish(Fraction(3, 2))
    ends = [track[-1][0] for track in packets(out, "audio")]
    assert len(ends) == 2 and all(1.45 < end < 1.53 for end in ends)


def test_subtitles_that_are_showing_already_last_as_long_as_they_did(tmp_path: Path) -> None:
    (tmp_path / "in.ass").write_text(
        "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:06.00,Default,one\nDialogue: 0,0:00:02.00,0:00:05.00,Default,other\n"
    )
    with open_source(tmp_path / "in.ass") as container, av.open(str(tmp_path / "out.mkv"), "w") as output:
        tracks, _ = choose_tracks(container, muxer="matroska")
        copier = Copier(output, container, tracks, zero=Fraction(4), trimmed=True)
        output.start_encoding()
        copier.finish(None)
    with av.open(str(tmp_path / "out.mkv")) as container:
        shown = [(p.pts * p.time_base, p.duration * p.time_base) for p in container.demux(subtitles=0) if p.size]
    assert shown == [(0, 2), (0, 1)]


def joined(tmp_path: Path, times: int, *, rate: Fraction = Fraction(25)) -> Path:
    """A transport stream laid end to end with itself, as recordings are: its clock jumps back at every seam."""
    one = make_clip(tmp_path / "one.ts", frames=50, rate=rate, audio=1, options={"bf": "0"})
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() * times)
    return path


def test_sound_behind_a_clock_that_jumps_back_is_kept(tmp_path: Path) -> None:
    """Packets were left behind by what their stamps said, not by where they lie."""
    _, writer = copy(joined(tmp_path, 3), tmp_path / "o.mkv", reading=Reading(start=Fraction(3)))
    assert writer.written == 75
    times = [time for time, _ in packets(tmp_path / "o.mkv", "audio")[0]]
    assert 130 <= len(times) <= 145 and abs(times[0]) < 0.05 and 2.8 < times[-1] < 3.1
    assert not any("time stamps repaired" in warning for warning in writer.warnings)


def test_repaired_pictures_stay_on_the_files_clock(tmp_path: Path) -> None:
    """Half a step of 29.97 a second is no whole number of 1/90000 s, which used to end the run."""
    _, writer = copy(joined(tmp_path, 2, rate=Fraction(30000, 1001)), tmp_path / "o.mp4")
    assert writer.written == 100
    assert abs(writer.duration - 100 * Fraction(1001, 30000)) < Fraction(1, 10)


def test_sound_that_an_avi_brings_too_early_is_said(tmp_path: Path) -> None:
    source = tmp_path / "late.mkv"
    with (
        open_source(make_clip(tmp_path / "in.mp4", frames=60, audio=1)) as container,
        av.open(str(source), "w") as output,
    ):
        tracks = [output.add_stream_from_template(stream) for stream in container.streams]
        for packet in container.demux():
            if packet.size:
                packet.dts += round(Fraction(1, 2) / packet.time_base) * packet.stream_index
                packet.pts += round(Fraction(1, 2) / packet.time_base) * packet.stream_index
                packet.stream = tracks[packet.stream_index]
                output.mux(packet)
    (early,) = (note for note in copy(source, tmp_path / "o.avi")[1].warnings if "too early" in note)
    assert re.search(r"audio track 1 \(aac\) comes 0\.(48|50) s too early", early)
    for path, start in ((tmp_path / "o.mkv", None), (tmp_path / "o2.avi", Fraction(1))):
        warnings = copy(source, path, reading=Reading(start=start))[1].warnings
        assert not [note for note in warnings if "too early" in note]


def short_sound(path: Path, packet: Fraction, *, seconds: int) -> Path:
    """FLAC in packets of a fixed length, which in Matroska's clock of 1 ms share ticks."""
    with av.open(str(path), "w") as output:
        track = output.add_stream("flac", rate=48000, layout="mono")
        track.codec_context.options = {"frame_size": str(int(packet * 48000))}
        for start in range(0, seconds * 48000, 4800):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return path


def copied_sound(source: Path, out: Path) -> tuple[list[tuple[Fraction, bytes]], list[str]]:
    """The packets of a source's sound as copied into a file of their own, and what the copier says."""
    with open_source(source) as container, av.open(str(out), "w") as output:
        tracks, _ = choose_tracks(container, muxer=output.format.name)
        copier = Copier(output, container, tracks)
        output.start_encoding()
        copier.finish(None)
    return packets(out, "audio")[0], copier.warnings


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".flv"])
def test_packets_shorter_than_a_tick_do_not_add_up(tmp_path: Path, suffix: str) -> None:
    """TrueHD's packets last 0.83 ms, which once made 4.8 s of 4 s in Matroska."""
    packet = Fraction(40, 48000)
    source = short_sound(tmp_path / "in.mkv", packet, seconds=4)
    copied, said = copied_sound(source, tmp_path / f"out{suffix}")
    assert len(copied) == 4800 and said == []
    assert all(abs(time - number * packet) < Fraction(1, 500) for number, (time, _) in enumerate(copied))
    assert [data for _, data in copied] == [data for _, data in packets(source, "audio")[0]]


class Repeated(Source):
    """A source of one track: `count` packets, one every `step` ticks of 1/48000 s, all with the same content."""

    def __init__(self, source: av.container.InputContainer, *, count: int, step: int) -> None:
        self._packet = next(packet for packet in source.demux(audio=0) if packet.size)
        super().__init__(source)
        self._count, self._step = count, step

    def demux(self, *_: object) -> Iterator[av.Packet]:
        for number in range(self._count):
            packet = av.Packet(bytes(self._packet))
            packet.stream, packet.time_base = self._packet.stream, Fraction(1, 48000)
            packet.pts = packet.dts = number * self._step
            packet.duration = self._step
            yield packet


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
@pytest.mark.parametrize(("seconds", "step"), [(10, 40), pytest.param(3600, 40, marks=pytest.mark.slow), (3600, 8192)])
def test_an_hour_of_sound_ends_within_a_packet(tmp_path: Path, suffix: str, seconds: int, step: int) -> None:
    out, count = tmp_path / f"out{suffix}", seconds * 48000 // step
    source = make_clip(tmp_path / ("in.ts" if suffix == ".ts" else "in.mp4"), frames=2, audio=1)
    with open_source(source) as container, av.open(str(out), "w") as output:
        tracks, _ = choose_tracks(container, muxer=output.format.name)
        copier = Copier(output, Repeated(container, count=count, step=step), tracks)  # type: ignore[arg-type]
        output.start_encoding()
        copier.finish(None)
    times = [time for time, _ in packets(out, "audio")[0]]
    assert abs(times[-1] - times[0] - Fraction((count - 1) * step, 48000)) < Fraction(1, 500)


SOUNDS = {
    "aac": {}, "libopus": {"frame_duration": "2.5"}, "flac": {"frame_size": "64"}, "libmp3lame": {}, "mp2": {},
    "ac3": {}, "eac3": {}, "alac": {}, "pcm_s16le": {}, "vorbis": {}, "wavpack": {},
}  # fmt: skip


@pytest.mark.parametrize("codec", SOUNDS)
def test_every_sound_ends_where_it_did_in_every_container(tmp_path: Path, codec: str) -> None:
    source, held = tmp_path / "in.mkv", 0
    with av.open(str(source), "w") as output:
        track = output.add_stream(codec, rate=48000, layout="stereo", options=SOUNDS[codec] | {"strict": "-2"})
        for start in range(0, 96000, 4800):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    before = packets(source, "audio")[0]
    for suffix in (".mkv", ".webm", ".mp4", ".mov", ".avi", ".ts", ".flv"):
        with open_source(source) as container, av.open(str(tmp_path / f"out{suffix}"), "w") as output:
            if not choose_tracks(container, muxer=output.format.name)[0]:
                continue
        after, said = copied_sound(source, tmp_path / f"out{suffix}")
        held += 1
        assert said == [], suffix
        if suffix != ".ts":  # where AAC gets headers
            assert b"".join(data for _, data in after) == b"".join(data for _, data in before), suffix
        assert abs((after[-1][0] - after[0][0]) - (before[-1][0] - before[0][0])) < Fraction(1, 10), suffix
    assert held


@pytest.mark.parametrize(("suffix", "rate"), [(".nut", 44100), (".mkv", 44100), (".ts", 44100), (".flv", 44100)])
@pytest.mark.parametrize("late", [0, Fraction(1, 3)])
@pytest.mark.parametrize("start", [None, Fraction(1, 7)])
def test_pictures_and_sound_of_any_clock_keep_their_distance(
    tmp_path: Path, suffix: str, rate: int, late: Fraction, start: Fraction | None
) -> None:
    """The start was taken from the sound's clock, in which pictures' times are no whole ticks: NUT ended the run."""
    source = tmp_path / f"in{suffix}"
    with av.open(str(source), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"bf": "2"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream("aac", rate=rate, layout="mono")
        for number in range(25):
            shown = picture(number, (64, 48), "yuv420p")
            shown.pts, shown.time_base = number, Fraction(1, 25)
            output.mux(video.encode(shown))
        output.mux(video.encode(None))
        for first in range(0, rate, 1024):
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = rate, first + round(late * rate), Fraction(1, rate)
            output.mux(sound.encode(heard))
        output.mux(sound.encode(None))
    out = tmp_path / "out.mp4"
    _, writer = copy(source, out, reading=Reading(start=start))
    assert writer.written == 25 if start is None else writer.written in (21, 22)

    def apart(path: Path) -> Fraction:
        """From the last picture to the last packet of sound."""
        return max(time for time, _ in packets(path, "video")[0]) - packets(path, "audio")[0][-1][0]

    assert abs(apart(out) - apart(source)) < Fraction(1, 500)


def test_sound_without_named_channels_goes_into_mp4(tmp_path: Path) -> None:
    """Matroska only counts those of PCM; MP4 used to fail at its very end."""
    with av.open(str(tmp_path / "in.mkv"), "w") as output:
        track = output.add_stream("pcm_s16le", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        output.mux(track.encode(frame))
        output.mux(track.encode(None))
    copied_sound(tmp_path / "in.mkv", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].layout.name == "stereo"


@pytest.mark.parametrize(
    ("suffix", "lost"),
    [(".avi", "language"), (".ts", "language and title"), (".flv", "language and title"), (".mkv", ""), (".mp4", "")],
)
def test_what_a_container_does_not_write_of_the_pictures_is_said(tmp_path: Path, suffix: str, lost: str) -> None:
    source, out = tmp_path / "in.mkv", tmp_path / f"out{suffix}"
    with av.open(str(make_clip(tmp_path / "a.mp4", frames=3))) as old, av.open(str(source), "w") as new:
        track = new.add_stream_from_template(old.streams.video[0])
        track.metadata.update(language="fra", title="Le film")
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = track
                new.mux(packet)
    target, _ = copy(source, out)
    with av.open(str(out)) as container:
        found = container.streams.video[0].metadata
        kept = {"language": found.get("language"), "title": found.get("title") or found.get("handler_name")}
    assert {key for key, value in kept.items() if value in ("fra", "Le film")} == {"language", "title"} - set(
        lost.split(" and ")
    )
    notes = target.notes
    assert [note for note in notes if f"pictures' track loses its {lost}:" in note] if lost else notes == ()


@pytest.mark.parametrize(
    ("suffix", "lost"),
    [(".avi", "language"), (".ts", "title"), (".flv", "language and title"), (".mkv", ""), (".mp4", "")],
)
def test_what_a_container_does_not_write_of_a_track_is_said(tmp_path: Path, suffix: str, lost: str) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(make_clip(tmp_path / "a.mp4", frames=3, audio=1))) as old, av.open(str(source), "w") as new:
        track = new.add_stream_from_template(old.streams.audio[0])
        track.metadata.update(language="fra", title="Commentaire")
        for packet in old.demux(audio=0):
            if packet.size:
                packet.stream = track
                new.mux(packet)
    with open_source(source) as container:
        tracks, notes = choose_tracks(container, muxer=av.open(str(tmp_path / f"o{suffix}"), "w").format.name)
    assert len(tracks) == 1
    assert [note for note in notes if f"loses its {lost}:" in note] if lost else notes == ()
