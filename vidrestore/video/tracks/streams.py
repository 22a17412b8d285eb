"""The other tracks of a source: which a container can hold, and how they are declared in it."""

from __future__ import annotations  # av's Packet is generic for type checkers only

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from ...errors import InputError
from ..container import demux
from ..decode.bounds import open_bounded
from ..facts.references import FOLLOWING, REFUSING
from .metadata import homeless_track_tags, track_tags


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a source that is copied packet by packet."""

    index: int
    """Its index in the source."""
    kind: str
    """audio, subtitle, attachment or cover."""
    name: str
    """What to call it in a message: "audio track 1 (aac)"."""
    bitstream_filter: str = ""
    """Rewrites each packet for the target, where it stores the same content in another way."""
    codec: str = ""
    """Codec after that filter."""
    attached: bytes = b""
    """A cover that the target stores as an attachment: the picture file itself."""
    encoder: str = ""
    """Sound that is decoded and encoded anew by this, since its time changes; all else is copied."""


# SubRip and mov_text hold the same text; no container takes both.
_REWRITTEN = {
    ("subrip", "mp4"): ("text2movsub", "mov_text"),
    ("subrip", "mov"): ("text2movsub", "mov_text"),
    ("mov_text", "matroska"): ("mov2textsub", "subrip"),
}
# These muxers accept anything; what players find in the result is a short list.
_PLAYABLE = {
    "mpegts": {"aac", "ac3", "eac3", "mp2", "mp3", "dts", "opus", "truehd", "dvb_subtitle", "dvb_teletext"},
}
# AVI gives each packet the length that its header says, which for these FFmpeg's muxer does not know.
_UNTIMED = {"avi": {"eac3", "dts", "vorbis"}}
# FFmpeg's own guess by the number of channels.
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_TAKES_ATTACHMENTS = ("matroska",)
_COVER_FILES = {"png": ("cover.png", "image/png"), "mjpeg": ("cover.jpg", "image/jpeg")}


def open_source(path: Path, *, follow_references: bool = False) -> InputContainer:
    """Open a source for copying. InputError: it is gone, which was there when it was probed."""
    if not path.exists():
        raise InputError(f"{path} is gone; it must stay until the run is over")
    options = FOLLOWING if follow_references else REFUSING
    return open_bounded(path, options)


def choose_tracks(
    source: InputContainer, *, muxer: str, sound: bool = True, sound_encoder: str = ""
) -> tuple[tuple[Track, ...], tuple[str, ...]]:
    """Which streams of `source` the muxer can store, and one line on each that it cannot.

    Moving pictures are not looked at: the restored one is written by the encoder, others are left to `VideoInfo`.

    Args:
        sound: False: sound and subtitles stay behind without a word, since the pictures no longer keep their time.
        sound_encoder: encodes sound anew; "": it is copied.
    """
    tracks: list[Track] = []
    notes: list[str] = []
    count: dict[str, int] = {}
    for stream in source.streams:
        kind = "cover" if stream.disposition & Disposition.attached_pic else stream.type
        count[kind] = count.get(kind, 0) + 1
        codec = _codec_name(stream)
        if kind == "video" or (kind in ("audio", "subtitle") and not sound):
            continue
        if kind == "data" and (codec == "bin_data" or "timecode" in stream.metadata):
            continue  # chapter titles and the time code: written anew from chapters and metadata
        name = f"{kind} track {count[kind]} ({codec or 'unknown'})"
        if kind == "audio" and sound_encoder:
            track = _encoded(stream, name, sound_encoder, muxer)
        else:
            track = _track(source, stream, kind, name, muxer=muxer)
        if track is None:
            notes.append(f"{name} is left out: {muxer} cannot hold it")
            continue
        tracks.append(track)
        if lost := homeless_track_tags(stream.metadata, muxer=muxer):
            notes.append(f"{name} loses its {' and '.join(lost)}: {muxer} cannot hold that of a track")
    return tuple(tracks), tuple(notes)


def _codec_name(stream: Stream) -> str:
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return stream.name or "" if stream.type == "data" else ""


def _track(source: InputContainer, stream: Stream, kind: str, name: str, *, muxer: str) -> Track | None:
    codec = _codec_name(stream)
    if kind in ("data", "unknown") or (kind == "attachment" and muxer not in _TAKES_ATTACHMENTS):
        return None
    if kind == "cover" and (muxer not in ("mp4", "matroska") or codec not in _COVER_FILES):
        return None
    if kind == "cover" and muxer == "matroska":
        packets = demux(source, stream)
        return Track(stream.index, kind, name, codec=codec, attached=next(bytes(p) for p in packets if p.size))
    if codec in _UNTIMED.get(muxer, ()) or (muxer in _PLAYABLE and codec not in _PLAYABLE[muxer]):
        return None
    track = Track(stream.index, kind, name, *_REWRITTEN.get((codec, muxer), ()))
    return track if _storable(stream, track, muxer) else None


def _encoded(stream: Stream, name: str, encoder: str, muxer: str) -> Track | None:
    track = Track(stream.index, "audio", name, codec=encoder, encoder=encoder)
    return track if isinstance(stream, AudioStream) and _storable(stream, track, muxer) else None


def _storable(stream: Stream, track: Track, muxer: str) -> bool:
    """Whether a header with this one stream can be written: some muxers refuse only then."""
    try:
        Trial(stream, track, muxer).close()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


class Trial:
    """A track in a muxer of its own, whose file is not kept: what this refuses must not reach the real one.

    That one keeps packets of all tracks to put them in order: a refusal comes with the packet of some other track, or
    at the end, and takes what else it keeps along.
    """

    def __init__(self, stream: Stream, track: Track, muxer: str) -> None:
        """FFmpegError, ValueError: not even the header can be written."""
        self._output = av.open(os.devnull, "w", format=muxer)
        try:
            self._stream, _ = add_track(self._output, stream, track)
            self._output.start_encoding()
        except BaseException:
            self.close()
            raise

    def take(self, packet: Packet[Any]) -> None:
        """FFmpegError: the container does not take this packet."""
        packet.stream = self._stream
        self._output.mux(packet)

    def close(self) -> None:
        with suppress(av.error.FFmpegError):
            self._output.close()


def add_track(output: OutputContainer, stream: Stream, track: Track) -> tuple[Stream, BitStreamFilterContext | None]:
    """Declare a track in an output, with its tags and disposition; also the filter its packets must pass."""
    if track.attached:
        return output.add_attachment(*_COVER_FILES[track.codec], track.attached), None
    out: Stream
    rewrite = None
    if track.encoder:
        out = _sound(output, stream, track.encoder)
    elif track.bitstream_filter:
        out = output.add_mux_stream(track.codec)
        rewrite = BitStreamFilterContext(track.bitstream_filter, stream)
    else:
        # opaque: the decoder's description is enough, no encoder of that format need exist.
        out = output.add_stream_from_template(stream, opaque=True)
    if isinstance(out, AudioStream) and isinstance(stream, AudioStream) and stream.layout.name.endswith(" channels"):
        # Matroska counts channels only; MP4 fails at its end where it is not said which they are.
        out.layout = _LAYOUTS.get(stream.channels, stream.layout.name)
    out.metadata.update(track_tags(stream.metadata, muxer=output.format.name))
    out.disposition = stream.disposition
    return out, rewrite


def _sound(output: OutputContainer, stream: Stream, encoder: str) -> AudioStream:
    """A sound track that `encoder` fills, with as many channels and as high a rate as it takes."""
    assert isinstance(stream, AudioStream)
    rates = av.Codec(encoder, "w").audio_rates
    rate = stream.rate if not rates or stream.rate in rates else min(48000, max(rates))
    out = cast(AudioStream, output.add_stream(encoder, rate=rate))
    out.layout = "stereo" if encoder == "libmp3lame" and stream.channels > 2 else stream.layout.name
    out.bit_rate = min(96_000, 2 * rate) * out.channels
    return out
