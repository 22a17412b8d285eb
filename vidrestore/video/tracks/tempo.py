"""Sound in slow motion: decoded, stretched at its pitch by FFmpeg's atempo, and encoded, in step with the pictures."""

from __future__ import annotations  # av's Packet is generic for type checkers only

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.packet import Packet
from numpy.typing import NDArray

from ..encode.target import Beside
from ..filters.graph import pull_all
from ..time.timeline import Timeline
from .streams import Track, add_track, open_source

Samples = NDArray[np.float32]
"""(channels, samples)"""

SLOWEST = Fraction(1, 2)
"""Tempo below which atempo leaves out parts of the sound; slower ones take several in a row."""
EARLY = Fraction(1, 3)
"""What comes out of atempo is early by this share of its window for each time that is added to the sound's length:
measured, a half where it is sudden and a sixth where it swells."""


class Tempo:
    """A sound track of a file on its way into `output`, `stretch` times as long.

    What cannot be decoded becomes silence, and what comes before the pictures' time 0 stays behind. The result has the
    length of the source's sound times `stretch`, to the sample; the codec rounds it up to whole frames of its own.
    """

    def __init__(self, output: OutputContainer, beside: Beside, track: Track, *, stretch: Fraction) -> None:
        self._output, self._track = output, track
        self._zero, self._length, self._stretch = beside.zero, beside.length, stretch
        self._source = open_source(beside.path, follow_references=beside.follow_references)
        self._from = cast(AudioStream, self._source.streams[track.index])
        self._to = cast(AudioStream, add_track(output, self._from, track)[0])
        self._timeline = Timeline(self._source, self._from)
        self._taken = 0  # samples of the source, silence included
        self._damaged = 0
        self._packets = self._encoded()
        self._next: Packet[Any] | None = None

    @property
    def warnings(self) -> list[str]:
        """One line where something could not be decoded."""
        return [f"{self._track.name}: {self._damaged} packets are damaged and silent"] if self._damaged else []

    def until(self, time: Fraction | None) -> None:
        """Write the packets from before `time` on the output's clock; None: all that are left."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None or (time is not None and _start(self._next) >= time):
                return
            self._output.mux(self._next)
            self._next = None

    def finish(self, end: Fraction | None) -> None:
        """Write what is left, as far as `end` on the output's clock; None: all."""
        self.until(end)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _encoded(self) -> Iterator[Packet[Any]]:
        written, rate, layout = 0, 0, ""
        for samples, rate, layout in self._stretched():
            frame = AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), written
            written += samples.shape[1]
            yield from self._to.encode(frame)
        if written:
            yield from self._to.encode(None)

    def _stretched(self) -> Iterator[tuple[Samples, int, str]]:
        """The track in pieces, with its rate and layout: never more of it than the source has had so far, stretched."""
        graph, rate, layout, given = None, 0, "", 0
        waiting = np.zeros((0, 0), np.float32)
        for frame in self._decoded():
            if graph is None:
                rate, layout = frame.sample_rate, frame.layout.name
                graph = _graph(frame, self._stretch)
                waiting = np.zeros((frame.layout.nb_channels, _delay(rate, self._stretch)), np.float32)
            graph.push(frame)
            waiting = np.concatenate([waiting, *_ready(graph)], axis=1)
            piece, waiting = np.split(waiting, [max(0, round(self._taken * self._stretch) - given)], axis=1)
            given += piece.shape[1]
            if piece.size:
                yield piece, rate, layout
        if graph is not None:
            graph.push(None)
            waiting = np.concatenate([waiting, *_ready(graph)], axis=1)
            missing = round(self._taken * self._stretch) - given
            padded = np.pad(waiting, ((0, 0), (0, max(0, missing - waiting.shape[1]))))
            yield padded[:, :missing], rate, layout

    def _decoded(self) -> Iterator[AudioFrame]:
        """Frames as the first is, their time counted in samples from `zero`; `taken` follows."""
        alike: AudioResampler | None = None
        kind, rate = None, 0
        for frame in self._frames():
            start = Fraction(self._taken, rate or 1)
            if frame.pts is not None:
                start = frame.pts * cast(Fraction, frame.time_base) - self._zero
            if start + Fraction(frame.samples, frame.sample_rate) <= 0:
                continue
            if self._length is not None and start >= self._length:
                return
            before, kind = kind, (frame.format.name, frame.layout.name, frame.sample_rate)
            if kind != before:
                rate = rate or frame.sample_rate
                alike = AudioResampler("fltp", frame.layout if alike is None else alike.layout, rate)
            assert alike is not None
            frame.pts = None
            first = round(start * rate)
            for done in alike.resample(frame):
                done.pts, done.time_base = first, Fraction(1, rate)
                first += done.samples
                until = first if self._length is None else min(first, round(self._length * rate))
                self._taken = max(self._taken, until)
                yield done

    def _frames(self) -> Iterator[AudioFrame]:
        packets = self._timeline.packets()
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:  # nothing after this can be reached
                self._damaged += 1
                packet = None
            try:
                yield from self._from.decode(packet)
            except FFmpegError:
                self._damaged += 1
            if packet is None or not packet.size:  # the end, and the decoder is flushed
                return


def _start(packet: Packet[Any]) -> Fraction:
    assert packet.dts is not None
    return packet.dts * packet.time_base


def _graph(frame: AudioFrame, stretch: Fraction) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=frame.layout.name,
        time_base=Fraction(1, frame.sample_rate),
    )
    # Silence where the source has none of its time: before it begins, and in gaps of more than 0.1 s.
    nodes = [source, graph.add("aresample", "async=1:first_pts=0")]
    tempo = 1 / stretch
    while tempo < 1:
        step = max(tempo, SLOWEST)
        nodes.append(graph.add("atempo", repr(float(step))))
        tempo /= step
    nodes += [graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")]
    graph.link_nodes(*nodes)
    graph.configure()
    return graph


def _ready(graph: Graph) -> Iterator[Samples]:
    for frame in pull_all(graph.pull):
        yield np.asarray(cast(AudioFrame, frame).to_ndarray(), np.float32)


def _delay(rate: int, stretch: Fraction) -> int:
    """Samples of the result by which atempo is early. Its window is the power of 2 from a 24th of a second on."""
    window = 1 << (rate // 24 - 1).bit_length()
    return round(EARLY * (stretch - 1) * window)
