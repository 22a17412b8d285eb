"""Metadata tags of a file: which are still true of the result, and which its container can hold."""

import codecs
import re
from collections.abc import Mapping

NOT_UTF8 = "vidrestore.not-utf8"
"""What PyAV is to do with tags that are not UTF-8, as containers want them: their bytes are read as Windows-1252, as
old AVI and FLV files mean them. Carried over as they are, other programs could not read the result."""


def _windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(NOT_UTF8, _windows)

_STALE = re.compile(
    r"(major_brand|minor_version|compatible_brands|encoder|rotate"
    r"|(duration|bps|number_of_\w+|_statistics_\w+)(-\w+)?)",
    re.IGNORECASE,
)
"""Tags that describe the old file, not its content."""
_KNOWN_TAGS = {
    "mp4": "title artist album_artist composer album date comment genre copyright grouping lyrics description synopsis "
    "show episode_id network keywords episode_sort season_number media_type hd_video gapless_playback compilation "
    "track disc location creation_time timecode",
    "avi": "title artist album comment copyright date genre language track",
    "mpegts": "",
}
"""By muxer, tags that have a place of their own in a container that does not take any; MOV is like MP4 here."""

_NO_TRACK_TAGS = {"avi": ("language",), "mpegts": ("title",), "flv": ("language", "title")}
"""By muxer, what it does not write of a track; the others write both."""
_NO_PICTURE_TAGS = {**_NO_TRACK_TAGS, "mpegts": ("language", "title")}
"""The same of the pictures' own."""


def content_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """The tags that are still true of another encoding of the same content."""
    return {key: value for key, value in metadata.items() if not _STALE.fullmatch(key)}


def homeless_tags(metadata: Mapping[str, str], *, muxer: str) -> list[str]:
    """Which content tags have no place of their own in a container."""
    known = _KNOWN_TAGS.get("mp4" if muxer == "mov" else muxer)
    return [] if known is None else [key for key in content_tags(metadata) if _plain(key) not in known.split()]


def track_tags(metadata: Mapping[str, str], *, muxer: str) -> dict[str, str]:
    """The content tags of a track; in MP4 its title under the only name that a track has there."""
    title = metadata.get("title") if muxer in ("mp4", "mov") else None
    return content_tags(metadata) | ({"handler_name": title} if title else {})


def homeless_track_tags(metadata: Mapping[str, str], *, muxer: str, pictures: bool = False) -> list[str]:
    """Which of a track's language and title a container has no place for."""
    places = _NO_PICTURE_TAGS if pictures else _NO_TRACK_TAGS
    return [key for key in places.get(muxer, ()) if metadata.get(key) not in (None, "", "und")]


def _plain(key: str) -> str:
    """Without a language at its end: "location-eng" is a location."""
    return re.sub(r"-[a-z]{3}$", "", key.lower())
