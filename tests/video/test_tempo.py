"""Sound in slow motion: as long as the pictures, in step with them, at its pitch."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.clips import make_clip
from tests.restoration.made import made
from vidrestore.base.settings import Encoding, Reading
from vidrestore.restoration.interpolation.timing import slow_motion
from vidrestore.restoration.job import prepare
from vidrestore.restoration.pipeline import restore
from vidrestore.restoration.report import Report

FAST = Encoding()
MOMENTS = (0.4, 1.2, 1.6)
"""Seconds at which a beep begins, and the picture is white for as long."""
LASTS = 0.12


def beeps(seconds: float, rate: int, *, start: float = 0.0) -> np.ndarray:
    time = start + np.arange(round(seconds * rate)) / rate
    sounds = sum(((time >= at) & (time < at + LASTS)) for at in MOMENTS)
    return (sounds * np.sin(time * 2 * np.pi * 1000) / 2).astype(np.float32)


def film(
    path: Path,
    *,
    seconds: float = 2.0,
    rate: int = 48000,
    layout: str = "mono",
    codec: str = "aac",
    late: float = 0.0,
) -> Path:
    """Black with white flashes and a beep at each; the sound begins `late` seconds after the pictures."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        sound = output.add_stream(codec, rate=rate, layout=layout)
        for number in range(round(seconds * 25)):
            frame = av.VideoFrame(32, 32, "yuv420p")
            white = any(at <= number / 25 < at + LASTS for at in MOMENTS)
            for plane, code in zip(frame.planes, (235 if white else 16, 128, 128), strict=True):
                torch.from_dlpack(plane).fill_(code)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(video.encode(frame))
        samples = np.tile(beeps(seconds - late, rate, start=late), (av.AudioLayout(layout).nb_channels, 1))
        for first in range(0, samples.shape[1], 1024):
            piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, first : first + 1024]), "fltp", layout)
            piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
            piece.pts = round(late * rate) + first
            output.mux(sound.encode(piece))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))
    return path


def slowed(
    source: Path, target: Path, factor: Fraction, *, reading: Reading | None = None, sound: bool = True
) -> Report:
    """Every frame shown `factor` times as long, with its sound."""

    def slow(frames, _):
        return (
            type(frame)(frame.picture, frame.pts * factor, frame.duration * factor, native=frame.native)
            for frame in frames
        )

    class Longer(type(slow_motion(factor))):
        """No new frames: what is tested here is the sound."""

        def result(self, span):
            return type(span)(span.frames, span.start * factor, span.end * factor)

    stage = replace(made("slow", slow), timing=Longer(factor, factor), stretches_sound=sound)
    return restore(prepare(source, target, (stage,), reading=reading or Reading(), encoding=FAST))


def heard(path: Path, track: int = 0) -> tuple[np.ndarray, int, float]:
    """The first channel, its rate, and when it begins."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        frames = list(container.decode(stream))
    resampler = av.AudioResampler("fltp")
    pieces = [done.to_ndarray()[0] for frame in frames for done in resampler.resample(frame)]
    return np.concatenate(pieces), stream.rate, float(frames[0].pts * frames[0].time_base)


def beeps_in(samples: np.ndarray, rate: int, *, gap: float) -> list[float]:
    """The middle of the energy of each beep, in seconds; beeps are `gap` apart at least."""
    loud = np.flatnonzero(np.abs(samples) > 0.05)
    pieces = np.split(loud, np.flatnonzero(np.diff(loud) > gap * rate) + 1)
    return [float(np.average(piece, weights=samples[piece] ** 2)) / rate for piece in pieces]


def flashes(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        seen = [(frame.time, frame.to_ndarray(format="gray").mean() > 128) for frame in container.decode(video=0)]
    return [now for (_, before), (now, white) in zip([(0.0, False), *seen], seen, strict=False) if white and not before]


@pytest.mark.parametrize("factor", [Fraction(2), Fraction(5, 2), Fraction(4), Fraction(6, 5)])
@pytest.mark.parametrize("rate", [48000, 16000])
def test_beeps_stay_with_flashes_at_their_pitch(tmp_path: Path, factor: Fraction, rate: int) -> None:
    source = film(tmp_path / "in.mp4", rate=rate)
    slowed(source, tmp_path / "out.mp4", factor)
    shown = flashes(tmp_path / "out.mp4")
    assert shown == pytest.approx([at * factor for at in MOMENTS], abs=1e-3)
    samples, found, _ = heard(tmp_path / "out.mp4")
    beeping = beeps_in(samples, found, gap=0.1 * float(factor))
    assert len(beeping) == len(shown)
    for at, middle in zip(shown, beeping, strict=True):
        # EBU R37 allows sound to be 40 ms early and 60 ms late.
        assert -0.04 < middle - (at + LASTS * float(factor) / 2) < 0.06
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * found / len(samples) == pytest.approx(1000, abs=4)


@pytest.mark.parametrize(
    ("name", "codec", "frame"), [("out.mp4", "aac", 1024), ("out.webm", "opus", 960), ("out.avi", "mp3float", 1152 * 2)]
)
def test_it_is_as_long_as_the_source_stretched(tmp_path: Path, name: str, codec: str, frame: int) -> None:
    source = film(tmp_path / "in.mkv", codec="flac", seconds=1.4)
    slowed(source, tmp_path / name, Fraction(5, 2))
    samples, rate, begin = heard(tmp_path / name)
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.audio[0].codec_context.name == codec
    assert begin == pytest.approx(0, abs=0.03)
    assert len(samples) / rate == pytest.approx(3.5, abs=frame / rate)


def test_sound_that_begins_late_still_does(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv", late=0.6)
    slowed(source, tmp_path / "out.mkv", Fraction(2))
    samples, rate, begin = heard(tmp_path / "out.mkv")
    assert [middle + begin for middle in beeps_in(samples, rate, gap=0.2)] == pytest.approx(
        [2 * at + LASTS for at in MOMENTS[1:]], abs=0.03
    )


def test_a_part_takes_its_part_of_the_sound(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    slowed(source, tmp_path / "out.mp4", Fraction(2), reading=Reading(Fraction(1), Fraction(3, 2)))
    samples, rate, begin = heard(tmp_path / "out.mp4")
    (middle,) = beeps_in(samples, rate, gap=0.2)
    assert middle + begin == pytest.approx(2 * 0.2 + LASTS, abs=0.03)
    assert begin + len(samples) / rate == pytest.approx(1.0, abs=2 * 1024 / rate)


@pytest.mark.parametrize(("layout", "rate"), [("5.1", 48000), ("stereo", 8000), ("mono", 44100)])
@pytest.mark.parametrize("name", ["out.mp4", "out.webm", "out.avi"])
def test_channels_and_rates(tmp_path: Path, layout: str, rate: int, name: str) -> None:
    source = film(tmp_path / "in.mkv", codec="flac", layout=layout, rate=rate, seconds=1.0)
    report = slowed(source, tmp_path / name, Fraction(2))
    assert report.warnings == []
    samples, found, _ = heard(tmp_path / name)
    assert len(samples) / found == pytest.approx(2, abs=0.2 if rate == 8000 else 0.06)
    with av.open(str(tmp_path / name)) as container:
        stereo = name == "out.avi" and layout == "5.1"
        assert container.streams.audio[0].layout.name.startswith("stereo" if stereo else layout)


def test_subtitles_and_chapters_are_stretched_with_it(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=60, audio=2, subtitles=1, chapters=True)
    slowed(source, tmp_path / "out.mkv", Fraction(5, 2))
    with av.open(str(tmp_path / "out.mkv")) as container:
        (line,) = (packet for packet in container.demux(container.streams.subtitles[0]) if packet.size)
        assert (line.pts * line.time_base, line.duration * line.time_base) == (Fraction(1, 4), 1)
        chapters = [
            (each["start"] * each["time_base"], each["end"] * each["time_base"]) for each in container.chapters()
        ]
        assert chapters == [(0, Fraction(5, 2)), (Fraction(5, 2), 5)]
        assert [stream.language for stream in container.streams.audio] == ["eng", "fra"]
    for track, hertz in enumerate((440, 880)):
        samples, rate, _ = heard(tmp_path / "out.mkv", track)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(hertz, abs=4)


def test_what_cannot_be_decoded_is_silent_and_said(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "clips" / "failing_audio.mp4"
    report = slowed(source, tmp_path / "out.mp4", Fraction(2), reading=Reading(end=20))
    assert report.frames_out == 20
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(container.streams.audio) == 1


def test_left_out_and_said_where_it_is_not_asked_for(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", frames=6, audio=1, subtitles=1, chapters=True)
    report = slowed(source, tmp_path / "out.mkv", Fraction(4), sound=False)
    left: Sequence[str] = [warning for warning in report.warnings if "left out" in warning]
    assert left == ["sound, subtitles, chapters left out: the pictures are 4 times as slow; --audio stretch keeps them"]
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.chapters() == []
